"""Two registries that host, nodes and pods reach under one address: an open one, and one with a login."""

import shutil
from pathlib import Path

from scripts.engines import registry
from scripts.engines.registry import Registry

from .place import Place


def up(place: Place, seed: Path) -> None:
    """Start both on one store, which begins with what ``seed`` holds."""
    data = place.folder / "images"
    if not data.exists():
        shutil.copytree(seed, data)
    for each in _registries(place):
        registry.start(place.layout, each)


def down(place: Place) -> None:
    for each in _registries(place):
        registry.stop(each)


def _registries(place: Place) -> tuple[Registry, Registry]:
    data = place.folder / "images"
    return (
        Registry("registry", place.registry, place.folder, data),
        Registry("auth-registry", place.auth_registry, place.folder, data, authenticated=True),
    )
