"""The step that installs Features: their files fetched side by side, then one build on top of the base."""

from __future__ import annotations

import asyncio

from moorage.builders.engine.builder import EngineBuilder
from moorage.builders.engine.errors import BuildDisturbed, BuildFailed
from moorage.builders.features import context
from moorage.image.features.failure import failed
from moorage.planner.learning import Result
from moorage.planner.steps import BuildFeatures
from moorage.workspace.apply.image import logins, present
from moorage.workspace.features import finder
from moorage.workspace.site import Site


async def build_features(site: Site, step: BuildFeatures) -> Result:
    """Raises FeatureFailed with the Feature's name, and what lookups and the builder raise."""
    found = finder(site)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(found.content(install.found)) for install in step.installs]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    folders = {place: task.result() for place, task in zip(step.folders, tasks, strict=True)}
    made = context(folders, {file.path: file.text for file in step.generated})
    builder = EngineBuilder(site.engine, logins=logins(site), environment=site.environment)
    try:
        await builder.build(step.spec, made, site.reporter, "build-features")
    except BuildDisturbed:
        raise
    except BuildFailed as error:
        said = failed(
            step.installs,
            step.spec.dockerfile,
            line=error.line,
            said=error.message,
            evidence=error.evidence,
        )
        raise said or error from error
    return Result(image=await present(site, step.spec.tag))
