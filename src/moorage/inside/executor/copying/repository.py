from __future__ import annotations

from moorage.inside.executor.copying.face import Wanted


async def clone(wanted: Wanted, into: str) -> str:
    raise NotImplementedError
