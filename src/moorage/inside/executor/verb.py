"""`moorage-inside build`: an order as JSON, the progress on standard error, the result as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import signal
import sys
from pathlib import Path

import msgspec

from moorage.dockerfile.ignore import Ignore, read
from moorage.dockerfile.parse import parse
from moorage.errors import MoorageError, UsageError
from moorage.events import Silent
from moorage.inside.executor.build import Built, build
from moorage.inside.executor.images import RegistryImages
from moorage.inside.executor.order import Order
from moorage.inside.executor.place import STORE, here
from moorage.oci.client import Client
from moorage.oci.configuration import Registries
from moorage.oci.credentials import Credentials
from moorage.oci.manifest import parse_platform

STOPPED = 130
_IGNORE = ".dockerignore"


class BadOrder(UsageError):
    """The order for a build is no JSON, or not of the form that it needs."""

    code = "build-order-bad"


class _Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dockerfile` is a path below the context, `text` stands in for it. Secrets are in base64.

    `insecure` and `mirrors` as in `moorage.oci.configuration.Registries`.
    """

    dockerfile: str = "Dockerfile"
    text: str | None = None
    context: str = ""
    target: str = ""
    arguments: dict[str, str] = {}
    platform: str = ""
    secrets: dict[str, bytes] = {}
    ssh: dict[str, str] = {}
    contexts: dict[str, str] = {}
    guarded: tuple[str, ...] = ()
    store: str = STORE
    insecure: tuple[str, ...] = ()
    mirrors: dict[str, tuple[str, ...]] = {}
    ca_files: tuple[str, ...] = ()


def run(file: str) -> int:
    """The exit code: 0, that of the error (`moorage.errors`), 130 where stopped. "-" is standard input."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        built = asyncio.run(_build(content))
    except MoorageError as error:
        _tell(error)
        return error.exit_code
    except OSError as error:
        _tell(BadOrder(f"{error.filename or file}: {error.strerror or error}"))
        return UsageError.exit_code
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("moorage-inside: the build was stopped")
        return STOPPED
    print(msgspec.json.encode(built).decode())
    return 0


async def _build(content: bytes) -> Built:
    asked = _decoded(content)
    order = _order(asked)
    place = here(asked.store, asked.guarded)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    registries = Registries(
        mirrors=asked.mirrors, insecure=frozenset(asked.insecure), ca_files=asked.ca_files
    )
    async with Client(registries, Credentials(reporter=Silent())) as client:
        return await build(order, place, RegistryImages(client), _say)


def _decoded(content: bytes) -> _Order:
    try:
        return msgspec.json.decode(content, type=_Order)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadOrder(
            f"The order cannot be read: {error}", hint="See docs/architecture.md for its fields."
        ) from None


def _order(asked: _Order) -> Order:
    """With the files that it names read."""
    file = Path(asked.context, asked.dockerfile)
    text = file.read_text(errors="surrogateescape") if asked.text is None else asked.text
    return Order(
        dockerfile=parse(text, asked.dockerfile),
        context=asked.context,
        ignore=_ignore(asked),
        target=asked.target,
        arguments=tuple(asked.arguments.items()),
        platform=str(parse_platform(asked.platform or platform.machine())),
        secrets=tuple(asked.secrets.items()),
        ssh=tuple(asked.ssh.items()),
        contexts=tuple(asked.contexts.items()),
    )


def _ignore(asked: _Order) -> Ignore | None:
    """The file beside the Dockerfile before the one of the context, as in BuildKit."""
    if not asked.context:
        return None
    for name in (f"{asked.dockerfile}{_IGNORE}", _IGNORE):
        with contextlib.suppress(FileNotFoundError):
            return read(Path(asked.context, name).read_text(errors="surrogateescape"), name)
    return None


def _tell(error: MoorageError) -> None:
    _say(f"moorage-inside: {error.message} [{error.code}]")
    for line in error.evidence:
        _say(f"  {line}")
    if error.hint:
        _say(f"  {error.hint}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
