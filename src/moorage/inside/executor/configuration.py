"""An image's configuration after each instruction, as BuildKit writes it. Pure.

OCI image specification 1.1, "Image Configuration", with Docker's fields beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from moorage.oci.failures import BadAnswer

COMMENT = "buildkit.dockerfile.v0"
"""The step's origin in the history. Tools know BuildKit's steps by it; ours mean the same."""
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_SHELL = ("/bin/sh", "-c")


class Healthcheck(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Durations are in nanoseconds."""

    test: tuple[str, ...] | None = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class Config(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """What a container of the image is started with."""

    user: str = ""
    exposed_ports: dict[str, dict[str, str]] | None = None
    env: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    volumes: dict[str, dict[str, str]] | None = None
    working_dir: str = ""
    labels: dict[str, str] | None = None
    stop_signal: str = ""
    args_escaped: bool = False
    healthcheck: Healthcheck | None = None
    on_build: tuple[str, ...] | None = None
    shell: tuple[str, ...] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables; the last of a name counts."""
        return dict(item.partition("=")[::2] for item in self.env or ())

    @property
    def shell_or_default(self) -> tuple[str, ...]:
        """What runs commands in the shell form."""
        return self.shell or DEFAULT_SHELL


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an image's history."""

    created: str | None = None
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class Configuration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An image's configuration but for its layers: nothing is hashed that nobody asks for."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    author: str = ""
    created: str | None = None
    config: Config = msgspec.field(default_factory=Config)
    history: tuple[Event, ...] = ()


def of_image(document: Mapping[str, object], reference: str) -> Configuration:
    """What a base image brings, with the PATH that every image has. Raises BadAnswer."""
    try:
        found = msgspec.convert(
            {name: value for name, value in document.items() if value is not None}, type=Configuration
        )
    except msgspec.ValidationError as error:
        raise BadAnswer(f"the configuration of {reference} cannot be read", evidence=(str(error),)) from error
    return with_path(found)


def empty(platform: str) -> Configuration:
    """What FROM scratch starts from."""
    system, architecture, variant = (*platform.split("/"), "", "")[:3]
    return with_path(
        Configuration(os=system, architecture=architecture, variant=variant, config=Config(working_dir="/"))
    )


def with_path(configuration: Configuration) -> Configuration:
    """With the PATH that BuildKit gives an image that says none."""
    config = configuration.config
    if "PATH" in config.environment:
        return configuration
    env = (*(config.env or ()), f"PATH={DEFAULT_PATH}")
    return msgspec.structs.replace(configuration, config=msgspec.structs.replace(config, env=env))


def with_variables(config: Config, assigned: Iterable[tuple[str, str]]) -> Config:
    """After ENV: a variable that is there keeps its place."""
    variables = config.environment | dict(assigned)
    return msgspec.structs.replace(config, env=tuple(f"{name}={value}" for name, value in variables.items()))


def with_ports(config: Config, ports: Sequence[str]) -> Config:
    """After EXPOSE, of ports as `exposed` gives them."""
    return msgspec.structs.replace(
        config, exposed_ports={**(config.exposed_ports or {}), **{port: {} for port in ports}}
    )


def with_volumes(config: Config, paths: Sequence[str]) -> Config:
    """After VOLUME."""
    return msgspec.structs.replace(config, volumes={**(config.volumes or {}), **{path: {} for path in paths}})


class BadPort(ValueError):
    """A word that names no port."""


def exposed(words: Sequence[str]) -> list[str]:
    """Ports with their protocols, in the order of the words: `80`, `53/udp`, `100-102`; a published side
    (`8080:80`) does not count. Raises BadPort.
    """
    return [port for word in words for port in _ports(word)]


def seconds(text: str) -> int:
    """Nanoseconds of a duration in Go's form: 1h30m, 5s, 1.5s, 100ms. Raises ValueError."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration; write 30s or 1m30s")
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def duration(nanoseconds: int) -> str:
    """As Go writes a duration: 1m0s, 1.5s, 0s."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < 1_000_000_000:
        unit, size = next((u, s) for u, s in (("ms", 10**6), ("µs", 10**3), ("ns", 1)) if nanoseconds >= s)
        return f"{nanoseconds / size:g}{unit}"
    minutes, rest = divmod(nanoseconds, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    whole, fine = divmod(rest, 10**9)
    written = f"{whole}.{fine:09d}".rstrip("0").rstrip(".") if fine else str(whole)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{written}s"


_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_MOST_PORT = 65535


def _ports(word: str) -> list[str]:
    numbers, _, protocol = word.rpartition(":")[2].partition("/")
    first, dash, last = numbers.partition("-")
    protocol = protocol.lower() or "tcp"
    if not first.isdecimal() or (dash and not last.isdecimal()) or protocol not in ("tcp", "udp", "sctp"):
        raise BadPort(word)
    start, end = int(first), int(last or first)
    if not start <= end <= _MOST_PORT:
        raise BadPort(word)
    return [f"{port}/{protocol}" for port in range(start, end + 1)]
