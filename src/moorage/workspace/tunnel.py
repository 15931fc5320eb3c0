"""Ports of a workspace in a cluster: over the API's port-forward, which takes nothing in the image."""

from __future__ import annotations

import asyncio

from moorage.drivers.kubernetes.driver import KubernetesDriver
from moorage.drivers.kubernetes.ports import Ports
from moorage.errors import EngineError
from moorage.kube.forward import carry
from moorage.workspace.complaints import Complaints
from moorage.workspace.ports import Forward


class Tunnels:
    """The workspace's own ports; a pod that takes the place of another is found again."""

    def __init__(self, driver: KubernetesDriver, container: str, complaints: Complaints) -> None:
        self._ports = Ports(driver, container)
        self._complaints = complaints

    def through(self, forward: Forward) -> str:
        del forward
        return "port-forward"

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await carry(await self._ports.open(forward.port), reader, writer)
        except EngineError as error:
            self._ports.forget()
            self._complaints.tell(forward, "; ".join((error.message, *error.evidence[:1])))
        else:
            self._complaints.over(forward)
