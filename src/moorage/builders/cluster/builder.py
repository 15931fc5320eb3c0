"""Builds with BuildKit in the cluster, which pushes the image where the nodes pull it from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from moorage.builders.again import again
from moorage.builders.base import LIMIT, Built, Context
from moorage.builders.cluster import lease
from moorage.builders.cluster.call import date, inputs, registries
from moorage.builders.cluster.objects import socket
from moorage.builders.cluster.pod import Judge, ready
from moorage.builders.cluster.session import Session
from moorage.builders.cluster.settings import Settings, given
from moorage.builders.engine.errors import BuildDisturbed, too_late
from moorage.builders.engine.explain import explain
from moorage.builders.engine.progress import Progress
from moorage.builders.engine.rawjson import RawJson
from moorage.builders.images import Logins
from moorage.events import LogLine, Reporter
from moorage.kube.client import Cluster
from moorage.oci.credentials import Credential
from moorage.spec.build import BuildSpec

_NAMED = b"error: "


class ClusterBuilder:
    """`judge` says why the builder's pod does not come up; `there` whether a tag exists by now."""

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        *,
        logins: Logins,
        environment: Mapping[str, str],
        judge: Judge,
        there: Callable[[str], Awaitable[bool]],
        limit: float = LIMIT,
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._logins = logins
        self._environment = environment
        self._judge = judge
        self._there = there
        self._limit = limit

    def check(self, spec: BuildSpec) -> tuple[str, ...]:
        """Raises what `inputs` raises."""
        inputs(spec, {}, self._environment)
        return ()

    async def build(self, spec: BuildSpec, context: Context, reporter: Reporter, step: str) -> Built:
        """Build and push under the tag, once for all who want the same at a time.

        Raises BuilderForbidden before anything is created, BuilderFailed, BuildFailed, BuildTimeout,
        BuildUnsupportedHere, BadBuildArgument, BuildSecretMissing, the causes of a pod that does not come
        up, and the errors of images.
        """
        started = time.monotonic()
        self.check(spec)
        say = lambda text: reporter.emit(LogLine(step=step, text=text, origin="builder"))  # noqa: E731
        key = spec.tag.rpartition(":")[2]
        async with lease.held(self._cluster, self._settings.namespace, key, say) as waited:
            if waited and not spec.no_cache and await self._there(spec.tag):
                return Built(image_id="", digest=None, seconds=time.monotonic() - started, cached_steps=0)
            session = await self._session(say)
            try:
                digest, cached = await self._in_time(session, spec, context, reporter, step)
            except BuildDisturbed as error:
                changed, notice = again(spec, error)
                reporter.emit(notice)
                digest, cached = await self._in_time(session, changed, context, reporter, step)
        return Built(image_id="", digest=digest, seconds=time.monotonic() - started, cached_steps=cached)

    async def _session(self, say: Callable[[str], None]) -> Session:
        settings = self._settings
        if own := given(settings.address):
            namespace = own.namespace or settings.namespace
            return Session(self._cluster, namespace, own.pod, "", own.container)
        name = await ready(self._cluster, settings, self._judge, say)
        return Session(self._cluster, settings.namespace, name, socket(settings))

    async def _in_time(
        self, session: Session, spec: BuildSpec, context: Context, reporter: Reporter, step: str
    ) -> tuple[str | None, int]:
        progress = Progress(reporter, step)
        try:
            async with asyncio.timeout(self._limit):
                return await self._run(session, spec, context, progress), progress.cached
        except TimeoutError as error:
            raise too_late(spec, progress.failure().said, self._limit) from error
        finally:
            progress.close()

    async def _run(
        self, session: Session, spec: BuildSpec, context: Context, progress: Progress
    ) -> str | None:
        folder, logins = await asyncio.gather(
            session.send(context.archive({}), date(spec)), self._found(spec)
        )
        reader = RawJson(progress)
        code, digest = await session.build(
            inputs(spec, logins, self._environment), folder, lambda data: reader.feed(_as_buildx(data))
        )
        reader.close()
        if code:
            raise explain(spec, progress.failure())
        return digest

    async def _found(self, spec: BuildSpec) -> dict[str, Credential]:
        found = {host: await self._logins(host) for host in registries(spec)}
        return {host: login for host, login in found.items() if login is not None}


def _as_buildx(data: bytes) -> bytes:
    """buildctl's last words as buildx writes them."""
    return (
        data.replace(b"\n" + _NAMED, b"\nERROR: ") if not data.startswith(_NAMED) else b"ERROR: " + data[7:]
    )
