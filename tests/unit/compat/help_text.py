"""Reads the flags out of the reference CLI's `--help`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

COMMANDS = (
    "up", "set-up", "build", "run-user-commands", "read-configuration", "outdated", "upgrade", "exec",
    "features test", "features package", "features publish", "features info",
    "features resolve-dependencies", "features generate-docs",
    "templates apply", "templates publish", "templates metadata", "templates generate-docs",
)  # fmt: skip
_FLAG = re.compile(r"\s+(?:-(?P<short>\w), )?--(?P<name>[\w-]+)\s+(?P<rest>.*)")
_OWN = ("help", "version")

Flag = dict[str, object]


def flags(words: Sequence[str], command: str) -> dict[str, Flag]:
    """The flags of one command of the program: name → type, and choices, default, short name if any."""
    done = subprocess.run(
        [*words, *command.split(), "--help"],
        capture_output=True,
        text=True,
        env={"COLUMNS": "2000", "PATH": "/usr/bin:/bin"},
    )
    found = (_FLAG.fullmatch(line) for line in done.stdout.splitlines())
    return {
        match["name"]: _flag(match["short"], match["rest"])
        for match in found
        if match and match["name"] not in _OWN
    }


def _flag(short: str | None, rest: str) -> Flag:
    tags = re.findall(r"\[((?:[^\[\]]|\[\])*)\]", rest)
    flag: Flag = {"short": short} if short else {}
    for tag in tags:
        name, _, value = tag.partition(": ")
        if name == "choices":
            flag["choices"] = [each.strip().strip('"') for each in value.split(",")]
        elif name == "default":
            flag["default"] = _default(value)
        elif tag == "required":
            flag["required"] = True
        elif tag in ("string", "boolean", "number", "array"):
            flag["type"] = tag
    return flag


def _default(text: str) -> object:
    return {"true": True, "false": False}.get(text, text.strip('"'))
