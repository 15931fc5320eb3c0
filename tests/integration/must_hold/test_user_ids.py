"""updateRemoteUserUID on a host whose user is not root: ids match inside, and no image is made for it."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.engines.provision import Engine
from tests.api import Api
from tests.faults.interruption import kill_after_event
from tests.integration.must_hold.proxy import EngineProxy, proxied
from tests.outside import Cli, Docker, Images, Result, Traces

UID, GID = 4242, 4243

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can run the client as another user")


class AsUser(Cli):
    """The client run by a user of these ids, who has no name."""

    def __init__(self, home: Path, host: str, uid: int, gid: int) -> None:
        super().__init__(home, host)
        self.prefix = ["setpriv", "--reuid", str(uid), "--regid", str(gid), "--clear-groups"]
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"

    def command(self, *arguments: str | Path) -> list[str]:
        return [*self.prefix, *super().command(*arguments)]


class Person:
    """That user with a project; the engine is reached through a proxy that everybody may use."""

    def __init__(self, folder: Path, host: str, uid: int, gid: int) -> None:
        self.uid, self.gid = uid, gid
        self.cli = AsUser(folder / "home", host, uid, gid)
        self.project = folder / "project"
        self.project.mkdir()
        for path in (self.project, self.cli.home):
            os.chown(path, uid, gid)

    def configure(self, **configuration: Any) -> None:
        path = self.project / ".devcontainer.json"
        path.write_text(json.dumps(configuration))
        os.chown(path, self.uid, self.gid)

    def build(self, dockerfile: str, **configuration: Any) -> None:
        (self.project / "Dockerfile").write_text(dockerfile)
        self.configure(build={"dockerfile": "Dockerfile"}, **configuration)

    def up(self, *options: str) -> Result:
        return self.cli.ok("up", self.project, *options)


@pytest.fixture
def person(proxy: EngineProxy, cleanup: Traces) -> Iterator[Callable[..., Person]]:
    """In a folder that everybody may enter, unlike the test's own."""
    with tempfile.TemporaryDirectory(prefix=f"moorage-{cleanup.token}-") as folder:
        Path(folder).chmod(0o755)
        yield lambda uid=UID, gid=GID: Person(Path(folder), proxy.host, uid, gid)


@pytest.fixture
def inside(docker: Docker, cleanup: Traces) -> Callable[..., str]:
    """Run a command in the one container, as root unless told otherwise."""

    def run(*arguments: str, user: str = "0") -> str:
        [container] = cleanup.containers()
        return docker("exec", "--user", user, container, *arguments)

    return run


def test_ids_become_those_of_the_host(
    person: Callable[..., Person], inside: Callable[..., str], images: Images, docker: Docker, cleanup: Traces
) -> None:
    someone = person()
    someone.configure(image=images.metadata, postCreateCommand="id > from-hook; echo mine > ~/mine")
    someone.up()
    assert inside("id", "vscode") == f"uid={UID}(vscode) gid={GID}(vscode) groups={GID}(vscode)"
    assert (someone.project / "from-hook").read_text().startswith(f"uid={UID}(vscode) gid={GID}(vscode)")
    assert (someone.project / "from-hook").stat().st_uid == UID
    owners = inside("find", "/home/vscode", "-printf", "%U:%G\n").splitlines()
    assert set(owners) == {f"{UID}:{GID}"}
    assert inside("stat", "-c", "%u", "/root", "/etc/passwd").split() == ["0", "0"]
    runs = docker("inspect", "--format", "{{.Config.Image}}", *cleanup.containers())
    assert runs.removeprefix("docker.io/") == images.metadata
    result = json.loads(someone.up("--output", "json").stdout)
    assert result["steps"] == []


def test_equal_ids_are_left_alone(
    person: Callable[..., Person], inside: Callable[..., str], images: Images, docker: Docker, cleanup: Traces
) -> None:
    someone = person(1000, 1000)
    someone.configure(image=images.metadata, postCreateCommand="true")
    someone.up()
    assert inside("id", "vscode").startswith("uid=1000(vscode) gid=1000(vscode)")
    changed = docker.lines("diff", *cleanup.containers())
    assert not [line for line in changed if line.endswith(("/etc/passwd", "/etc/group"))]


def test_it_can_be_turned_off(
    person: Callable[..., Person], inside: Callable[..., str], images: Images
) -> None:
    someone = person()
    someone.configure(image=images.metadata, updateRemoteUserUID=False, postCreateCommand="id > /tmp/hook")
    someone.up()
    assert inside("cat", "/tmp/hook").startswith("uid=1000(vscode) gid=1000(vscode)")


def test_id_that_somebody_has_already(
    person: Callable[..., Person], inside: Callable[..., str], images: Images, cleanup: Traces
) -> None:
    """Ids that belong to others in the image are not taken from them, and the user is told."""
    someone = person(33, GID)
    someone.configure(image=images.metadata, postCreateCommand="true")
    result = someone.up()
    assert "vscode" in result.stderr
    assert inside("id", "-u", "vscode") == "1000"
    assert inside("id", "-un", "33") == "www-data"


def test_group_that_exists_already(
    person: Callable[..., Person], inside: Callable[..., str], images: Images
) -> None:
    """A group with the host's number (Debian's 100 is users) stays whose it is: only the user id changes."""
    someone = person(UID, 100)
    someone.configure(image=images.metadata, postCreateCommand="true")
    someone.up()
    assert inside("id", "-u", "vscode") == str(UID)
    assert inside("id", "-g", "vscode") == "1000"
    assert inside("getent", "group", "100").startswith("users:")
    assert inside("stat", "-c", "%u:%g", "/home/vscode") == f"{UID}:1000"


