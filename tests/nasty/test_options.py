"""Values of options that a shell, a Dockerfile or printf would act on arrive as they were written."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from scripts.engines.provision import Engine
from tests.nasty.conftest import BUSYBOX, Attempt

VALUES = {
    "single quotes": "it's '; touch /pwned; '",
    "double quotes": 'a "b" \\" c',
    "a command": "$(touch /pwned)",
    "backticks": "`touch /pwned`",
    "a variable": "$HOME ${HOME} $$ $(( 1 + 1 ))",
    "lines": "one\ntouch /pwned\nRUN touch /pwned\n",
    "a line with a backslash": "end \\\nRUN touch /pwned",
    "formats": "%s %n %d %%",
    "here-document": "EOF\ntouch /pwned\nEOF\n",
    "flags": "--privileged -e x",
    "glob": "/* ~ ~root {a,b} [x]",
    "redirection": "> /pwned && true | tee /pwned; &",
    "directions": "a\u202eb\u2066c",
    "terminal": "\x1b[31mred\x1b]0;title\x07",
    "blanks": "  two  \t ",
    "emptiness": "",
    "length": "x" * 50_000,
    "syntax of a Dockerfile": "# syntax=evil\n# escape=`\nFROM scratch",
}
_INSTALL = """#!/bin/sh
set -e
mkdir /values
env > /values/all
for number in $(seq 0 NUMBER); do
  eval "printf %s \\"\\$VALUE$number\\"" | base64 | tr -d '\\n' > /values/$number
done
"""


@pytest.fixture(scope="module")
def installed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attempt]:
    """A container of an image in which one Feature got all of the values."""
    attempt = Attempt(tmp_path_factory.mktemp("options"), engine.host)
    options = {f"value{number}": value for number, value in enumerate(VALUES.values())}
    declared = {name: {"type": "string", "default": "default"} for name in options}
    install = _INSTALL.replace("NUMBER", str(len(options) - 1))
    attempt.feature("evil", {"options": declared}, install)
    attempt.write({"image": BUSYBOX, "features": {"./evil": options}})
    result = attempt.up()
    assert result.code == 0, result.stderr
    yield attempt
    attempt.close()


@pytest.mark.parametrize("name", VALUES)
def test_the_value_arrives(name: str, installed: Attempt) -> None:
    number = [*VALUES].index(name)
    arrived = base64.b64decode(installed.inside("cat", f"/values/{number}")).decode()
    assert arrived == VALUES[name]


def test_nothing_of_it_was_run(installed: Attempt) -> None:
    assert installed.inside("sh", "-c", "ls -d /pwned /tmp/build-features* 2>/dev/null || true") == ""


@pytest.mark.parametrize(
    "options",
    [
        {"PATH": "/pwned", "LD_PRELOAD": "/x.so", "BASH_ENV": "/x", "IFS": "/"},
        {"a b;touch /pwned": "x", "$(touch /pwned)": "y", "x\ntouch /pwned": "z"},
        {"text": "a NUL \x00 in it"},
    ],
    ids=["variables of the shell", "names that are commands", "NUL"],
)
def test_names_and_bytes_that_no_variable_can_have(attempt: Attempt, options: dict[str, str]) -> None:
    declared = {name: {"type": "string", "default": ""} for name in options}
    attempt.feature("evil", {"options": declared}, "#!/bin/sh\ncat ./devcontainer-features.env\n")
    attempt.write({"image": BUSYBOX, "features": {"./evil": options}})
    result = attempt.up()
    if result.code:
        attempt.refused(result)
    else:
        assert attempt.inside("sh", "-c", "ls -d /pwned 2>/dev/null || true") == ""
