"""What a RUN's mounts put into place and take away again, also where it fails."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from moorage.inside.executor import copies
from moorage.inside.executor.errors import SecretMissing, StepFailed
from moorage.inside.executor.place import Place
from moorage.inside.executor.running.mounted import Mounts
from moorage.inside.executor.step import Mount, Origin
from tests.unit.inside.layers.archives import tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners are root's")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "root/was").mkdir(parents=True)
    (tmp_path / "root/was/file").write_text("before")
    (tmp_path / "root/guarded/in").mkdir(parents=True)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/one").write_text("1")
    return Place(root=str(tmp_path / "root"), store=str(tmp_path / "store"), guarded=("/guarded/in",))


def mounts(place: Place, agents: dict[str, str] | None = None) -> Mounts:
    async def bring(origin: Origin, path: str, target: str) -> None:
        copies.copy(f"{Path(place.root).parent}/files/{path}".rstrip("/"), target)

    return Mounts(place, {"known": b"swordfish"}, agents or {}, bring)


async def test_a_cache_keeps_what_is_left_in_it(place: Place) -> None:
    root, cache = Path(place.root), Mount(kind="cache", target="/was", id="c", mode=0o700)
    before = tree(root)
    with suppress(RuntimeError):
        async with mounts(place).mounted([cache], None):
            assert list((root / "was").iterdir()) == []
            (root / "was/kept").write_text("x")
            raise RuntimeError
    assert {path: what.rpartition(" ")[0] for path, what in tree(root).items()} == {
        path: what.rpartition(" ")[0] for path, what in before.items()
    }
    again = Mount(kind="cache", target="/deep/er", id="c", mode=0o700)
    async with mounts(place).mounted([again], None):
        assert (root / "deep/er/kept").read_text() == "x"
    assert not (root / "deep").exists()
    async with mounts(place).mounted([Mount(kind="cache", target="/was", id="other", mode=0o700)], None):
        assert not (root / "was/kept").exists()


async def test_a_secret_is_there_for_as_long_as_the_program(place: Place) -> None:
    root = Path(place.root)
    asked = [
        Mount(kind="secret", target="/run/secrets/known", id="known", mode=0o440, owner=(5, 6)),
        Mount(kind="secret", id="known", variable="TOKEN"),
        Mount(kind="secret", target="/none", id="unknown"),
    ]
    async with mounts(place).mounted(asked, None) as variables:
        seen = (root / "run/secrets/known").stat()
        assert (seen.st_mode & 0o777, seen.st_uid, seen.st_gid) == (0o440, 5, 6)
        assert variables == {"TOKEN": "swordfish"}
        assert not (root / "none").exists()
    assert not (root / "run").exists()
    assert not any(b"swordfish" in path.read_bytes() for path in root.parent.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["secret", "ssh"])
async def test_what_is_required_and_not_given(place: Place, kind: str) -> None:
    asked = Mount(kind=kind, target="/x", id="unknown", required=True)  # type: ignore[arg-type]
    with pytest.raises(SecretMissing, match="unknown"):
        async with mounts(place).mounted([asked], None):
            pass


async def test_what_is_written_over_a_bind_is_lost(place: Place) -> None:
    root = Path(place.root)
    (root / "link").symlink_to("was")
    asked = [Mount(kind="bind", target="/link", origin=Origin("context")), Mount(kind="tmpfs", target="/t")]
    async with mounts(place).mounted(asked, ("/script/x", "#!/x")):
        assert (root / "was/one").read_text() == "1"
        (root / "was/one").write_text("2")
        assert (root / "t").stat().st_mode & 0o7777 == 0o1777
        assert (root / "script/x").stat().st_mode & 0o777 == 0o755
    assert (root / "was/file").read_text() == "before"
    assert (root / "link").is_symlink()
    assert not (root / "t").exists()
    assert not (root / "script").exists()
    assert (root.parent / "files/one").read_text() == "1"


@pytest.mark.parametrize("target", ["/guarded", "/guarded/in", "/guarded/in/new/x"])
async def test_what_the_container_has_mounted_is_not_hidden(place: Place, target: str) -> None:
    with pytest.raises(StepFailed):
        async with mounts(place).mounted([Mount(kind="tmpfs", target=target)], None):
            pass
    assert Path(place.root, "guarded/in").is_dir()


async def test_an_agent_is_reached_through_a_socket_of_its_own(place: Place, tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read(100)).upper())
        await writer.drain()
        writer.close()

    agent = await asyncio.start_unix_server(echo, tmp_path / "agent")
    asked = Mount(kind="ssh", target="/ssh", id="default", mode=0o600, owner=(5, 6))
    async with agent, mounts(place, {"default": str(tmp_path / "agent")}).mounted([asked], None) as variables:
        assert variables == {"SSH_AUTH_SOCK": "/ssh"}
        socket = Path(place.root, "ssh")
        assert (socket.stat().st_uid, socket.stat().st_mode & 0o777) == (5, 0o600)
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(b"who is there")
        assert await reader.read(100) == b"WHO IS THERE"
        writer.close()
    assert not socket.exists()
