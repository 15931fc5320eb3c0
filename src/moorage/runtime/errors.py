"""What can go wrong while the runtime is put together."""

from __future__ import annotations

from moorage.errors import ImageError, UsageError


class RuntimeDownloadFailed(ImageError):
    """A package or wheel of the runtime cannot be fetched."""

    code = "runtime-download-failed"


class RuntimeUntrusted(ImageError):
    """A signature or checksum of what the runtime is made from is wrong."""

    code = "runtime-untrusted"


class RuntimeIncomplete(ImageError):
    """The runtime's parts do not fit together: something that they need is missing."""

    code = "runtime-incomplete"


class RuntimeToolFailed(ImageError):
    """A program that helps to build the runtime is missing or failed."""

    code = "runtime-tool-failed"


class RuntimeHostUnsupported(UsageError):
    """This machine cannot build the runtime."""

    code = "runtime-host-unsupported"
