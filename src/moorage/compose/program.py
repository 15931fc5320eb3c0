"""Which program is Compose here: asked, not guessed from its name, and remembered until it changes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ..engine.endpoint import Endpoint
from .errors import ComposeMissing
from .process import run

_SECONDS = 30.0
_PLUGINS = (
    "{config}/cli-plugins/docker-compose",
    "/usr/local/lib/docker/cli-plugins/docker-compose",
    "/usr/local/libexec/docker/cli-plugins/docker-compose",
    "/usr/lib/docker/cli-plugins/docker-compose",
    "/usr/libexec/docker/cli-plugins/docker-compose",
)


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """How Compose is called (`argv`), what version it is, and the variables that lead it to our engine."""

    argv: tuple[str, ...]
    version: str
    environment: dict[str, str] = {}

    @property
    def old(self) -> bool:
        """Whether it is docker-compose 1, written in Python."""
        return self.version.startswith("1.")


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    argv: tuple[str, ...]
    version: str
    stamps: tuple[tuple[str, int, int], ...]


async def find(endpoint: Endpoint, environ: Mapping[str, str], cache: Path) -> Program:
    """The first candidate that answers as Compose does. Raises ComposeMissing with what each one said."""
    environment = {**environ, **endpoint.environment()}
    candidates = tuple(_candidates(endpoint, environment))
    stamps = tuple(_stamp(argv[0]) for argv in candidates)
    known = _recall(cache / "program.json")
    if known is not None and known.stamps == stamps:
        return Program(argv=known.argv, version=known.version, environment=environment)
    said: list[str] = []
    for argv in candidates:
        version, words = await _ask(argv, environment)
        if version:
            found = _Remembered(argv=argv, version=version, stamps=stamps)
            _remember(cache / "program.json", found)
            return Program(argv=argv, version=version, environment=environment)
        said.append(f"{' '.join(argv)}: {words}")
    raise ComposeMissing(
        "Docker Compose is not on this machine, and the configuration names a dockerComposeFile.",
        evidence=tuple(said)
        or ("neither a docker client with its compose plugin nor docker-compose is here",),
        hint="Install the plugin (package docker-compose-plugin or docker-compose-v2), or docker-compose.",
    )


def forget(cache: Path) -> None:
    """Ask again the next time: what was remembered did not run."""
    (cache / "program.json").unlink(missing_ok=True)


def version_in(text: str) -> str:
    """The version in what `version --short` printed: "2.27.0", "v2.27.0-desktop.2", "1.29.2".

    "" for other programs, such as podman-compose, which say their name before the number.
    """
    match = re.fullmatch(r"v?(\d+\.\d+(?:\.\d+)?)(?:[-+.][\w.+~-]*)?", text.strip())
    return match[1] if match else ""


def _candidates(endpoint: Endpoint, environ: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """The client that was asked for, or docker; then the program of its own; then the plugin by itself."""
    import shutil  # only where Compose is needed

    path = environ.get("PATH")
    named = shutil.which(endpoint.cli, path=path) if endpoint.cli else ""
    docker, alone = shutil.which("docker", path=path), shutil.which("docker-compose", path=path)
    config = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker"
    plugins = [place.format(config=config) for place in _PLUGINS]
    found: list[tuple[str, ...]] = [(docker, "compose")] if docker else []
    found += [(each,) for each in (alone, *plugins) if each and os.access(each, os.X_OK)]
    if named and (named, "compose") not in found:
        found.append((named, "compose"))
    yield from dict.fromkeys(found)


async def _ask(argv: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, str]:
    """The version, or "" and what it said instead."""
    try:
        done = await run((*argv, "version", "--short"), environment=environment, folder="/", timeout=_SECONDS)
    except OSError as error:
        return "", error.strerror or str(error)
    except TimeoutError:
        return "", f"no answer within {_SECONDS:.0f} s"
    text = done.stdout.decode(errors="replace").strip()
    version = version_in(text.splitlines()[-1]) if done.code == 0 and text else ""
    return version, version or " ".join(done.said[-2:]) or text[:200] or f"it ended with {done.code}"


def _stamp(path: str) -> tuple[str, int, int]:
    try:
        seen = os.stat(path)  # noqa: PTH116 - without pathlib's objects
    except OSError:
        return path, 0, 0
    return path, seen.st_mtime_ns, seen.st_size


def _recall(file: Path) -> _Remembered | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Remembered)
    except (OSError, msgspec.MsgspecError):
        return None


def _remember(file: Path, found: _Remembered) -> None:
    """A cache that cannot be written only costs the question again."""
    import contextlib

    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.write_bytes(msgspec.json.encode(found))
        beside.replace(file)
