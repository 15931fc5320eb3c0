"""The build context on disk: what is in it, its digest, and the archive that a builder is sent."""

from moorage.facts.context.archive import write_tar
from moorage.facts.context.digest import hash_context
from moorage.facts.context.tree import (
    ContextChanged,
    ContextMissing,
    ContextTree,
    ContextUnreadable,
    Entry,
)

__all__ = [
    "ContextChanged",
    "ContextMissing",
    "ContextTree",
    "ContextUnreadable",
    "Entry",
    "hash_context",
    "write_tar",
]
