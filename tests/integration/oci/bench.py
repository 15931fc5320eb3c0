"""Clients whose waiting takes no time, and what is put into them for a test."""

from __future__ import annotations

from contextlib import AsyncExitStack

from moorage.events import Event
from moorage.oci.auth import Logins
from moorage.oci.client import Client
from moorage.oci.configuration import Registries
from moorage.oci.credentials import Credential
from moorage.oci.transport import Patience


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Events:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.all: list[Event] = []

    def emit(self, event: Event) -> None:
        self.all.append(event)

    @property
    def codes(self) -> list[str]:
        return [getattr(event, "code", "") for event in self.all]


class Known:
    """Logins by host, and how often they were asked for."""

    def __init__(self, logins: dict[str, Credential]) -> None:
        self.logins = logins
        self.asked: list[str] = []

    async def find(self, registry: str, repository: str = "") -> Credential | None:
        self.asked.append(registry)
        return self.logins.get(registry)


class Bench:
    """Makes clients that share one fake time, and closes them."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.time = Time()
        self.events = Events()

    async def client(
        self,
        registries: Registries | None = None,
        credentials: Logins | None = None,
        patience: Patience | None = None,
    ) -> Client:
        client = Client(
            registries,
            credentials,
            reporter=self.events,
            patience=patience,
            clock=self.time.clock,
            sleep=self.time.sleep,
            chance=lambda: 1.0,
        )
        return await self._stack.enter_async_context(client)
