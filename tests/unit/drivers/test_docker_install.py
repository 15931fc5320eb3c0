"""What would be installed where: a plan of argument lists, nothing is run."""

from __future__ import annotations

import pytest

from moorage.drivers.docker.errors import NotInstalled
from moorage.drivers.docker.install import Machine, plan, release


def machine(text: str, *, root: bool = True, sudo: bool = False, systemd: bool = True) -> Machine:
    return Machine(release=release(text), root=root, sudo=sudo, systemd=systemd)


@pytest.mark.parametrize(
    ("text", "program", "package"),
    [
        ("ID=debian", "apt-get", "docker.io"),
        ('ID="ubuntu"\nID_LIKE=debian', "apt-get", "docker.io"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'", "apt-get", "docker.io"),
        ("ID=fedora", "dnf", "moby-engine"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "dnf", "docker-ce"),
    ],
)
def test_each_family_has_its_own_way(text: str, program: str, package: str) -> None:
    actions = plan(machine(text))
    assert any(program in action.argv and package in action.argv for action in actions)
    assert actions[-1].argv == ("systemctl", "enable", "--now", "docker")


def test_without_systemd_the_service_is_started_by_its_script() -> None:
    assert plan(machine("ID=debian", systemd=False))[-1].argv == ("service", "docker", "start")


def test_sudo_comes_before_each_command_and_never_asks() -> None:
    actions = plan(machine("ID=debian", root=False, sudo=True))
    assert {action.argv[:2] for action in actions} == {("sudo", "-n")}


def test_what_cannot_be_installed_is_refused_with_what_to_do() -> None:
    with pytest.raises(NotInstalled, match="needs root") as caught:
        plan(machine("ID=debian", root=False))
    assert "sudo -v" in caught.value.hint
    with pytest.raises(NotInstalled, match="Arch Linux") as caught:
        plan(machine('ID=arch\nPRETTY_NAME="Arch Linux"'))
    assert "https://docs.docker.com" in caught.value.hint


def test_the_release_file_is_read_with_its_quotes_and_comments() -> None:
    assert release("# x=y\nID='a b'\nNAME=\"c\"\nodd\n") == {"ID": "a b", "NAME": "c"}
