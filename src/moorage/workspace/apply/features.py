"""The step that installs Features: their files fetched side by side, then one build on top of the base."""

from __future__ import annotations

import asyncio

from moorage.builders.engine.errors import BuildDisturbed, BuildFailed
from moorage.builders.features import context
from moorage.image.features.failure import failed
from moorage.planner.learning import Result
from moorage.planner.steps import BuildFeatures
from moorage.workspace.apply.image import made
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
    files = context(folders, {file.path: file.text for file in step.generated})
    try:
        return Result(image=await made(site, step.spec, files, "build-features"))
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
