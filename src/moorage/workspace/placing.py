"""A request as the place where the workspace runs understands it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from moorage.planner.request import Request
from moorage.workspace.site import Site

if TYPE_CHECKING:
    from moorage.drivers.kubernetes.options import Options

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""As kernels call them, and as images do."""


def placed(request: Request, site: Site) -> Request:
    """In a cluster: where built images go, and whether any can be built.

    An engine on this machine is of its kind; what others are is asked for when it matters.
    """
    if site.cluster is None:
        here = _platform() if site.is_here else ""
        return msgspec.structs.replace(request, platform=request.platform or here)
    options = site.cluster.options
    return msgspec.structs.replace(
        request,
        repository=request.repository or options.build_repository,
        registry_only=True,
        no_builds=refusal(options),
        platform=request.platform or (f"linux/{options.architecture}" if options.architecture else ""),
    )


def _platform() -> str:
    architecture = _ARCHITECTURES.get(os.uname().machine)
    return f"linux/{architecture}" if architecture else ""


def refusal(options: Options) -> str:
    """Why no image can be built, with what would help; "" where one can."""
    match options.builder:
        case "none":
            return "The option builder is none: choose another, or name an image that has been built already."
        case "inpod":
            return "There is no builder inside the pod yet: set the options buildRepository and builder=auto."
        case _ if not options.build_repository:
            return (
                "Set the option buildRepository to a repository that you may push to and that the nodes may "
                "pull from, such as ghcr.io/me/workspaces."
            )
    return ""
