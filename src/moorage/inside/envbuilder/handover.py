"""The last steps: the setup script as root, which may choose another ending, and what takes our place."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage.errors import ConfigurationError, HookError
from moorage.inside.envbuilder.options import Options
from moorage.inside.envbuilder.repository import Say
from moorage.inside.envbuilder.table import PREFIX
from moorage.inside.envbuilder.users import Person

NOT_FOUND, NOT_STARTED = 127, 126
_NAMES = ("INIT_COMMAND", "INIT_ARGS", "TARGET_USER")
_SHELL = "/bin/sh"


class SetupFailed(HookError):
    """The setup script ended with another exit code than 0, or could not be started."""

    code = "envbuilder-setup-failed"


class BadSetup(ConfigurationError):
    """The setup script wrote something else than the settings that there are."""

    code = "envbuilder-bad-setup"


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What takes our place, and as whom; `user` is "" where nobody chose another than the target user."""

    command: str
    arguments: tuple[str, ...]
    user: str = ""


def ending(options: Options) -> Ending:
    """As the variables have it."""
    given = ("-c", options.init_script) if options.init_args is None else options.init_args
    return Ending(command=options.init_command, arguments=given)


def changed(before: Ending, text: str) -> Ending:
    """What the setup script wrote: NAME=value, a line each, with our prefix or without. Raises BadSetup.

    With another command alone the arguments are none: those of before were meant for the old one.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name.strip().removeprefix("export ").removeprefix(PREFIX)
        if not equals or name not in _NAMES:
            raise BadSetup(
                f"The setup script wrote a setting that there is not: {name[:80]!r}.",
                hint=f"Write only {', '.join(_NAMES)} to the file that ENVBUILDER_ENV names.",
            )
        found[name] = _unquoted(value.strip())
    arguments = before.arguments if "INIT_COMMAND" not in found else ()
    if "INIT_ARGS" in found:
        arguments = _words(found["INIT_ARGS"])
    return Ending(
        command=found.get("INIT_COMMAND", before.command),
        arguments=arguments,
        user=found.get("TARGET_USER", before.user),
    )


async def set_up(
    options: Options, before: Ending, user: str, variables: Mapping[str, str], say: Say
) -> Ending:
    """Run the setup script, if there is one. Raises SetupFailed, BadSetup."""
    if not options.setup_script:
        return before
    folder = tempfile.mkdtemp(prefix="moorage-setup-")
    file = Path(folder, "environ")
    file.touch(0o600)
    say("The setup script:")
    try:
        script = Path(folder, "script")  # in a file: arguments of a process are for all to read
        script.touch(0o600)
        script.write_text(options.setup_script, errors="surrogateescape")
        code = await _run(script, {**variables, "ENVBUILDER_ENV": str(file), "TARGET_USER": user})
        if code:
            raise SetupFailed(f"The setup script ended with {code}.", hint="Correct ENVBUILDER_SETUP_SCRIPT.")
        return changed(before, file.read_text(errors="surrogateescape"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def become(last: Ending, person: Person, folder: str, variables: Mapping[str, str]) -> int:
    """Never comes back but with the exit code for a program that cannot be started (as a shell's)."""
    os.chdir(folder)
    os.umask(0o022)
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if os.getuid() == 0:
        os.setgroups(person.groups)
        os.setgid(person.gid)
        os.setuid(person.uid)
    try:
        os.execvpe(last.command, [last.command, *last.arguments], dict(variables))  # noqa: S606 - a list, no shell
    except FileNotFoundError:
        return NOT_FOUND
    except OSError:
        return NOT_STARTED


async def _run(script: Path, variables: Mapping[str, str]) -> int:
    """Its output is ours."""
    try:
        child = await asyncio.create_subprocess_exec(
            _SHELL, str(script), stdin=asyncio.subprocess.DEVNULL, env=dict(variables), cwd="/"
        )
    except OSError as error:
        raise SetupFailed(
            f"{_SHELL} cannot be started: {error.strerror}.", hint="Use an image that has a shell."
        ) from error
    return await child.wait()


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadSetup(
            "INIT_ARGS of the setup script cannot be split into words.", evidence=(str(error),)
        ) from error


def _unquoted(value: str) -> str:
    """A value in one pair of quotes is what is within."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" and value[0] not in value[1:-1]:
        return value[1:-1]
    return value
