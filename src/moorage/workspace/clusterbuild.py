"""Images of workspaces in a cluster: which builder makes them, and what comes of it in the registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from moorage.builders.base import Builder, Context
from moorage.builders.cluster.builder import ClusterBuilder
from moorage.builders.cluster.settings import Settings, mode
from moorage.drivers.kubernetes.driver import KubernetesDriver
from moorage.oci.credentials import Credentials
from moorage.planner.platform import own
from moorage.planner.questions import FindImage
from moorage.spec.build import BuildSpec
from moorage.spec.image import ImageFacts
from moorage.workspace.apply.image import logins
from moorage.workspace.clustered import find_image
from moorage.workspace.site import Site

DEFAULT_IMAGE = "docker.io/moby/buildkit:buildx-stable-1"


async def build(
    site: Site, driver: KubernetesDriver, spec: BuildSpec, context: Context, step: str
) -> ImageFacts:
    """Have the image in its registry. Raises what the builder raises."""
    platform = spec.platform or own(await site.facts())
    placed = msgspec.structs.replace(spec, push=True, platform=platform)
    async with _builder(site, driver) as builder:
        await builder.build(placed, context, site.reporter, step)
    found = await find_image(site, FindImage(reference=spec.tag))
    assert found is not None  # only an optional one may be missing
    return found


@asynccontextmanager
async def _builder(site: Site, driver: KubernetesDriver) -> AsyncIterator[Builder]:
    if driver.options.builder == "engine":
        async with _engine_builder(site) as builder:
            yield builder
        return
    settings = await asyncio.to_thread(settings_of, site, driver)

    async def there(tag: str) -> bool:
        return await find_image(site, FindImage(reference=tag, local=True)) is not None

    yield ClusterBuilder(
        driver.cluster,
        settings,
        logins=Credentials(site.environment, reporter=site.reporter, further=driver.pull_logins).find,
        environment=site.environment,
        judge=driver.judge,
        there=there,
    )


def settings_of(site: Site, driver: KubernetesDriver) -> Settings:
    """The builder's pod as the options want it. Raises BadPreference. Blocking."""
    options = driver.options
    registries = site.preferences.registries()
    image = options.buildkit_image or DEFAULT_IMAGE
    architecture = (("kubernetes.io/arch", options.architecture),) if options.architecture else ()
    return Settings(
        namespace=options.buildkit_namespace or driver.namespace,
        image=image,
        mode=mode(image, privileged=options.buildkit_privileged),
        address=options.buildkit_address,
        cache_size="" if options.buildkit_cache_size == "0" else options.buildkit_cache_size,
        storage_class=options.storage_class,
        registries=registries,
        authorities="\n".join(Path(path).read_text() for path in registries.ca_files),
        node_selector=(*options.node_selector, *architecture),
        tolerations=options.tolerations,
        pull_secrets=() if options.buildkit_namespace else options.image_pull_secrets,
        labels=options.labels,
    )


@asynccontextmanager
async def _engine_builder(site: Site) -> AsyncIterator[Builder]:
    """The user's own engine, found as the docker driver finds it."""
    from moorage.builders.engine.builder import EngineBuilder
    from moorage.drivers.docker.opening import opened
    from moorage.drivers.docker.options import parse

    home = site.environment.get("HOME", "/")
    options = parse(site.preferences.drivers.get("docker", {}))
    async with await opened(options, dict(site.environment), home, lambda _: None) as docker:
        yield EngineBuilder(docker.engine, logins=logins(site), environment=site.environment)
