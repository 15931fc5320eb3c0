"""In which order Features install: the algorithm of the specification as the reference CLI runs it.

It works over what has been looked up so far and tells which references it still misses, so that all of one
level can be asked for side by side.

Two differences from the CLI: what `installsAfter` or the override names is not looked up (it only orders what
is in use, and those Features know their own former names), so that it cannot fail either; and a Feature never
waits for itself.
"""

# No `from __future__ import annotations`, as in properties.

from collections import deque
from collections.abc import ItemsView, Iterator, Mapping, Sequence
from functools import cmp_to_key

import msgspec

from moorage.devcontainer.features.comparison import Install, compare, names, same
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import (
    BadFeatureReference,
    LocalReference,
    Reference,
    parse,
)
from moorage.devcontainer.warnings import Warning
from moorage.errors import ConfigurationError

_MOST = 1000


class CircularFeatures(ConfigurationError):
    """Features wait for one another; none of them can be installed first."""

    code = "circular-features"


class TooManyFeatures(ConfigurationError):
    """The dependencies of Features do not come to an end."""

    code = "too-many-features"


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """References that have to be looked up before an order can be told; ask for all of them side by side."""

    references: tuple[str, ...]
    needed_by: dict[str, tuple[str, ...]] = {}
    """Reference → those that led to it by dependsOn, outermost first, for the words of an error."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The installs in their order; the first is installed first."""

    installs: tuple[Install, ...]
    found: dict[str, FoundFeature] = {}
    """What every wanted reference is, also one whose install another made needless."""
    remarks: tuple[Warning, ...] = ()


class _Wait(msgspec.Struct, frozen=True):
    """One dependency of an install: the places of those of which one has to be there before."""

    any_of: frozenset[int]
    why: str


class _Node(msgspec.Struct, frozen=True):
    """One install with its place among all, what it waits for, and how the override ranks it."""

    place: int
    install: Install
    waits: tuple[_Wait, ...]
    priority: int


def order(
    wanted: Mapping[str, object],
    found: Mapping[str, FoundFeature],
    *,
    override: Sequence[str] = (),
    auto_mapping: bool = True,
) -> Order | Missing:
    """The install order of `wanted` (reference → options, see `reference.declared`), or what is missing.

    `found`: by reference as written; `override`: overrideFeatureInstallOrder. Raises CircularFeatures with
    the circle, TooManyFeatures, and BadFeatureReference where the override names nothing.
    """
    gathered = _gathered(wanted, found)
    if isinstance(gathered, Missing):
        return gathered
    known_as = [_known_as(install.found) for install in gathered]
    ranking = {_name(parse(text, auto_mapping=auto_mapping)): text for text in override}
    nodes = [
        _Node(
            place,
            install,
            (*_hard(install, gathered, found), *_soft(place, install, known_as, auto_mapping)),
            _priority(known_as[place], tuple(ranking)),
        )
        for place, install in enumerate(gathered)
    ]
    everything = frozenset().union(*known_as)
    unused = (_without_effect(text) for name, text in ranking.items() if name not in everything)
    named = {reference: found[reference] for reference in wanted}
    return Order(installs=tuple(_rounds(nodes)), found=named, remarks=tuple(unused))


def _gathered(wanted: Mapping[str, object], found: Mapping[str, FoundFeature]) -> list[Install] | Missing:
    """Every install once, level by level, with all dependencies."""
    queue: deque[tuple[str, object, tuple[str, ...]]] = deque((*each, ()) for each in wanted.items())
    installs: list[Install] = []
    missing: dict[str, tuple[str, ...]] = {}
    while queue:
        reference, value, path = queue.popleft()
        if reference not in found:
            missing.setdefault(reference, path)
            continue
        install = Install(found=found[reference], value=value, needed_by=path)
        if any(same(install, other) for other in installs):
            continue
        if len(installs) == _MOST:
            raise _too_many((*path, reference))
        installs.append(install)
        queue.extend((each, options, (*path, reference)) for each, options in _depends_on(install))
    return Missing(references=tuple(missing), needed_by=missing) if missing else installs


