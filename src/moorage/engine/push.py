"""Pushing an image through the engine."""

from __future__ import annotations

from contextlib import aclosing

import msgspec

from .client import Engine, quoted
from .images import split
from .pull import Login, cause, header


class _Message(msgspec.Struct):
    error: str = ""


async def push(engine: Engine, reference: str, login: Login | None = None) -> None:
    """Have the engine push `reference`. Raises what `pull.cause` makes of the engine's words."""
    repository, tag = split(reference)
    headers = {"X-Registry-Auth": header(login or Login())}
    path = f"/images/{quoted(repository)}/push"
    async with aclosing(engine.lines("POST", path, {"tag": tag}, headers=headers)) as lines:
        async for line in lines:
            message = engine.decoded(line, _Message, path)
            if message.error:
                raise cause(reference, message.error)
