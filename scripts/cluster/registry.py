"""Three registries that host, nodes and pods reach under one address: open, with a login, over TLS."""

import shutil
from pathlib import Path

from scripts.engines import daemons, registry
from scripts.engines.registry import Registry

from . import certificates
from .place import Place

NAMES = ("registry", "auth-registry", "tls-registry")


def up(place: Place, seed: Path) -> None:
    """Start them on one store, which begins with what ``seed`` holds."""
    data = place.folder / "images"
    if not data.exists():
        shutil.copytree(seed, data)
    for each in _registries(place):
        registry.start(place.layout, each)


def down(place: Place) -> None:
    for name in NAMES:
        daemons.stop(place.folder, name, grace=5)


def _registries(place: Place) -> tuple[Registry, ...]:
    folder, data = place.folder, place.folder / "images"
    anonymous, authenticated, over_tls = NAMES
    certificate = certificates.of_registry(place)
    return (
        Registry(anonymous, place.registry, folder, data),
        Registry(authenticated, place.auth_registry, folder, data, authenticated=True),
        Registry(over_tls, place.tls_registry, folder, data, certificate=certificate),
    )