def _depends_on(install: Install) -> ItemsView[str, object]:
    return install.found.feature.depends_on.items()


def _hard(
    install: Install, installs: Sequence[Install], found: Mapping[str, FoundFeature]
) -> Iterator[_Wait]:
    for reference, value in _depends_on(install):
        wanted = Install(found=found[reference], value=value)
        place = next(place for place, other in enumerate(installs) if same(wanted, other))
        yield _Wait(frozenset((place,)), "dependsOn")


def _soft(
    place: int, install: Install, known_as: Sequence[frozenset[str]], auto_mapping: bool
) -> Iterator[_Wait]:
    """Only what is installed counts, and no Feature waits for itself in whatever version."""
    for text in install.found.feature.installs_after:
        name = _name_or_nothing(text, auto_mapping)
        others = frozenset(index for index, names in enumerate(known_as) if name in names)
        if others and place not in others:
            yield _Wait(others, "installsAfter")


def _priority(known_as: frozenset[str], ranking: Sequence[str]) -> int:
    """The first of n entries that names a Feature gives n, the last gives 1."""
    return next((len(ranking) - place for place, name in enumerate(ranking) if name in known_as), 0)


def _known_as(found: FoundFeature) -> frozenset[str]:
    """Every name without version by which others may mean this Feature: its own and its former ones."""
    if found.kind == "local":
        return frozenset((_name(parse(found.reference)),))
    if found.kind != "oci":
        return frozenset((found.base,))
    namespace = found.base.rpartition("/")[0]
    return frozenset((found.base, *(f"{namespace}/{name}" for name in names(found))))


def _name(reference: Reference) -> str:
    return f"./{reference.path}" if isinstance(reference, LocalReference) else reference.base


def _name_or_nothing(text: str, auto_mapping: bool) -> str:
    """What the author of a Feature names in vain orders nothing; it is no failure of those who use it."""
    try:
        return _name(parse(text, auto_mapping=auto_mapping))
    except BadFeatureReference:
        return ""


def _rounds(nodes: Sequence[_Node]) -> Iterator[Install]:
    """In each round, of all that have to wait for nothing, those with the highest priority."""
    left = list(nodes)
    done: set[int] = set()
    while left:
        ready = [node for node in left if all(wait.any_of & done for wait in node.waits)]
        if not ready:
            raise _circular(left, done)
        highest = max(node.priority for node in ready)
        chosen = [node for node in ready if node.priority == highest]
        done.update(node.place for node in chosen)
        left = [node for node in left if node.place not in done]
        yield from sorted((node.install for node in chosen), key=cmp_to_key(compare))


def _circular(left: Sequence[_Node], done: set[int]) -> CircularFeatures:
    """The first circle that one comes to by following what each waits for."""
    by_place = {node.place: node for node in left}
    walked: dict[int, str] = {}
    place = left[0].place
    while place not in walked:
        wait = next(wait for wait in by_place[place].waits if not wait.any_of & done)
        walked[place] = wait.why
        place = min(wait.any_of)
    circle = list(walked)[list(walked).index(place) :]
    path = [by_place[each].install.found.reference for each in (*circle, place)]
    return CircularFeatures(
        f"Circular dependency detected! Features wait for one another: {' → '.join(path)}.",
        evidence=tuple(f"{path[step]}: {walked[each]} {path[step + 1]}" for step, each in enumerate(circle)),
        hint="Remove one of these Features, or have its author remove one of these lines.",
    )


def _without_effect(text: str) -> Warning:
    return Warning(
        code="override-without-effect",
        text=f"overrideFeatureInstallOrder names {text!r}, which is not installed; it has no effect.",
        hint="Remove it, or correct the name.",
    )


def _too_many(path: Sequence[str]) -> TooManyFeatures:
    shown = " → ".join((*path[:3], "…", path[-1]) if len(path) > 4 else path)
    return TooManyFeatures(
        f"The Features need more than {_MOST} installs, the last for {shown}.",
        hint="Remove the Feature whose dependencies do not end.",
    )
