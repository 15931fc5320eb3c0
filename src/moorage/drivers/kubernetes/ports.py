"""Ways to the ports of a workspace, whichever pod it has at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...kube.errors import ClusterRefused, ObjectMissing
from ...kube.forward import Tunnel

if TYPE_CHECKING:
    from .driver import KubernetesDriver


class Ports:
    """`container` is a name of ours. Which pod it is in is asked again once the last one is gone."""

    def __init__(self, driver: KubernetesDriver, container: str) -> None:
        self._driver = driver
        self._container = container
        self._pod = ""

    async def open(self, port: int) -> Tunnel:
        """A connection to a port of the pod's own 127.0.0.1. Raises NotRunning, and as `Tunnel.open`."""
        if self._pod:
            try:
                return await self._tunnel(port)
            except (ObjectMissing, ClusterRefused):
                self.forget()
        self._pod = (await self._driver.entered(self._container, anew=True)).pod
        return await self._tunnel(port)

    def forget(self) -> None:
        """The pod did not answer: the next connection looks for it anew."""
        self._pod = ""

    async def _tunnel(self, port: int) -> Tunnel:
        return await Tunnel.open(self._driver.cluster, self._pod, port, namespace=self._driver.namespace)
