"""The build arguments that the builder itself provides for a platform."""

from __future__ import annotations


def platform_arguments(target: str, build: str | None = None, stage: str | None = None) -> dict[str, str]:
    """TARGETPLATFORM, BUILDARCH and the others, for platforms such as `linux/amd64` or `linux/arm/v7`.

    `build` is the platform of the builder, by default the target's; `stage` becomes TARGETSTAGE.
    """
    return {
        **_parts("BUILD", build or target),
        **_parts("TARGET", target),
        "TARGETSTAGE": stage or "default",
    }


def _parts(prefix: str, platform: str) -> dict[str, str]:
    system, architecture, variant = (*platform.split("/"), "", "", "")[:3]
    return {
        f"{prefix}PLATFORM": platform,
        f"{prefix}OS": system,
        f"{prefix}ARCH": architecture,
        f"{prefix}VARIANT": variant,
    }
