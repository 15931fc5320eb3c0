"""An image's /etc/passwd, read out of its layers: who its users are before any container of it runs."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from contextlib import aclosing
from typing import IO, TYPE_CHECKING

from moorage.events import Reporter
from moorage.oci.client import Client
from moorage.oci.credentials import Credentials
from moorage.oci.manifest import Descriptor, parse_platform
from moorage.oci.reference import Reference, parse

if TYPE_CHECKING:
    from moorage.facts.image import Own
    from moorage.oci.credentials import Further

PATH = "etc/passwd"
_IN_MEMORY = 8 << 20


async def passwd(
    reference: str, platform: str, reporter: Reporter, own: Own, further: Further | None = None
) -> str:
    """The text of the topmost layer that has the file, which is the last one written; "" where none has.

    Layers are fetched from the top, and no further than that one. A layer packed as neither gzip nor plain
    tar ends the search. Raises the errors of `moorage.oci.failures`.
    """
    named = parse(reference)
    async with Client(own(), Credentials(reporter=reporter, further=further), reporter=reporter) as client:
        _, manifest = await client.manifest(named, parse_platform(platform))
        for layer in reversed(manifest.layers):
            found = await _in_layer(client, named, layer)
            if found is not None:
                return found
    return ""


async def _in_layer(client: Client, reference: Reference, layer: Descriptor) -> str | None:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        async with aclosing(client.blob(reference, layer)) as chunks:
            async for chunk in chunks:
                file.write(chunk)
        file.seek(0)
        return read(file)


def read(archive: IO[bytes]) -> str | None:
    """The file in one layer; None where the layer leaves it as it was, "" where it is not to be read."""
    try:
        with tarfile.open(fileobj=archive) as layer:
            for member in layer:
                if member.name.removeprefix("./").lstrip("/") == PATH and member.isfile():
                    content = layer.extractfile(member)
                    return content.read().decode(errors="surrogateescape") if content else ""
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return ""
    return None