def test_other_groups_of_the_user_stay(
    person: Callable[..., Person], inside: Callable[..., str], images: Images
) -> None:
    someone = person()
    someone.build(
        f"FROM {images.metadata}\nRUN groupadd --gid 777 team && usermod --append --groups team,100 vscode\n",
        postCreateCommand="id > /tmp/hook",
    )
    someone.up()
    expected = f"uid={UID}(vscode) gid={GID}(vscode) groups={GID}(vscode),100(users),777(team)"
    assert inside("id", "vscode") == expected
    assert inside("cat", "/tmp/hook") == expected


def test_group_that_others_share(
    person: Callable[..., Person], inside: Callable[..., str], images: Images
) -> None:
    """It stays theirs: another user's files would be of a group that nobody has."""
    someone = person()
    someone.build(
        f"FROM {images.metadata}\nRUN useradd --create-home --gid vscode other\n", postCreateCommand="true"
    )
    someone.up()
    assert inside("id", "vscode") == f"uid={UID}(vscode) gid=1000(vscode) groups=1000(vscode)"
    assert inside("id", "-g", "other") == "1000"
    assert inside("stat", "-c", "%u:%g", "/home/vscode") == f"{UID}:1000"
    assert inside("stat", "-c", "%U:%G", "/home/other") == "other:vscode"


def test_user_of_an_image_without_a_shell(
    person: Callable[..., Person], images: Images, docker: Docker, cleanup: Traces
) -> None:
    """Nothing can be run inside: the files change hands in an archive."""
    someone = person()
    (someone.project / "passwd").write_text("vscode:x:1000:1000::/home/vscode:/none\n")
    (someone.project / "group").write_text("vscode:x:1000:\n")
    someone.build(
        f"FROM {images.static}\nCOPY passwd group /etc/\nCOPY --chown=1000:1000 group /home/vscode/mine\n"
        "COPY group /home/vscode/of-root\nUSER vscode\n",
        overrideCommand=False,
    )
    someone.up()
    [container] = cleanup.containers()
    assert docker("inspect", "--format", "{{.State.Running}}", container) == "true"
    told = owners(docker, container, "/etc/passwd") | owners(docker, container, "/home/vscode")
    roots = (UID, GID) if tells_one_owner(docker) else (0, 0)
    assert told == {
        "passwd": roots, "vscode": (UID, GID), "vscode/mine": (UID, GID), "vscode/of-root": roots
    }  # fmt: skip
    assert f"vscode:x:{UID}:{GID}:" in Api(docker.host).file(container, "/etc/passwd")
    someone.up()


def tells_one_owner(docker: Docker) -> bool:
    """Podman: in its archives every file belongs to the container's user (docs/guides/podman.md)."""
    return "Podman" in docker("version")


def owners(docker: Docker, container: str, path: str) -> dict[str, tuple[int, int]]:
    with tarfile.open(fileobj=io.BytesIO(Api(docker.host).archive(container, path))) as members:
        return {member.name.rstrip("/"): (member.uid, member.gid) for member in members}


def test_image_without_a_shell(
    person: Callable[..., Person], images: Images, docker: Docker, cleanup: Traces
) -> None:
    someone = person()
    someone.configure(image=images.static, overrideCommand=False)
    someone.up()
    [container] = cleanup.containers()
    assert docker("inspect", "--format", "{{.State.Running}}", container) == "true"


def test_container_user_other_than_the_remote_user(
    person: Callable[..., Person], inside: Callable[..., str], images: Images
) -> None:
    """The ids change where hooks run; a container that runs as the user itself does so with the new ones."""
    someone = person()
    someone.configure(
        image=images.devcontainer, containerUser="vscode", postCreateCommand="id -u > /tmp/hook"
    )
    someone.up()
    assert inside("cat", "/tmp/hook") == str(UID)
    assert inside("stat", "-c", "%u", "/proc/1") == str(UID)


@pytest.mark.parametrize("number", [3, 4, 5, 6])
def test_cut_off_around_the_change(
    number: int, person: Callable[..., Person], inside: Callable[..., str], images: Images, cleanup: Traces
) -> None:
    """Between the changed /etc/passwd and the home that follows it."""
    someone = person()
    someone.configure(image=images.metadata, postCreateCommand="touch ~/mine")
    run = kill_after_event(someone.cli, "group", number, cleanup.token, "up", someone.project)
    assert run.cut_off
    someone.up()
    assert inside("id", "-u", "vscode") == str(UID)
    assert set(inside("find", "/home/vscode", "-printf", "%U:%G\n").splitlines()) == {f"{UID}:{GID}"}


@pytest.fixture
def old_person(old_engine: Engine) -> Iterator[Person]:
    with tempfile.TemporaryDirectory(prefix="moorage-old-") as folder:
        Path(folder).chmod(0o755)
        traces = Traces(Docker(old_engine.host), Path(folder))
        with proxied(Path(folder) / "docker.sock", old_engine.host) as proxy:
            yield Person(Path(folder), proxy.host, UID, GID)
        traces.remove()


def test_on_an_old_engine(old_person: Person, images: Images) -> None:
    old_person.configure(image=images.metadata, postCreateCommand="id > from-hook; echo mine > ~/mine")
    old_person.up()
    assert (old_person.project / "from-hook").read_text().startswith(f"uid={UID}(vscode) gid={GID}(vscode)")
    found = old_person.cli.ok("exec", old_person.project, "find", "/home/vscode", "-printf", "%U:%G\n")
    assert set(found.stdout.splitlines()) == {f"{UID}:{GID}"}
    assert json.loads(old_person.up("--output", "json").stdout)["steps"] == []
