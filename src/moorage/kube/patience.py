"""How long a server that went away is waited for, and which answers mean "not yet"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic

from ..errors import MoorageError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_BUSY = (429, 503)
_MOST_TIMES = 10
_SETTLING = 15.0
"""Seconds after its return in which a server may still refuse what its roles allow: it is reading them."""


class Patience:
    """Shared by all requests to one server: whether it has ever answered, and when it came back."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._answered = False
        self._away = False
        self._returned = -_SETTLING

    def begin(self, most: float) -> Waiting:
        """For one request, which has `most` seconds in all."""
        return Waiting(self, min(self._seconds, most * 0.9))

    def answered(self) -> None:
        if self._away:
            self._returned = monotonic()
        self._answered, self._away = True, False

    def went_away(self) -> bool:
        """Whether to wait. False for a server that has never been there."""
        self._away = self._answered
        return self._answered

    @property
    def settling(self) -> bool:
        return self._away or monotonic() - self._returned < _SETTLING


class Waiting:
    """One request's share."""

    def __init__(self, patience: Patience, seconds: float) -> None:
        self._patience = patience
        self._end = monotonic() + seconds
        self._pause = _FIRST_PAUSE
        self._times = 0

    async def again(self, error: MoorageError, say: Callable[[str], None]) -> bool:
        """After a broken connection: True once it is time to try again."""
        if not self._patience.went_away():
            return False
        return await self._wait(0, f"{error.message} Waiting for it.", say)

    async def later(self, status: int, headers: Mapping[str, str], say: Callable[[str], None]) -> bool:
        """After an answer: True once it is time to ask again, where the answer means "not yet"."""
        seconds = headers.get("retry-after", "")
        if status in _BUSY and seconds.isdecimal():
            return await self._wait(float(seconds), "The API server asks to come again later.", say)
        if status == 503 and self._patience.settling:
            return await self._wait(0, "The API server is not ready. Waiting for it.", say)
        if status == 403 and self._patience.settling:
            return await self._wait(0.2, "", say)
        return False

    async def _wait(self, least: float, words: str, say: Callable[[str], None]) -> bool:
        pause = max(least, self._pause)
        if (self._times >= _MOST_TIMES and least > _LONGEST_PAUSE) or monotonic() + pause > self._end:
            return False
        if not self._times and words:
            say(words)
        self._times += 1
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        await asyncio.sleep(pause)
        return True
