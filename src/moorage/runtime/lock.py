"""The pins: each package and wheel of the runtime with its checksum. Made by `moorage.runtime.pinning`."""

from __future__ import annotations

from importlib import resources

import msgspec

from moorage.runtime.errors import RuntimeIncomplete
from moorage.runtime.recipe import Architecture

FILE = "lock.json"


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One file to fetch: `path` below its archive (`debian`, `debian-security`, `pypi`); `size` in bytes."""

    name: str
    version: str
    archive: str
    path: str
    sha256: str
    size: int


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution of PyPI: its modules' names, what it needs, its file for each architecture."""

    name: str
    modules: tuple[str, ...]
    requires: tuple[str, ...]
    pins: dict[Architecture, Pin]


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """`date` is the newest of the signed indexes' dates (ISO 8601, UTC): Debian's archive knows that day."""

    release: str
    python: str
    date: str
    packages: dict[Architecture, tuple[Pin, ...]]
    wheels: tuple[Wheel, ...]
    tool: dict[Architecture, Pin]


def load() -> Lock:
    """The lock that comes with this version of moorage."""
    return decode(resources.files("moorage.runtime").joinpath(FILE).read_bytes())


def decode(content: bytes) -> Lock:
    """Raises RuntimeIncomplete."""
    try:
        return msgspec.json.decode(content, type=Lock)
    except msgspec.DecodeError as error:
        raise RuntimeIncomplete(
            "The list of the runtime's packages cannot be read.",
            evidence=(str(error),),
            hint="Make it anew with `moorage runtime lock`.",
        ) from error


def encode(lock: Lock) -> bytes:
    """JSON, one line for each value, so that changes can be read."""
    return msgspec.json.format(msgspec.json.encode(lock), indent=1) + b"\n"


def wheels_for(lock: Lock, modules: frozenset[str]) -> tuple[Wheel, ...]:
    """The wheels with these top-level modules and all that those need. Raises RuntimeIncomplete."""
    by_module = {module: wheel for wheel in lock.wheels for module in wheel.modules}
    by_name = {wheel.name: wheel for wheel in lock.wheels}
    if missing := sorted(modules - by_module.keys()):
        raise RuntimeIncomplete(
            f"No pinned wheel has the module {', '.join(missing)}, which code for the inside imports.",
            hint="Make the list anew with `moorage runtime lock`.",
        )
    found: dict[str, Wheel] = {}
    waiting = [by_module[module] for module in modules]
    while waiting:
        wheel = waiting.pop()
        if wheel.name not in found:
            found[wheel.name] = wheel
            waiting += [by_name[name] for name in wheel.requires]
    return tuple(found[name] for name in sorted(found))
