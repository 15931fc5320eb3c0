"""Which state of a repository `URL#REF` means: a branch, a tag, a commit, a full name, or nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from moorage.errors import MoorageError
from moorage.git import failure

_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_SHORT = r"[0-9a-f]{7,64}"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What to check out. `ref` is a full name, "" for a commit; `default` the remote's branch if it tells.

    `commit` may be short, and is "" in an empty repository.
    """

    ref: str = ""
    commit: str = ""
    default: str = ""

    @property
    def branch(self) -> str:
        """The branch to be on; "" for a detached state."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""


def split(url: str) -> tuple[str, str]:
    """The address, and what follows its `#`."""
    address, _, wanted = url.strip().partition("#")
    return address, wanted.strip()


def patterns(wanted: str) -> tuple[str, ...]:
    """What to ask the remote for, beside its HEAD."""
    if not wanted or re.fullmatch(_COMMIT, wanted):
        return ("refs/heads/main", "refs/heads/master")
    return tuple(name for each in _names(wanted) for name in (each, f"{each}^{{}}"))


def target(url: str, wanted: str, refs: Mapping[str, str], default: str) -> Target:
    """What is meant, given the remote's refs (commits by name, tags peeled). Raises RefNotFound.

    A branch comes before a tag of the same name, and both before a commit.
    """
    if not wanted:
        ref = f"refs/heads/{default}" if default else ""
        return Target(ref=ref, commit=refs.get("HEAD", ""), default=default)
    if re.fullmatch(_COMMIT, wanted):
        return Target(commit=wanted, default=default)
    for name in _names(wanted):
        if name in refs:
            return Target(ref=name, commit=refs[name], default=default)
    if re.fullmatch(_SHORT, wanted):
        return Target(commit=wanted, default=default)
    hint = f"Correct what follows `#`; the default branch is {default}." if default else ""
    raise failure.ref_not_found(url, f"branch, tag or commit {wanted!r}", hint=hint)


def _names(wanted: str) -> tuple[str, ...]:
    if wanted.startswith("refs/"):
        return (wanted,)
    kinds = (f"refs/{wanted}",) if wanted.startswith(("heads/", "tags/")) else ()
    return (f"refs/heads/{wanted}", f"refs/tags/{wanted}", *kinds)


def missing(url: str, commit: str) -> MoorageError:
    """The error for a short commit that no branch has."""
    return failure.ref_not_found(url, f"branch or tag {commit!r}, and no branch has such a commit")
