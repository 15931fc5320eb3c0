"""The words of RUN --mount."""

from __future__ import annotations

import pytest

from moorage.inside.executor.mounting import BadMount, mount
from moorage.inside.executor.step import Mount, Origin


def read(written: str) -> Mount:
    return mount(written, "/work", lambda name: Origin("stage", name))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("target=x", Mount(kind="bind", target="/work/x", origin=Origin("context"), read_only=True)),
        (
            "type=bind,from=a,src=/y,dst=/x,rw",
            Mount(kind="bind", target="/x", source="/y", origin=Origin("stage", "a")),
        ),
        ("type=cache,target=/c", Mount(kind="cache", target="/c", id="/c", mode=0o755)),
        (
            "type=cache,id=i,target=/c,mode=0700,uid=1,gid=2,sharing=locked,from=a",
            Mount(kind="cache", target="/c", id="i", mode=0o700, owner=(1, 2), origin=Origin("stage", "a")),
        ),
        ("type=tmpfs,target=/t,size=1g", Mount(kind="tmpfs", target="/t")),
        ("type=secret,id=s", Mount(kind="secret", target="/run/secrets/s", id="s", mode=0o400)),
        ("type=secret,target=/a/b", Mount(kind="secret", target="/a/b", id="b", mode=0o400)),
        (
            "type=secret,id=s,env=E,required",
            Mount(kind="secret", id="s", variable="E", mode=0o400, required=True),
        ),
        ("type=ssh", Mount(kind="ssh", target="/run/buildkit/ssh_agent.0", id="default", mode=0o600)),
    ],
)
def test_each_kind_has_its_own_defaults(written: str, expected: Mount) -> None:
    assert read(written) == expected


@pytest.mark.parametrize(
    "written",
    ["type=x,target=/x", "type=cache", "type=tmpfs,target=/", "type=secret", "type=ssh,required=perhaps",
     "type=cache,target=/c,sharing=none", "type=cache,target=/c,mode=rwx", "target=/x,id=i"],
)  # fmt: skip
def test_what_means_nothing_is_refused(written: str) -> None:
    with pytest.raises(BadMount):
        read(written)
