"""Carries out the planner's steps: one file per family, chosen here by type."""

from __future__ import annotations

from moorage.planner.facts import Facts
from moorage.planner.learning import Result
from moorage.planner.request import Request
from moorage.planner.steps import (
    BuildFeatures,
    BuildImage,
    CloneSource,
    CreateContainer,
    CreateStack,
    PrepareContainer,
    PullImage,
    RemoveContainer,
    RunHooks,
    RunInitialize,
    SettleHome,
    StartContainer,
    StartStack,
    Step,
    UploadSource,
    WriteLockfile,
)
from moorage.workspace.site import Site

__all__ = ["apply"]


async def apply(request: Request, site: Site, facts: Facts, step: Step) -> Result:
    """Do one step and say what came of it. Every step may be begun again after being cut off anywhere."""
    match step:
        case RunInitialize():
            from moorage.workspace.apply.initialize import run_initialize

            return await run_initialize(request, site, step)
        case PullImage():
            from moorage.workspace.apply.image import pull_image

            return await pull_image(site, step)
        case BuildImage():
            from moorage.workspace.apply.image import build_image

            return await build_image(site, step)
        case WriteLockfile():
            from moorage.workspace.apply.lockfile import write_lockfile

            return write_lockfile(site, step)
        case BuildFeatures():
            from moorage.workspace.apply.features import build_features

            return await build_features(site, step)
        case CloneSource():
            from moorage.workspace.apply.clone import clone_source

            return await clone_source(request, site, step)
        case UploadSource():
            from moorage.workspace.apply.upload import upload_source

            return await upload_source(site, step)
        case RunHooks():
            from moorage.workspace.apply.hooks import run_hooks_step

            return await run_hooks_step(request, site, facts, step)
        case SettleHome():
            from moorage.workspace.apply.home import settle_home

            return await settle_home(request, site, facts, step)
        case CreateStack() | StartStack():
            from moorage.workspace.apply.stack import change_stack

            return await change_stack(request, site, facts, step)
        case CreateContainer() | PrepareContainer() | RemoveContainer() | StartContainer():
            from moorage.workspace.apply.container import change_container

            return await change_container(request, site, facts, step)
