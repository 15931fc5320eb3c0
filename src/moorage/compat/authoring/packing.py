"""Archives of Features and Templates that are the same bytes wherever and whenever they are packed.

They are tars without compression, as the media type of the layer says and the reference CLI does, although
the name ends with .tgz; whoever reads them looks at the bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from moorage.compat.authoring.collection import FILES, Item, Kind
from moorage.errors import UsageError
from moorage.facts.context.archive import Part, write_parts
from moorage.facts.features.cache import tree

COLLECTION = "devcontainer-collection.json"
SOURCE = "moorage"


class OutputExists(UsageError):
    """The folder for the archives is there already, and may hold something else."""

    code = "output-exists"


def archive_name(item: Item) -> str:
    """devcontainer-feature-<id>.tgz, which is also what a Feature at an address must be called."""
    return f"devcontainer-{item.kind}-{item.id}.tgz"


def pack(item: Item) -> bytes:
    """All files of the folder, sorted, with one time and owner; the metadata as it is published.

    Names begin with ./: the reference CLI finds a Template's metadata, and so its options, by no other name.
    Raises ContextChanged where files change under way.
    """
    extra = {} if item.metadata == item.raw else {f"./{FILES[item.kind]}": _pretty(item.metadata)}
    files = Part(root=str(item.folder), entries=tree(item.folder).entries, place=".")
    return b"".join(write_parts([files], extra))


def collection_metadata(items: Iterable[Item], kind: Kind) -> bytes:
    """What stands beside the items: the metadata of all of them."""
    return _pretty({"sourceInformation": {"source": SOURCE}, f"{kind}s": [item.metadata for item in items]})


def write(items: Iterable[Item], kind: Kind, output: Path, *, clean: bool = False) -> list[str]:
    """Archives and the collection's metadata in the folder `output`; their names.

    Raises OutputExists where it is there already, unless `clean` says that it may be replaced.
    """
    if output.exists():
        if not clean:
            raise OutputExists(
                f"Output directory '{output}' already exists.",
                hint="Remove it, or pass --force-clean-output-folder.",
            )
        shutil.rmtree(output)
    output.mkdir(parents=True)
    packed = list(items)
    for item in packed:
        (output / archive_name(item)).write_bytes(pack(item))
    (output / COLLECTION).write_bytes(collection_metadata(packed, kind))
    return [*(archive_name(item) for item in packed), COLLECTION]


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=4)
