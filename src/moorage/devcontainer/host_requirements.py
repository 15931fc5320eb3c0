"""What the configuration asks of the machine, in plain numbers, and where the machine falls short."""

from __future__ import annotations

from typing import Literal

import msgspec

from moorage.devcontainer import properties

_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU with at least so many cores and bytes of memory; 0 means any."""

    cores: int = 0
    memory: int = 0


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """CPUs, and bytes of memory and storage; 0 is not asked for. An optional GPU is used if there is one."""

    cpus: int = 0
    memory: int = 0
    storage: int = 0
    gpu: Gpu | Literal["optional"] | None = None


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine's machine has: CPUs and bytes; None is unknown and never falls short."""

    cpus: int | None = None
    memory: int | None = None
    storage: int | None = None
    gpu: bool = False


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement that the machine does not meet, as a sentence."""

    what: Literal["cpus", "memory", "storage", "gpu"]
    text: str


def requirements(given: properties.HostRequirements | None) -> Requirements:
    """The requirements of a configuration in numbers."""
    if given is None:
        return Requirements()
    return Requirements(
        cpus=given.cpus or 0,
        memory=size(given.memory),
        storage=size(given.storage),
        gpu=_gpu(given.gpu),
    )


def size(text: str | None) -> int:
    """Bytes of "8gb", "512mb" or plain digits (powers of 1024); 0 for nothing or a text that is no size."""
    if not text:
        return 0
    lowered = text.lower()
    digits = lowered.rstrip("tgmkb")
    unit = lowered[len(digits) : len(digits) + 1]
    return int(digits) * _UNITS.get(unit, 1) if digits.isascii() and digits.isdigit() else 0


def maximum(one: Requirements, other: Requirements) -> Requirements:
    """What satisfies both (the specification's merge)."""
    return Requirements(
        cpus=max(one.cpus, other.cpus),
        memory=max(one.memory, other.memory),
        storage=max(one.storage, other.storage),
        gpu=_stronger_gpu(one.gpu, other.gpu),
    )


def check(wanted: Requirements, capacity: Capacity) -> tuple[Shortfall, ...]:
    """Where the machine offers less than is asked for; whether that stops anything is the caller's choice."""
    found: list[Shortfall] = []
    if capacity.cpus is not None and capacity.cpus < wanted.cpus:
        text = f"The configuration asks for {wanted.cpus} CPUs; the machine has {capacity.cpus}."
        found.append(Shortfall(what="cpus", text=text))
    if capacity.memory is not None and capacity.memory < wanted.memory:
        text = _too_small("of memory", wanted.memory, capacity.memory)
        found.append(Shortfall(what="memory", text=text))
    if capacity.storage is not None and capacity.storage < wanted.storage:
        text = _too_small("of storage", wanted.storage, capacity.storage)
        found.append(Shortfall(what="storage", text=text))
    if isinstance(wanted.gpu, Gpu) and not capacity.gpu:
        found.append(Shortfall(what="gpu", text="The configuration asks for a GPU; the machine offers none."))
    return tuple(found)


def _gpu(given: bool | Literal["optional"] | properties.Gpu | None) -> Gpu | Literal["optional"] | None:
    if isinstance(given, properties.Gpu):
        return Gpu(cores=given.cores or 0, memory=size(given.memory))
    if given == "optional":
        return "optional"
    return Gpu() if given else None


def _stronger_gpu(
    one: Gpu | Literal["optional"] | None, other: Gpu | Literal["optional"] | None
) -> Gpu | Literal["optional"] | None:
    if isinstance(one, Gpu) and isinstance(other, Gpu):
        return Gpu(cores=max(one.cores, other.cores), memory=max(one.memory, other.memory))
    if isinstance(one, Gpu) or other is None:
        return one
    return other


def _too_small(what: str, wanted: int, there: int) -> str:
    return f"The configuration asks for {_human(wanted)} {what}; the machine has {_human(there)}."


def _human(count: int) -> str:
    for unit, factor in (("TB", 2**40), ("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if count >= factor:
            return f"{count / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"
