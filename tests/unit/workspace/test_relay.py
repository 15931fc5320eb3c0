"""Which program carries connections, and how it is called."""

from __future__ import annotations

from moorage.workspace.relay import best, call


def test_the_quickest_program_that_is_there() -> None:
    assert best(frozenset({"bash", "python3", "perl"})) == "perl"
    assert best(frozenset({"bash", "busybox"})) == "busybox"
    assert best(frozenset({"bash"})) == "bash"
    assert best(frozenset()) == ""


def test_host_and_port_are_arguments_of_their_own() -> None:
    for program in ("perl", "python3", "node", "busybox", "nc", "bash"):
        assert call(program, "db; rm -rf /", 5432)[-2:] == ("db; rm -rf /", "5432")
        assert all("rm -rf" not in word for word in call(program, "db; rm -rf /", 5432)[:-2])
