"""Says in words how the Features of an image differ from those of an earlier one."""

from __future__ import annotations

from collections.abc import Iterator

from moorage.image.key import FeatureInput, Inputs
from moorage.image.label import SHORT


def changes(old: Inputs, new: Inputs) -> Iterator[str]:
    """One sentence for each difference; `old` was read from a label, so its hashes are short."""
    if old.installer and new.installer and old.installer != new.installer:
        yield f"moorage installs Features another way now (version {old.installer} → {new.installer})"
    pairs = _pairs(old.features, new.features)
    for was, now in pairs:
        yield from _change(was, now)
    yield from _order([pair for pair in pairs if all(pair)], old.features)
    if old.features and new.features:
        yield from _users(old.users, new.users)


def _pairs(
    old: tuple[FeatureInput, ...], new: tuple[FeatureInput, ...]
) -> list[tuple[FeatureInput | None, FeatureInput | None]]:
    """Each with what it was before: the same if that is there, else the first of its name that is left."""
    left = list(old)
    found: dict[int, FeatureInput] = {}
    for agree in (_same, _same_name):
        for place, now in enumerate(new):
            was = next((each for each in left if agree(each, now)), None)
            if place not in found and was is not None:
                found[place] = was
                left.remove(was)
    return [*((found.get(place), now) for place, now in enumerate(new)), *((was, None) for was in left)]


def _change(was: FeatureInput | None, now: FeatureInput | None) -> Iterator[str]:
    if was is None or now is None:
        known = now or was
        assert known is not None
        yield f"Feature {_shown(known)} is {'new' if now else 'no longer used'}"
        return
    name = _shown(now)
    if was.version != now.version:
        yield f"Feature {name} {was.version or '(no version)'} → {now.version or '(no version)'}"
    elif _short(was.digest) != _short(now.digest):
        still = f", still as version {now.version}" if now.version else ""
        yield f"files of Feature {name} changed{still}"
    for option in sorted(was.options.keys() | now.options.keys()):
        if option not in was.options:
            yield f"option {option} of Feature {name} is new"
        elif option not in now.options:
            yield f"option {option} of Feature {name} is gone"
        elif _short(was.options[option]) != _short(now.options[option]):
            yield f"option {option} of Feature {name} changed"


def _order(
    pairs: list[tuple[FeatureInput | None, FeatureInput | None]], old: tuple[FeatureInput, ...]
) -> Iterator[str]:
    """`pairs` are in the new order."""
    places = {id(each): place for place, each in enumerate(old)}
    before = [places[id(was)] for was, _ in pairs]
    if before != sorted(before):
        names = ", ".join(_shown(now) for _, now in pairs if now)
        yield f"Features are installed in another order now: {names}"


def _users(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, ""), new.get(name, "")
        if was != now:
            yield f"{name} changed: {was} → {now}"


def _same(was: FeatureInput, now: FeatureInput) -> bool:
    return _same_name(was, now) and not any(_change(was, now))


def _same_name(was: FeatureInput, now: FeatureInput) -> bool:
    return was.name == now.name


def _shown(feature: FeatureInput) -> str:
    return feature.name.rstrip("/").rpartition("/")[2]


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:SHORT]
