"""What the client tells the runner: one line a value, so that no value is ever read as shell text.

A value that has several lines goes on in lines that begin with "+". The script ends with "go"; a client that
dies before it has started nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ..devcontainer.lifecycle import digest
from ..errors import ConfigurationError

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL_NAME = re.compile(
    r"IFS|OPTIND|OPTARG|OPTERR|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH\w+|E?UID|PPID|GROUPS|DIRSTACK|FUNCNAME"
    r"|BASH\w*|SHELLOPTS|POSIXLY_CORRECT|moor_\w*"
)
"""Names that a shell keeps for itself: giving them by `export` fails in it or confuses it."""


class NotAnArgument(ConfigurationError):
    """A command or variable holds a zero byte, which no process can be given."""

    code = "hook-nul"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One command for the runner. Neighbours with the same `stage` run side by side.

    once: journaled, never again after success. always: not journaled. optional: journaled, and its failure
    does not end the run. again: journaled, and run although it is done. `witness`: a file (below the home, or
    absolute) and its text, written when the stage has ended with success.
    """

    stage: str
    key: str
    mode: Literal["once", "always", "optional", "again"] = "once"
    argv: tuple[str, ...]
    witness: tuple[str, str] | None = None
    feature: str = ""
    """The Feature that brought it, for people."""


def script(
    tasks: Sequence[Task],
    *,
    environment: Mapping[str, str],
    unset: Sequence[str] = (),
    folder: str,
    limit: float | None = None,
    secrets: Sequence[str] = (),
) -> bytes:
    """The lines for the runner. `environment` is complete; `secrets` are values to hide in the output.

    `limit` is in seconds for each command. Raises NotAnArgument for what no argument can hold: a NUL byte,
    half a character.
    """
    exported = {name: value for name, value in environment.items() if exportable(name)}
    odd = tuple(f"{name}={value}" for name, value in environment.items() if name not in exported)
    lines = [
        _line("F", folder),
        *(_line("U", name) for name in unset if exportable(name)),
        *(_line("E", f"{name}={value}") for name, value in exported.items()),
        *([_line("L", f"{limit:.3f}".rstrip("0").rstrip("."))] if limit else []),
        *(_line("S", secret) for secret in hidden(secrets)),
    ]
    for task in tasks:
        lines += _told(task, ("env", *odd, *task.argv) if odd else task.argv)
    return _bytes("".join([*lines, "go\n"]))


def exportable(name: str) -> bool:
    """Whether every shell takes this name in `export`; others reach a command through env(1)."""
    return bool(_PLAIN_NAME.fullmatch(name)) and not _SPECIAL_NAME.fullmatch(name)


def hidden(secrets: Sequence[str]) -> list[str]:
    """Each line of each secret that is long enough to be told from chance, the longest first."""
    lines = {line.rstrip("\r") for secret in secrets for line in secret.split("\n")}
    return sorted((line for line in lines if len(line) >= 3), key=lambda line: (-len(line), line))


def _told(task: Task, argv: tuple[str, ...]) -> list[str]:
    return [
        _line("G", task.stage.replace("\n", " ")),
        _line("M", task.mode),
        _line("K", task.key.replace("\n", " ")),
        _line("H", digest(task.argv)),
        *(_line("A", argument) for argument in argv),
        *((_line("W", task.witness[0]), _line("X", task.witness[1])) if task.witness else ()),
    ]


def _line(kind: str, text: str) -> str:
    if "\0" in text:
        raise NotAnArgument(
            "A hook's argument or environment has a NUL byte, which no program can receive.",
            evidence=(repr(text[:80]),),
            hint="Remove it from devcontainer.json or from the secrets file.",
        )
    return kind + text.replace("\n", "\n+") + "\n"


def _bytes(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError as error:
        raise NotAnArgument(
            "A hook's argument or environment has half of a character, which no program can receive.",
            evidence=(repr(text[max(0, error.start - 20) : error.end + 20]),),
            hint="Write the character as a whole: in JSON both halves of its \\u escapes.",
        ) from error
