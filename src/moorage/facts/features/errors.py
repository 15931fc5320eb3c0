"""What can go wrong with a Feature outside of its metadata, and how an error is made to name the Feature."""

from __future__ import annotations

from moorage.errors import ConfigurationError, ImageError, MoorageError

_BEGIN = "Could not resolve Feature"


class FeatureMissing(ConfigurationError):
    """A local Feature is not where the configuration says."""

    code = "feature-missing"


class FeatureUnusable(ImageError):
    """What was found is no Feature, or an archive that is not taken out."""

    code = "feature-unusable"


class DownloadFailed(ImageError):
    """The archive of a Feature cannot be fetched from its address."""

    code = "feature-download-failed"


def about(error: MoorageError, reference: str) -> MoorageError:
    """The same error, told of the Feature that it is about; its class, evidence and hint stay."""
    if not error.message.startswith(_BEGIN):
        error.message = f"{_BEGIN} {shown(reference)}: {error.message}"
        error.args = (error.message,)
    return error


def shown(reference: str) -> str:
    """A reference as messages have it; whatever it holds, it is one line."""
    return repr(reference if len(reference) <= 120 else f"{reference[:117]}...")
