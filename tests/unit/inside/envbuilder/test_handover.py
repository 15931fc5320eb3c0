"""What takes our place, and what a setup script may change about it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from moorage.inside.envbuilder.handover import BadSetup, Ending, SetupFailed, changed, ending, set_up
from moorage.inside.envbuilder.options import Options

BEFORE = Ending(command="/bin/sh", arguments=("-c", "agent"))
Quiet: Callable[[str], None] = lambda line: None  # noqa: E731


def test_the_init_command() -> None:
    assert ending(Options()) == Ending(command="/bin/sh", arguments=("-c", "sleep infinity"))
    assert ending(Options(init_command="/x", init_args=("-a",))) == Ending(command="/x", arguments=("-a",))


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", BEFORE),
        ("# nothing\n\n", BEFORE),
        ("INIT_COMMAND=/sbin/init\n", Ending(command="/sbin/init", arguments=())),
        ("INIT_COMMAND='/a b'\nINIT_ARGS=-x 'y z'\n", Ending(command="/a b", arguments=("-x", "y z"))),
        ("ENVBUILDER_INIT_ARGS=-v", Ending(command="/bin/sh", arguments=("-v",))),
        ("TARGET_USER=ann", Ending(command="/bin/sh", arguments=("-c", "agent"), user="ann")),
    ],
)
def test_what_the_setup_script_may_write(text: str, after: Ending) -> None:
    assert changed(BEFORE, text) == after


@pytest.mark.parametrize("text", ["OTHER=1", "INIT_COMMAND", "INIT_ARGS='x"])
def test_what_it_may_not(text: str) -> None:
    with pytest.raises(BadSetup):
        changed(BEFORE, text)


async def test_the_script_runs_and_its_settings_count() -> None:
    script = 'test "$TARGET_USER" = ann && read line; echo "TARGET_USER=bob$line" >>"$ENVBUILDER_ENV"'
    found = await set_up(Options(setup_script=script), BEFORE, "ann", {"PATH": "/usr/bin:/bin"}, Quiet)
    assert found.user == "bob"


async def test_a_script_that_fails() -> None:
    assert sys.platform == "linux"
    with pytest.raises(SetupFailed, match="ended with 3"):
        await set_up(Options(setup_script="exit 3"), BEFORE, "ann", {}, Quiet)
