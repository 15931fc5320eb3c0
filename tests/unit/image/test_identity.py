"""One image is one identity, whoever describes it."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.image.identity import from_inspect, from_registry, identity

LAYERS = ["sha256:" + "a" * 64, "sha256:" + "b" * 64]

REGISTRY = {
    "architecture": "amd64",
    "os": "linux",
    "created": "2024-01-01T00:00:00Z",
    "history": [{"created_by": "x"}],
    "config": {
        "Env": ["PATH=/usr/bin", "A=b=c"],
        "Cmd": ["sh"],
        "User": "dev",
        "WorkingDir": "/work",
        "Labels": {"b": "2", "a": "1"},
        "ExposedPorts": {"80/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5_000_000_000},
    },
    "rootfs": {"type": "layers", "diff_ids": LAYERS},
}

DOCKER = {
    "Id": "sha256:" + "c" * 64,
    "RepoTags": ["x:1"],
    "Created": "2024-01-01T00:00:00Z",
    "Architecture": "amd64",
    "Variant": "",
    "Os": "linux",
    "Config": {
        "Hostname": "",
        "Env": ["PATH=/usr/bin", "A=b=c"],
        "Cmd": ["sh"],
        "Entrypoint": None,
        "OnBuild": None,
        "Volumes": None,
        "User": "dev",
        "WorkingDir": "/work",
        "Labels": {"a": "1", "b": "2"},
        "ExposedPorts": {"80/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5_000_000_000, "Timeout": 0, "Retries": 0},
    },
    "RootFS": {"Type": "layers", "Layers": LAYERS},
}

PODMAN = {
    "Architecture": "amd64",
    "Os": "linux",
    "User": "dev",
    "Labels": {"a": "1", "b": "2"},
    "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5_000_000_000},
    "Config": {
        "Env": ["A=b=c", "PATH=/usr/bin"],
        "Cmd": ["sh"],
        "User": "dev",
        "WorkingDir": "/work",
        "ExposedPorts": {"80": {}},
    },
    "RootFS": {"Type": "layers", "Layers": LAYERS},
}


def test_registry_docker_and_podman_agree() -> None:
    from_all = {
        identity(from_registry(REGISTRY)),
        identity(from_inspect(DOCKER)),
        identity(from_inspect(PODMAN)),
    }
    assert len(from_all) == 1
    assert from_all.pop().startswith("sha256:")


def test_what_is_read() -> None:
    found = from_registry(REGISTRY)
    assert found.env == {"PATH": "/usr/bin", "A": "b=c"}
    assert (found.user, found.cmd, found.entrypoint, found.workdir) == ("dev", ("sh",), (), "/work")
    assert found.labels == {"a": "1", "b": "2"}
    assert found.platform == "linux/amd64"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("User", "root"),
        ("Env", ["PATH=/bin"]),
        ("Cmd", ["bash"]),
        ("Entrypoint", ["/init"]),
        ("Labels", {"a": "9"}),
        ("WorkingDir", "/"),
        ("ExposedPorts", {"80/udp": {}}),
        ("Volumes", {"/data": {}}),
        ("StopSignal", "SIGINT"),
        ("Shell", ["/bin/bash", "-c"]),
        ("OnBuild", ["COPY . /x"]),
        ("Healthcheck", {"Test": ["NONE"]}),
    ],
)
def test_what_decides(key: str, value: object) -> None:
    other = copy.deepcopy(REGISTRY)
    other["config"][key] = value  # type: ignore[index]
    assert identity(from_registry(other)) != identity(from_registry(REGISTRY))


def test_layers_and_platform_decide() -> None:
    fewer = REGISTRY | {"rootfs": {"diff_ids": LAYERS[:1]}}
    swapped = REGISTRY | {"rootfs": {"diff_ids": LAYERS[::-1]}}
    other = REGISTRY | {"architecture": "arm64"}
    assert len({identity(from_registry(config)) for config in (REGISTRY, fewer, swapped, other)}) == 4


def test_arm64_has_one_variant() -> None:
    plain, named = ({**REGISTRY, "architecture": "arm64", **v} for v in ({}, {"variant": "v8"}))
    assert identity(from_registry(plain)) == identity(from_registry(named))
    arm = from_registry({**REGISTRY, "architecture": "arm", "variant": "v7"})
    assert arm.platform == "linux/arm/v7"


def test_an_empty_description() -> None:
    assert identity(from_registry({})) == identity(from_inspect({}))
    nothing = from_inspect({"Config": None, "RootFS": None, "Os": None})
    assert (nothing.user, nothing.workdir, nothing.diff_ids) == ("", "/", ())


_texts = st.text(max_size=5)
_configs = st.fixed_dictionaries(
    {},
    optional={
        "Env": st.none() | st.lists(_texts),
        "Cmd": st.none() | st.lists(_texts),
        "Entrypoint": st.none() | st.lists(_texts) | _texts,
        "User": st.none() | _texts,
        "Labels": st.none() | st.dictionaries(_texts, _texts),
        "ExposedPorts": st.none() | st.dictionaries(_texts, st.just({})),
        "Volumes": st.none() | st.dictionaries(_texts, st.none()),
        "Healthcheck": st.none() | st.fixed_dictionaries({"Test": st.none() | st.lists(_texts)}),
    },
)


@given(_configs, st.lists(_texts))
def test_registry_and_engine_give_one_identity(config: dict[str, object], layers: list[str]) -> None:
    from_blob = from_registry(
        {"os": "linux", "architecture": "x", "config": config, "rootfs": {"diff_ids": layers}}
    )
    filled = dict.fromkeys(("Env", "Cmd", "Labels", "Volumes", "OnBuild")) | config
    seen = from_inspect({"Os": "linux", "Architecture": "x", "Config": filled, "RootFS": {"Layers": layers}})
    assert identity(from_blob) == identity(seen)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | _texts,
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["config", "Config", "rootfs", "Env", "Labels", "Cmd", "Healthcheck", "Test", "os"]
                ),
                x,
            )
        ),
    )
)
def test_untrusted_json_never_crashes(value: object) -> None:
    if isinstance(value, dict):
        identity(from_registry(value))
        identity(from_inspect(value))
