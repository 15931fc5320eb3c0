"""Whether a builder that reads a folder in place has read what was hashed."""

from __future__ import annotations

import asyncio

from moorage.builders.base import Context
from moorage.builders.engine.place import unchanged
from moorage.spec.build import BuildSpec


class Reading:
    """Looks at the folder as soon as the builder has read it: what is edited while the rest of a long build
    runs does not matter."""

    def __init__(self, spec: BuildSpec, context: Context) -> None:
        self._spec = spec
        self._context = context
        self._looks: list[asyncio.Future[bool]] = []

    def ended(self) -> None:
        """The builder has read the folder; it may do so more than once."""
        look = asyncio.to_thread(unchanged, self._spec, self._context)
        self._looks.append(asyncio.ensure_future(look))

    async def was_right(self) -> bool:
        """Whether the folder was unchanged each time; a builder that says nothing of it may end just now."""
        if not self._looks:
            self.ended()
        return all(await asyncio.gather(*self._looks))
