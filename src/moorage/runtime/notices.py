"""What the licences of the tree's parts ask for: their texts, and where the sources are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata, resources

from moorage.runtime.errors import RuntimeIncomplete
from moorage.runtime.linking import resolve
from moorage.runtime.lock import Pin
from moorage.runtime.tree import Entry, File, Link

FOLDER = "share"
_COMMON = "usr/share/common-licenses/"


def licences(packages: Iterable[str], found: Mapping[str, Entry]) -> dict[str, File]:
    """The copyright file of each package, whole, and the licences that those only name.

    Some packages have their folder from another one, by a link. Raises RuntimeIncomplete.
    """
    texts = {name: _copyright(name, found) for name in packages}
    for path in found:
        if path.startswith(_COMMON) and (text := resolve(path, found)):
            texts[f"common/{path.removeprefix(_COMMON)}"] = File(text.content)
    return {f"{FOLDER}/licenses/{name}": text for name, text in texts.items()}


def own(pins: Iterable[Pin]) -> dict[str, File]:
    """The tree's own words: moorage's licence, the notice, and the version of everything."""
    licence = metadata.distribution("moorage").read_text("licenses/LICENSE") or ""
    notice = resources.files("moorage.runtime").joinpath("NOTICE").read_text()
    versions = sorted(f"{pin.name} {pin.version} {pin.archive}\n" for pin in pins)
    texts = {"licenses/moorage": licence, "NOTICE": notice, "packages": "".join(versions)}
    return {f"{FOLDER}/{name}": File(text.encode()) for name, text in texts.items()}


def _copyright(name: str, found: Mapping[str, Entry]) -> File:
    owner = name
    while isinstance(folder := found.get(f"usr/share/doc/{owner}"), Link):
        owner = folder.target
    text = resolve(f"usr/share/doc/{owner}/copyright", found)
    if text is None:
        raise RuntimeIncomplete(f"The package {name} does not say under which licence it is.")
    return File(text.content)
