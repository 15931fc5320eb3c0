"""A container-create request while it is put together; `body()` is what the engine gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from .ports import Published

Json = dict[str, object]
T = TypeVar("T")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What values may refer to on this machine: environment variables, and files by their path."""

    environ: Mapping[str, str]
    read: Callable[[str], str]


class Draft:
    """Later settings win, lists grow. `warnings` are for people; `networks` in order, with their settings."""

    def __init__(self, machine: Machine, *, modern: bool) -> None:
        self.machine = machine
        self.modern = modern
        self.config: Json = {}
        self.host: Json = {}
        self.environment: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.published: list[Published] = []
        self.exposed: list[str] = []
        self.networks: dict[str, Json] = {}
        self.attachment: Json = {}
        self.volumes: list[str] = []
        self.platform = ""
        self.entrypoint: str | None = None
        self.log_driver = ""
        self.log_options: dict[str, str] = {}
        self.warnings: list[str] = []

    def append(self, place: Json, key: str, value: object) -> None:
        self._held(place, key, list).append(value)

    def put(self, place: Json, key: str, name: str, value: object) -> None:
        self._held(place, key, dict)[name] = value

    def variable(self, name: str, value: str | None) -> None:
        """Set it; None takes the value of this machine, as `docker run -e NAME` does, if there is one."""
        if value is None:
            value = self.machine.environ.get(name)
        if value is not None:
            self.environment[name] = value

    def body(self) -> Json:
        """The request's JSON."""
        request: Json = {**self.config}
        if self.environment:
            request["Env"] = [f"{name}={value}" for name, value in self.environment.items()]
        if self.labels:
            request["Labels"] = dict(self.labels)
        if self.volumes:
            request["Volumes"] = {target: {} for target in self.volumes}
        request |= self._ports()
        request["HostConfig"] = {**self.host, **self._bindings(), **self._mode(), **self._log()}
        if len(self.networks) > 1 or self.attachment or any(self.networks.values()):
            request["NetworkingConfig"] = {"EndpointsConfig": self._endpoints()}
        return request

    def _ports(self) -> Json:
        ports = [*(port.inside for port in self.published), *self.exposed]
        return {"ExposedPorts": {port: {} for port in ports}} if ports else {}

    def _bindings(self) -> Json:
        bindings: dict[str, list[Json]] = {}
        for port in self.published:
            binding: Json = {"HostIp": port.ip, "HostPort": port.host}
            if binding not in bindings.setdefault(port.inside, []):
                bindings[port.inside].append(binding)
        return {"PortBindings": bindings} if bindings else {}

    def _mode(self) -> Json:
        return {"NetworkMode": next(iter(self.networks))} if self.networks else {}

    def _log(self) -> Json:
        if not (self.log_driver or self.log_options):
            return {}
        return {"LogConfig": {"Type": self.log_driver, "Config": dict(self.log_options)}}

    def _endpoints(self) -> Json:
        """Settings without a network of their own (--ip, --network-alias) belong to the first one.

        Only where there are some or several networks: for Podman an endpoint contradicts modes as none.
        """
        first = next(iter(self.networks), "default")
        endpoints: Json = {first: {**self.networks.get(first, {}), **self.attachment}}
        return endpoints | {name: settings for name, settings in self.networks.items() if name != first}

    @staticmethod
    def _held(place: Json, key: str, kind: type[T]) -> T:
        held = place.setdefault(key, kind())
        assert isinstance(held, kind)
        return held
