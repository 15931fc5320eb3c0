"""The journal's files become what is known of the hooks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.spec.journal import environment, parse, stage_key
from moorage.spec.observation import Journal


def told(*lines: str, **files: bytes) -> Journal:
    found = {"c1/journal": "".join(f"{line}\n" for line in lines).encode()}
    return parse(found | {f"c1/{name}": data for name, data in files.items()}, "c1")


def test_no_journal_is_an_empty_one() -> None:
    assert parse({}) == Journal()
    assert parse({"runner.sh": b"x"}, "c1") == Journal()


def test_success_and_failure() -> None:
    journal = told(
        "prepared", "run 1", "begin a:0", "done a:0", "begin b:0", "failed 7 b:0/with a name", "over 1"
    )
    assert journal == Journal(prepared=True, done=("a:0",), failed="b:0/with a name", exit_code=7)


def test_a_later_success_takes_a_failure_back() -> None:
    assert told("failed 1 a:0", "done a:0").failed == ""
    assert told("failed 1 a:0", "done b:0").failed == "a:0"


def test_what_ran_last_under_a_key() -> None:
    journal = told("was aa a:0/x y", "failed 1 a:0/x y", "was bb a:0/x y", "done a:0/x y")
    assert journal.ran == {"a:0/x y": "bb"}


def test_a_run_without_an_end_is_running() -> None:
    assert told("run 1", "begin a:0").running
    assert not told("run 1", "over 1").running
    assert told("run 1", "over 1", "run 2").running


def test_what_is_owed_until_it_is_paid() -> None:
    assert told("owes 1 2 3 4 /home/a b", "prepared").owed == "1 2 3 4 /home/a b"
    assert told("owes 1 2 3 4 /home/a b", "prepared", "owned").owed == ""


def test_dotfiles_are_a_key() -> None:
    assert told("done dotfiles").dotfiles
    assert not told("failed 1 dotfiles").dotfiles


def test_probes_by_kind() -> None:
    data = b"A=1\0B=x=y\nz\0PWD=/x\0_=/bin/sh\0SHLVL=2\0broken\0=odd\0"
    files = {"env.loginShell": data, "env.interactiveShell": b"", "env.loginShell.12": b"C=1", "lock.1": b"x"}
    journal = parse({"c1/journal": b""} | {f"c1/{name}": text for name, text in files.items()}, "c1")
    assert journal.probes == {"loginShell": {"A": "1", "B": "x=y\nz"}, "interactiveShell": {}}


def test_only_the_asked_instance_counts() -> None:
    files = {"c1/journal": b"done a\n", "c2/journal": b"done b\n", "c2/env.loginShell": b"A=1\0"}
    assert parse(files, "c1") == Journal(done=("a",))
    assert parse(files) == Journal()
    assert parse({"c1/journal": b"done a\n"}).done == ("a",)


def test_start_hooks_are_keyed_by_the_start() -> None:
    assert stage_key("postStartCommand", 1, "T") == "postStartCommand:1@T"
    assert stage_key("postCreateCommand", 1, "T") == "postCreateCommand:1"


@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    parse({"c1/journal": data, "c1/env.x": data}, "c1")
    environment(data)


def test_a_line_that_was_cut_off_does_not_count() -> None:
    assert parse({"c1/journal": b"done a:0\ndone b:"}, "c1").done == ("a:0",)
