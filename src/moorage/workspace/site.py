"""Where a run takes place: the engine, the driver, this machine, and who is told about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

from moorage.drivers.base import Driver
from moorage.errors import RefusedError
from moorage.events import Redacting
from moorage.planner.request import Host
from moorage.spec.source import LocalFolder, Source
from moorage.workspace.preferences import Preferences

if TYPE_CHECKING:
    from pathlib import Path

    from moorage.drivers.docker.options import Options as DockerOptions
    from moorage.drivers.kubernetes.driver import KubernetesDriver
    from moorage.drivers.kubernetes.options import Options as KubernetesOptions
    from moorage.engine.client import Engine
    from moorage.facts.context import ContextTree
    from moorage.facts.features.finder import Finder
    from moorage.planner.questions import HashContext
    from moorage.spec.observation import EngineFacts


_FRESH = 60.0
"""Seconds that facts are good for: runs of one session share them, and nodes come and go."""


class NeedsEngine(RefusedError):
    """What was asked for is done with an engine, and this driver has none."""

    code = "needs-engine"


class Offers:
    """A driver's facts: whoever asks at the same time, or soon after, gets the same answer."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._asked: asyncio.Future[EngineFacts] | None = None
        self._when = 0.0

    async def facts(self) -> EngineFacts:
        """Raises as `Driver.facts`; an error is not kept."""
        if self._asked is None or self._is_over(self._asked):
            self._asked = asyncio.ensure_future(self._driver.facts())
            self._when = monotonic()
        return await asyncio.shield(self._asked)

    def _is_over(self, asked: asyncio.Future[EngineFacts]) -> bool:
        if not asked.done():
            return False
        return asked.cancelled() or asked.exception() is not None or monotonic() - self._when > _FRESH


class Site:
    """Everything outside that a run uses, passed explicitly; the folder `cache` may go at any time."""

    def __init__(
        self,
        *,
        driver: Driver,
        options: DockerOptions | KubernetesOptions,
        reporter: Redacting,
        cache: str,
        environment: Mapping[str, str],
        preferences: Preferences | None = None,
        engine: Engine | None = None,
        cluster: KubernetesDriver | None = None,
        offers: Offers | None = None,
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._engine = engine
        self.cluster = cluster
        """The driver once more, where it is that of a cluster, which takes more than the contract says."""
        self.driver = driver
        self.options = options
        self.given = dict(given or {})
        """The driver's options as the command has them, before those of files."""
        self.reporter = reporter
        self._offers = offers or Offers(driver)
        self._cache = cache
        self.environment = environment
        self.preferences = preferences or Preferences()
        self.features: Finder | None = None
        self.contexts: dict[HashContext, ContextTree] = {}
        """What image keys were made of, for the builds that follow."""

    def beside(self, reporter: Redacting) -> Site:
        """The same place for another run, which may take its time beside this one."""
        cluster = self.cluster.beside() if self.cluster else None
        return Site(
            driver=cluster or self.driver,
            options=self.options,
            reporter=reporter,
            cache=self._cache,
            environment=self.environment,
            preferences=self.preferences,
            engine=self._engine,
            cluster=cluster,
            offers=self._offers,
            given=self.given,
        )

    async def facts(self) -> EngineFacts:
        """What the place offers where the workspace runs, asked once in a run, whoever wants to know."""
        return await self._offers.facts()

    @property
    def engine(self) -> Engine:
        """The engine of the docker driver. Raises NeedsEngine where there is none."""
        if self._engine is None:
            raise NeedsEngine(
                "The Kubernetes driver cannot do this: it takes a container engine.",
                hint="Use the docker driver for it; docs/limits.md lists what a cluster does not do yet.",
            )
        return self._engine

    @property
    def is_here(self) -> bool:
        """Whether what runs there runs on this machine."""
        return self._engine is not None and self._engine.endpoint.local

    @property
    def cache(self) -> Path:
        """The folder of all caches."""
        from pathlib import Path  # what a running workspace is entered with does not need it

        return Path(self._cache)

    async def close(self) -> None:
        """Close what was opened on the way; engine and driver belong to whoever made them."""
        if self.features is not None:
            await self.features.close()
            self.features = None
        if self.cluster is not None:
            await self.cluster.leave()


def host(source: Source | None, environment: Mapping[str, str]) -> Host:
    """This machine as the planner sees it. The owner is the user's name: ids differ between machines."""
    from moorage.git.worktree import root

    git_root = root(source.path) if isinstance(source, LocalFolder) else None
    return Host(
        owner=owner(environment),
        environment=dict(environment),
        uid=os.getuid(),
        gid=os.getgid(),
        git_root=git_root or "",
    )


def owner(environment: Mapping[str, str]) -> str:
    """Whose workspaces these are: the name of the user that runs the command, or its number."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return environment.get("USER") or str(os.getuid())


def cache_folder(environment: Mapping[str, str]) -> str:
    """Where caches live, by the XDG base directory specification; `MOORAGE_CACHE` overrides it."""
    own = environment.get("MOORAGE_CACHE")
    if own:
        return own
    base = environment.get("XDG_CACHE_HOME") or f"{environment.get('HOME', '/')}/.cache"
    return f"{base}/moorage"
