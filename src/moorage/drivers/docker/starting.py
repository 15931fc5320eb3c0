"""Why a container did not start, read from the engine's words. Pure."""

from __future__ import annotations

from ...errors import EngineError
from .errors import StartFailed


def start_failure(error: EngineError) -> EngineError:
    """The error in our words, with the engine's own as evidence."""
    said = "\n".join(error.evidence)
    if "statfs" in said:  # Podman looks for folders to mount only now
        return error
    if "/bin/sh" in said and ("no such file" in said or "not found" in said):
        return StartFailed(
            "The image has no /bin/sh, which a workspace needs.",
            evidence=error.evidence,
            hint="Use an image with a shell, or set overrideCommand to false to start it all the same.",
        )
    if "executable file not found" in said or "no such file or directory" in said:
        return StartFailed(
            "The container's first process was not found in the image.",
            evidence=error.evidence,
            hint="Check entrypoint and command of the image, and `--entrypoint` in runArgs.",
        )
    if "unable to find user" in said or "no matching entries in passwd" in said:
        return StartFailed(
            "The user that the container is to run as does not exist in the image.",
            evidence=error.evidence,
            hint="Correct containerUser, or create the user in the Dockerfile.",
        )
    if "could not select device driver" in said or "nvidia" in said.lower():
        return StartFailed(
            "The engine could not give the container a GPU.",
            evidence=error.evidence,
            hint="Install the NVIDIA container toolkit, or drop the GPU from hostRequirements and runArgs.",
        )
    return StartFailed(
        "The engine could not start the container.",
        evidence=error.evidence,
        hint="See what it says above; runArgs, mounts and securityOpt are the usual causes.",
    )
