"""Looks at what moorage needs on this machine, and says what to do where something is missing.

Nothing is changed, every look has a deadline, and none depends on another: a machine without any engine gets
its answers too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING

from moorage.drivers.docker.options import Options
from moorage.workspace.doctor.check import PATIENCE, Check
from moorage.workspace.doctor.engine import examine
from moorage.workspace.doctor.machine import buildx, cache, git, logins, ssh

if TYPE_CHECKING:
    from moorage.drivers.kubernetes.options import Options as KubernetesOptions

__all__ = ["Check", "diagnose"]


async def diagnose(options: Options | KubernetesOptions, environment: Mapping[str, str]) -> tuple[Check, ...]:
    """All checks of the place that `options` mean and of this machine, made side by side.

    Never raises for what it finds.
    """
    looks = {
        **_place(options, environment),
        "git": git(environment),
        "ssh": ssh(environment),
        "cache": cache(environment),
        "registry logins": logins(environment),
    }
    found = await asyncio.gather(*(_in_time(name, look) for name, look in looks.items()))
    return tuple(check for checks in found for check in checks)


def _place(
    options: Options | KubernetesOptions, environment: Mapping[str, str]
) -> dict[str, Awaitable[tuple[Check, ...]]]:
    if isinstance(options, Options):
        return {"engine": examine(options, environment), "buildx": buildx(environment)}
    from moorage.workspace.doctor import cluster  # what it takes is not loaded for an engine

    return {"cluster": cluster.examine(options, environment)}


async def _in_time(name: str, look: Awaitable[tuple[Check, ...]]) -> tuple[Check, ...]:
    """Longer than a look's own deadlines; for what has none, such as many helpers of logins."""
    try:
        async with asyncio.timeout(PATIENCE * 1.5):
            return await look
    except TimeoutError:
        text = f"no answer within {PATIENCE * 1.5:.0f} s"
        return (Check(name=name, level="warn", text=text, hint="See what hangs, and run doctor again."),)
