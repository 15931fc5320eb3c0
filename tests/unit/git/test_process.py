"""The environment that keeps git from asking."""

from __future__ import annotations

from moorage.git.process import environment, with_ssh


def test_nothing_can_ask() -> None:
    env = environment(
        {"PATH": "/bin", "SSH_ASKPASS": "/usr/bin/ssh-askpass", "GIT_DIR": "/x", "LC_ALL": "de_DE"}
    )
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    assert env["GIT_ASKPASS"] == ""
    assert env["SSH_ASKPASS_REQUIRE"] == "never"
    assert env["LC_ALL"] == "C"
    assert "ext" not in env["GIT_ALLOW_PROTOCOL"].split(":")
    assert "GIT_DIR" not in env
    assert env["PATH"] == "/bin"


def test_the_users_own_askpass_stays() -> None:
    assert environment({"GIT_ASKPASS": "/own/helper"})["GIT_ASKPASS"] == "/own/helper"


def test_ssh_is_told_not_to_ask() -> None:
    assert with_ssh({}, "")["GIT_SSH_COMMAND"].startswith("ssh -oBatchMode=yes")
    assert with_ssh({}, "ssh -i k")["GIT_SSH_COMMAND"].startswith("ssh -i k -oBatchMode=yes")
    own = with_ssh({"GIT_SSH": "/ignored"}, "/usr/bin/ssh -i k")["GIT_SSH_COMMAND"]
    assert own.startswith("/usr/bin/ssh -i k -oBatchMode=yes")
    assert "StrictHostKeyChecking" not in own


def test_other_programs_than_ssh_get_no_options() -> None:
    assert with_ssh({}, "plink -batch")["GIT_SSH_COMMAND"] == "plink -batch"
    assert "GIT_SSH_COMMAND" not in with_ssh({"GIT_SSH": "/own/wrapper"}, "")
