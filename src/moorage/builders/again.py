"""The second try of a build that another one disturbed."""

from __future__ import annotations

import msgspec

from moorage.builders.engine.errors import BuildDisturbed
from moorage.events import Notice
from moorage.spec.build import BuildSpec


def again(spec: BuildSpec, error: BuildDisturbed) -> tuple[BuildSpec, Notice]:
    """What to build now, and what to say of it: a step that is lost in the cache is got past without that."""
    text = f"{error.message} It is built once more{', without the cache' if error.in_cache else ''}."
    changed = msgspec.structs.replace(spec, no_cache=spec.no_cache or error.in_cache)
    return changed, Notice(level="fallback", code=error.code, text=text)
