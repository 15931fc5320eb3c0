"""The options that a template can set, by driver, checked as the driver itself checks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moorage.drivers.docker import options as docker
from moorage.drivers.kubernetes import options as kubernetes

DRIVERS = ("docker", "kubernetes")


def names(driver: str) -> Iterable[str]:
    """The options' names, with the other ones that they are also known by."""
    return (*kubernetes.OPTIONS, *kubernetes.ALIASES) if driver == "kubernetes" else tuple(docker.OPTIONS)


def check(driver: str, options: Mapping[str, str]) -> None:
    """Raises the driver's BadOption. Files are not read: what they hold belongs into the template."""
    if driver == "kubernetes":
        kubernetes.parse(options, home="/")
    else:
        docker.parse(options)
