"""What can be wrong with a COPY or an ADD, one class for each thing that a person would do differently."""

from __future__ import annotations

import errno

from moorage.errors import ConfigurationError, ImageError, SourceError


class CopyWrong(ConfigurationError):
    """The instruction contradicts itself, or has a mode or a pattern that means nothing."""

    code = "copy-wrong"


class CopySourceMissing(ConfigurationError):
    """A source is not there, or .dockerignore keeps it from the builder."""

    code = "copy-source-missing"

    def __init__(self, message: str, *, written: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.written = written


class CopyInTheWay(ConfigurationError):
    """A file is where a folder has to be, or a folder where a file has to be."""

    code = "copy-in-the-way"


class CopyNotDone(ImageError):
    """The file system does not give or take what is to be copied."""

    code = "copy-not-done"


class ArchiveRefused(ImageError):
    """What ADD is to unpack is damaged, too large, or leads out of its destination."""

    code = "add-archive-refused"


class FetchFailed(SourceError):
    """What ADD is to download cannot be had."""

    code = "add-fetch-failed"


class FetchedOther(SourceError):
    """What was downloaded is not what --checksum names."""

    code = "add-checksum-mismatch"


def missing(written: str, *, ignored: bool = False) -> CopySourceMissing:
    """The error for a source as it is written."""
    if ignored:
        message, hint = (
            f"{written} is kept from the builder by .dockerignore",
            "Take it out of .dockerignore.",
        )
    else:
        message = f"{written} is not there"
        hint = "Check the path: it starts at the root of the context or stage."
    return CopySourceMissing(message, written=written, hint=hint)


def in_the_way(path: str, what: str = "is no folder, and something is to come into it") -> CopyInTheWay:
    """The error for a destination, below its root."""
    return CopyInTheWay(f"/{path} {what}", hint="Choose another destination, or remove it in a RUN before.")


def not_done(path: str, error: OSError) -> CopyNotDone:
    """The error for what the file system says no to."""
    reason = error.strerror or str(error)
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "Make room, or ask for a larger volume." if full else "Run the builder as root."
    return CopyNotDone(f"/{path} cannot be copied: {reason}", hint=hint)
