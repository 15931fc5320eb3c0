"""In which order Features install: the algorithm of the specification as the reference CLI runs it.

It works over what has been looked up so far and tells which references it still misses, so that all of one
level can be asked for side by side.

Two differences from the CLI: what `installsAfter` or the override names is not looked up (it only orders what
is in use, and those Features know their own former names), so that it cannot fail either; and a Feature never
waits for itself.
"""

# No `from __future__ import annotations`, as in properties.

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cmp_to_key

import msgspec

from moorage.devcontainer.features.comparison import Install, compare, names, same
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import (
    BadFeatureReference,
    LocalReference,
    OciReference,
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
    remarks: tuple[Warning, ...] = ()


class _Node(msgspec.Struct, frozen=True):
    """One install, what it depends on, and in which order it has to be."""

    install: Install
    depends_on: tuple[Install, ...]
    after: tuple[Reference, ...]
    priority: int


def order(
    wanted: Mapping[str, object],
    found: Mapping[str, FoundFeature],
    *,
    override: Sequence[str] = (),
    auto_mapping: bool = True,
) -> Order | Missing:
    """The install order of `wanted` (reference → options, see `reference.declared`), or what is missing.

    `found` is by reference as written. `override` is overrideFeatureInstallOrder. Raises CircularFeatures with
    the circle, TooManyFeatures, and BadFeatureReference for references that name nothing.
    """
    gathered = _gathered(wanted, found)
    if isinstance(gathered, Missing):
        return gathered
    ranking, unused = _ranking(override, gathered, auto_mapping)
    nodes = [_node(install, gathered, found, ranking, auto_mapping) for install in gathered]
    return Order(installs=tuple(_rounds(nodes)), remarks=unused)


def _gathered(wanted: Mapping[str, object], found: Mapping[str, FoundFeature]) -> list[Install] | Missing:
    """Every install once, level by level, with all dependencies."""
    queue = deque((reference, value, ()) for reference, value in wanted.items())
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


def _depends_on(install: Install) -> Iterable[tuple[str, object]]:
    return install.found.feature.depends_on.items()


def _node(
    install: Install,
    all_of_them: Sequence[Install],
    found: Mapping[str, FoundFeature],
    ranking: Sequence[tuple[Reference, int]],
    auto_mapping: bool,
) -> _Node:
    after = _parsed(install.found.feature.installs_after, auto_mapping)
    return _Node(
        install,
        tuple(Install(found=found[text], value=value) for text, value in _depends_on(install)),
        tuple(each for each in after if _is_of_use(each, install, all_of_them)),
        max((rank for reference, rank in ranking if _is_meant(reference, install)), default=0),
    )


def _is_of_use(reference: Reference, install: Install, all_of_them: Sequence[Install]) -> bool:
    """Whether the order is about another Feature that is installed at all."""
    if _is_meant(reference, install):
        return False
    return any(_is_meant(reference, other) for other in all_of_them)


def _is_meant(reference: Reference, install: Install) -> bool:
    """The soft match: the same Feature in any version, by any name that it has or had."""
    found = install.found
    if isinstance(reference, LocalReference):
        return found.kind == "local" and _local_path(found.reference) == reference.path
    if isinstance(reference, OciReference):
        return found.kind == "oci" and (reference.base == found.base or _was_called(reference, found))
    return reference.base == found.base


def _local_path(written: str) -> str:
    reference = parse(written)
    return reference.path if isinstance(reference, LocalReference) else written


def _was_called(reference: OciReference, found: FoundFeature) -> bool:
    return reference.namespace == found.base.rpartition("/")[0] and reference.id in names(found)


def _ranking(
    override: Sequence[str], installs: Sequence[Install], auto_mapping: bool
) -> tuple[list[tuple[Reference, int]], tuple[Warning, ...]]:
    """The first of n entries has the priority n; entries that order nothing are told."""
    ranks: list[tuple[Reference, int]] = []
    unused: list[Warning] = []
    for place, text in enumerate(override):
        reference = parse(text, auto_mapping=auto_mapping)
        ranks.append((reference, len(override) - place))
        if not any(_is_meant(reference, install) for install in installs):
            unused.append(_without_effect(text))
    return ranks, tuple(unused)


def _parsed(texts: Iterable[str], auto_mapping: bool) -> Iterator[Reference]:
    """References of another Feature's author: what names nothing orders nothing."""
    for text in texts:
        try:
            yield parse(text, auto_mapping=auto_mapping)
        except BadFeatureReference:
            continue


def _rounds(nodes: Sequence[_Node]) -> Iterator[Install]:
    """In each round, of all that need wait for nothing, those with the highest priority."""
    left = list(nodes)
    done: list[Install] = []
    while left:
        ready = [node for node in left if _is_ready(node, done)]
        if not ready:
            raise _circular(left, done)
        highest = max(node.priority for node in ready)
        chosen = [node for node in ready if node.priority == highest]
        left = [node for node in left if node not in chosen]
        round_ = sorted((node.install for node in chosen), key=cmp_to_key(compare))
        done += round_
        yield from round_


def _is_ready(node: _Node, done: Sequence[Install]) -> bool:
    return all(any(same(each, other) for other in done) for each in node.depends_on) and all(
        any(_is_meant(each, other) for other in done) for each in node.after
    )


def _circular(left: Sequence[_Node], done: Sequence[Install]) -> CircularFeatures:
    """The first circle that one comes to by following what each waits for."""
    walked: list[tuple[_Node, str]] = []
    node = left[0]
    while all(node is not earlier for earlier, _ in walked):
        following, why = _waits_for(node, left, done)
        walked.append((node, why))
        node = following
    start = next(place for place, (earlier, _) in enumerate(walked) if earlier is node)
    circle = [(each.install.found.reference, why) for each, why in walked[start:]]
    path = [reference for reference, _ in (*circle, circle[0])]
    return CircularFeatures(
        f"Circular dependency detected! Features wait for one another: {' → '.join(path)}.",
        evidence=tuple(f"{one} {why} {path[place + 1]}" for place, (one, why) in enumerate(circle)),
        hint="Remove one of these Features, or have its author remove one of these lines.",
    )


def _waits_for(node: _Node, left: Sequence[_Node], done: Sequence[Install]) -> tuple[_Node, str]:
    for dependency in node.depends_on:
        if not any(same(dependency, other) for other in done):
            return next(each for each in left if same(each.install, dependency)), "dependsOn"
    unmet = next(each for each in node.after if not any(_is_meant(each, other) for other in done))
    return next(each for each in left if _is_meant(unmet, each.install)), "installsAfter"


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
