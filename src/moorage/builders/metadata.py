"""What BuildKit's clients write down of a build (`--metadata-file`)."""

from __future__ import annotations

import msgspec


class _Metadata(msgspec.Struct):
    digest: str | None = msgspec.field(default=None, name="containerimage.digest")


def digest(text: bytes) -> str | None:
    """The digest of the image in its registry; None where nothing tells."""
    try:
        return msgspec.json.decode(text, type=_Metadata).digest
    except msgspec.MsgspecError:
        return None
