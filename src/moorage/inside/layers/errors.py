"""What can be wrong with a layer, one class for each thing that a person would do differently."""

from __future__ import annotations

import errno

from moorage.errors import ImageError


class LayerDamaged(ImageError):
    """The bytes are no layer: cut off, compressed wrongly, or no archive."""

    code = "layer-damaged"


class LayerRefused(ImageError):
    """The layer asks for something that no honest one needs: a path or a link that leads out of its root."""

    code = "layer-refused"


class LayerTooLarge(ImageError):
    """The layer would hold more than is taken out of one: bytes, members, a file, or a header."""

    code = "layer-too-large"


class LayerNotWritten(ImageError):
    """The file system did not take what the layer holds: it is full, read-only, or knows no such thing."""

    code = "layer-not-written"


class RootHalf(ImageError):
    """Unpacking into the container's own file system was cut off once: what is there is of no use."""

    code = "root-half-unpacked"


class ChangesUnreadable(ImageError):
    """What a build changed cannot be read as a layer: files vanish, or an overlay keeps them elsewhere."""

    code = "layer-changes-unreadable"


def damaged(message: str) -> LayerDamaged:
    """The error for bytes that are no layer."""
    return LayerDamaged(
        message, hint="Pull or build the image anew; if it stays so, it was published like this."
    )


def refused(message: str) -> LayerRefused:
    """The error for a member that no honest image has."""
    return LayerRefused(message, hint="Do not use this image; whoever built it can tell how this came in.")


def too_large(message: str) -> LayerTooLarge:
    """The error for a layer over its limits."""
    return LayerTooLarge(message, hint="Use another image, or raise the limit if you trust this one.")


def not_written(path: str, error: OSError) -> LayerNotWritten:
    """The error for what the file system says no to. `path` is the layer's, below its root."""
    reason = error.strerror or str(error)
    return LayerNotWritten(
        f"/{path} of a layer cannot be written: {reason}", hint=_ROOM.get(error.errno or 0, "")
    )


_ROOM = {
    errno.ENOSPC: "Make room where the layers are unpacked, or ask for a larger volume.",
    errno.EDQUOT: "Make room where the layers are unpacked, or ask for a larger volume.",
    errno.EROFS: "Unpack to a place that can be written.",
    errno.EBUSY: "Name this mount as one that is to be left alone.",
    errno.EPERM: "Run the builder as root with the default capabilities.",
    errno.EACCES: "Run the builder as root with the default capabilities.",
}
