"""What can go wrong with a build on the engine, beside what can go wrong with any image."""

from __future__ import annotations

from moorage.errors import ConfigurationError, DeadlineError, EngineError, ImageError
from moorage.spec.build import BuildSpec


class BuildFailed(ImageError):
    """An instruction failed. `line` is its first line in the Dockerfile, 0 where nobody said."""

    code = "build-failed"

    def __init__(
        self, message: str, *, line: int = 0, evidence: tuple[str, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message, evidence=evidence, hint=hint)
        self.line = line


class BuildDisturbed(BuildFailed):
    """The engine lost a step that this build shares with one that was cut off.

    `in_cache`: it keeps the lost step in its cache, so that only a build without it gets past.
    """

    code = "build-disturbed"
    in_cache = False


class BuilderMissing(EngineError):
    """What there is to build with cannot build this Dockerfile."""

    code = "builder-missing"


class BuildTimeout(DeadlineError):
    """The build did not end within its limit."""

    code = "build-timeout"


class BadBuildOption(ConfigurationError):
    """A word in build.options that the builder does not know."""

    code = "bad-build-option"


class BadBuildArgument(ConfigurationError):
    """A build argument that no process can be given."""

    code = "bad-build-argument"


class BuildSecretMissing(ConfigurationError):
    """A build secret whose file or variable is not there."""

    code = "build-secret-missing"


class ImageVanished(ImageError):
    """The build ended well and the engine does not have the image under its tag."""

    code = "built-image-missing"


def too_late(spec: BuildSpec, said: tuple[str, ...], limit: float) -> BuildTimeout:
    """For a build that was cut off after `limit` seconds, with the last that was said."""
    return BuildTimeout(
        f"The build of {spec.dockerfile_name} did not end within {limit:.0f} s.",
        evidence=said[-5:],
        hint="Raise the limit, or look at what the last step was doing.",
    )
