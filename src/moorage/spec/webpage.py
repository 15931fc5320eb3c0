"""Links to a forge's web pages, read as what they show: a repository and some state of it.

People paste what their browser shows. GitHub, GitLab, Bitbucket, Gitea and their self-hosted editions are
told apart by the words in the path, not by the host's name. A page does not say where a branch with slashes
ends: its first segment is taken, and `git.client.ls_remote` puts that right by what the server has.
"""

from __future__ import annotations

import re

import msgspec

from .giturl import unquoted

_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_NUMBER = r"[1-9][0-9]{0,9}"
_FILE_VIEWS = frozenset({"blob", "raw", "blame", "edit"})


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows; `repository` is the path on its host, without slashes around it."""

    repository: str
    branch: str | None = None
    commit: str | None = None
    pull_request: int | None = None
    subfolder: str | None = None
    is_file: bool = False


def read(host: str, path: str) -> Page | None:
    """The page behind a URL path as written, or None where the path is the repository itself."""
    segments = [unquoted(part) for part in path.split("/") if part]
    if "-" in segments[2:]:
        cut = segments.index("-", 2)
        return _view("/".join(segments[:cut]), host, segments[cut + 1 :])
    if len(segments) < 4 or segments[1].endswith(".git"):
        return None
    return _view("/".join(segments[:2]), host, segments[2:])


def _view(repository: str, host: str, words: list[str]) -> Page | None:
    match words:
        case ["tree", *rest] if rest:
            return _tree(repository, rest)
        case ["src", "branch" | "tag" | "commit", *rest] if rest:
            return _tree(repository, rest)
        case ["src" | "branch", *rest] if rest and host == "bitbucket.org":
            return _tree(repository, rest)
        case ["pull" | "pulls" | "pull-requests" | "merge_requests", number, *_] if re.fullmatch(
            _NUMBER, number
        ):
            return Page(repository=repository, pull_request=int(number))
        case ["commit" | "commits", commit, *_] if re.fullmatch(_COMMIT, commit):
            return Page(repository=repository, commit=commit)
        case [view, _, *_] if view in _FILE_VIEWS:
            return Page(repository=repository, is_file=True)
    return None


def _tree(repository: str, rest: list[str]) -> Page:
    ref, folder = rest[0], "/".join(rest[1:]) or None
    if re.fullmatch(_COMMIT, ref):
        return Page(repository=repository, commit=ref, subfolder=folder)
    return Page(repository=repository, branch=ref, subfolder=folder)
