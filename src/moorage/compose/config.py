"""Has Compose resolve a project: files merged, variables filled in, every service in its long form."""

from __future__ import annotations

import msgspec

from .errors import BadComposeFile, ComposeFailed, ComposeTimeout
from .process import Finished, run
from .program import Program

_SECONDS = 120.0
_COMPOSE_1_YAML = (
    "This is docker-compose {version}, which cannot write the project as JSON, and PyYAML is not installed."
)


async def resolve(program: Program, files: tuple[str, ...], folder: str) -> dict[str, object]:
    """The resolved project as Compose prints it, with `$$` as `$`; all profiles switched on.

    Raises BadComposeFile with Compose's own words, ComposeTimeout.
    """
    named = tuple(word for file in files for word in ("-f", file))
    if program.old:
        argv = (*program.argv, *named, "config")
    else:
        argv = (*program.argv, "--ansi", "never", "--profile", "*", *named, "config", "--format", "json")
    try:
        done = await run(argv, environment=program.environment, folder=folder, timeout=_SECONDS)
    except TimeoutError as error:
        raise ComposeTimeout(
            f"Compose did not resolve the project within {_SECONDS:.0f} s.",
            hint=f"See what `{' '.join(program.argv)} config` waits for in {folder}.",
        ) from error
    if done.code:
        raise _refused(program, files, done)
    value = _parsed(program, done.stdout)
    return {str(key): _plain(each) for key, each in value.items()}


def _parsed(program: Program, output: bytes) -> dict[str, object]:
    try:
        value = msgspec.yaml.decode(output) if program.old else msgspec.json.decode(output)
    except ImportError as error:
        raise ComposeFailed(
            _COMPOSE_1_YAML.format(version=program.version),
            hint="Install the compose plugin of docker (version 2), or PyYAML beside moorage.",
        ) from error
    except msgspec.MsgspecError as error:
        raise ComposeFailed(
            "Compose's answer cannot be read.",
            evidence=(output[:300].decode(errors="replace"), str(error)),
            hint=f"Update Compose; this is version {program.version}.",
        ) from error
    if not isinstance(value, dict):
        raise ComposeFailed("Compose's answer is no project.", hint="Update Compose.")
    return value


def _refused(program: Program, files: tuple[str, ...], done: Finished) -> BadComposeFile:
    evidence = tuple(line for line in done.said if "level=warning" not in line)[-8:]
    return BadComposeFile(
        "Compose cannot read the project's files.",
        evidence=(*evidence, f"files: {', '.join(files) or 'the default ones'}"),
        hint="Correct what it says above; dockerComposeFile is relative to the folder of devcontainer.json.",
    )


def _plain(value: object) -> object:
    """Compose writes `$$` for a dollar sign, so that its output could be its input."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.replace("$$", "$") if isinstance(value, str) else value
