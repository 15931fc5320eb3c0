"""Driver options, and the plan of an installation."""

from __future__ import annotations

import pytest

from moorage.drivers.docker.errors import BadOption, NotInstalled
from moorage.drivers.docker.install import Machine, plan, release
from moorage.drivers.docker.options import Options, parse

DEBIAN = {"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)"}


def test_defaults() -> None:
    assert parse({}) == Options(path="", install=False, inactivity=0, git_image="docker.io/alpine/git:latest")


@pytest.mark.parametrize(("text", "seconds"), [("300", 300), ("5m", 300), ("1h30m", 5400), ("", 0), ("0", 0)])
def test_inactivity(text: str, seconds: int) -> None:
    assert parse({"containerInactivityTimeout": text}).inactivity == seconds


def test_all_of_them() -> None:
    given = {"path": "podman", "install": "true", "gitImage": "r/git:1"}
    assert parse(given) == Options(path="podman", install=True, git_image="r/git:1")
    assert parse({"install": "no"}).install is False


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("instal", "true", "did you mean install?"),
        ("containerinactivitytimeout", "5", "did you mean containerInactivityTimeout?"),
        ("namespace", "x", "no option 'namespace'."),
        ("install", "perhaps", "true or false"),
        ("containerInactivityTimeout", "soon", "seconds or a duration"),
        ("gitImage", "", "image reference"),
    ],
)
def test_wrong_ones_are_explained(name: str, value: str, said: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse({name: value})
    assert said in caught.value.message
    assert caught.value.hint


def _machine(**changes: object) -> Machine:
    fields: dict[str, object] = {"release": DEBIAN, "root": True, "sudo": False, "systemd": True}
    return Machine(**{**fields, **changes})  # type: ignore[arg-type]


def test_debian_and_its_children() -> None:
    for system in (DEBIAN, {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}):
        actions = plan(_machine(release=system))
        assert actions[0].argv == ("apt-get", "update")
        assert "docker.io" in actions[1].argv
        assert actions[-1].argv == ("systemctl", "enable", "--now", "docker")


@pytest.mark.parametrize(
    ("system", "package"),
    [({"ID": "fedora"}, "moby-engine"), ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "docker-ce")],
)
def test_fedora_like(system: dict[str, str], package: str) -> None:
    assert any(package in action.argv for action in plan(_machine(release=system)))


def test_sudo_never_asks() -> None:
    actions = plan(_machine(root=False, sudo=True, systemd=False))
    assert all(action.argv[:2] == ("sudo", "-n") for action in actions)
    assert actions[-1].argv == ("sudo", "-n", "service", "docker", "start")
    with pytest.raises(NotInstalled, match="needs root"):
        plan(_machine(root=False))


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(NotInstalled, match="Slackware"):
        plan(_machine(release={"ID": "slackware", "PRETTY_NAME": "Slackware 15.0"}))


def test_os_release() -> None:
    text = "# c\nID=ubuntu\nID_LIKE=\"debian other\"\nPRETTY_NAME='Ubuntu 24'\n\nbroken\n"
    assert release(text) == {"ID": "ubuntu", "ID_LIKE": "debian other", "PRETTY_NAME": "Ubuntu 24"}
