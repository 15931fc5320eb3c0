"""Which state of a repository is meant: a branch or tag, a commit, a pull request; and which folder in it.

Written after `@` (`@branch`, `@sha256:COMMIT`, `@pull/N/head`, `@subpath:DIR`) or after `#`
like in Docker's build contexts (`#branch:dir`, `#pr=N`).
"""

from __future__ import annotations

import posixpath
import re

import msgspec

from .giturl import BadSource

_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_PULL = r"(?:refs/)?(?:pull|merge-requests|pull-requests)/([1-9][0-9]{0,9})/(?:head|from)"
_PULL_NUMBER = r"[pm]r=([1-9][0-9]{0,9})"


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """At most one of branch, commit and pull request is set once `joined` has looked."""

    branch: str | None = None
    commit: str | None = None
    pull_request: int | None = None
    subfolder: str | None = None


def split(path: str) -> tuple[str, str]:
    """The path, and what follows the first `@` inside a segment (`/@user/` is a name)."""
    match = re.search(r"(?<=[^/])@", path)
    return (path[: match.start()], path[match.end() :]) if match else (path, "")


def from_suffix(text: str) -> Pin:
    """What stands after the `@`, without it. Raises BadSource."""
    ref, _, folder = f"@{text}".partition("@subpath:")
    return msgspec.structs.replace(_state(ref[1:]), subfolder=inside(folder))


def from_fragment(text: str) -> Pin:
    """What stands after the `#`, without it. Raises BadSource."""
    prefix = "sha256:" if text.startswith("sha256:") else ""
    ref, _, folder = text.removeprefix(prefix).partition(":")
    return msgspec.structs.replace(_state(prefix + ref), subfolder=inside(folder))


def joined(pins: list[Pin]) -> Pin:
    """All of them together. Raises BadSource where they contradict."""
    fields: dict[str, str | int] = {}
    for pin in pins:
        for name, value in msgspec.structs.asdict(pin).items():
            if value is not None and fields.setdefault(name, value) != value:
                raise BadSource(f"The source names two of {name.replace('_', ' ')}.", hint="Name one.")
    states = sorted(fields.keys() - {"subfolder"})
    if len(states) > 1:
        named = " and ".join(states).replace("_", " ")
        raise BadSource(f"The source names {named}; only one of them can be meant.", hint="Name one.")
    return msgspec.convert(fields, Pin)


def branch_name(name: str) -> str:
    """The name, if git-check-ref-format(1) allows it. Raises BadSource."""
    parts = name.split("/")
    bad = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", name) or name in ("@", "HEAD")
    if bad or name.startswith("-") or name.endswith(".") or not all(map(_is_ref_part, parts)):
        raise BadSource(f"{name!r} cannot be the name of a branch.", hint="Check what follows `@` or `#`.")
    return name


def inside(folder: str) -> str | None:
    """A normalised path below the repository's root, None for the root. Raises BadSource."""
    path = posixpath.normpath(folder.strip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise BadSource(f"The sub-folder {folder!r} leaves the repository.", hint="Name a folder inside it.")
    return None if path == "." else path


def _state(ref: str) -> Pin:
    if not ref:
        return Pin()
    if match := re.fullmatch(_PULL, ref) or re.fullmatch(_PULL_NUMBER, ref):
        return Pin(pull_request=int(match[1]))
    commit = ref.removeprefix("sha256:").lower()
    if re.fullmatch(_COMMIT, commit):
        return Pin(commit=commit)
    if ref.startswith("sha256:"):
        raise BadSource(
            f"{commit!r} is no full commit id (40 hexadecimal digits).",
            hint="Use what `git rev-parse` prints.",
        )
    return Pin(branch=branch_name(ref.removeprefix("refs/heads/").removeprefix("refs/tags/")))


def _is_ref_part(part: str) -> bool:
    return bool(part) and not part.startswith(".") and not part.endswith(".lock")
