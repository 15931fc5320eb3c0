"""What a remote says about a source: which commit it means now, and what the default branch is."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..spec.source import GitSource
from . import failure
from .process import Progress, checked

# GitHub and Gitea, GitLab, Bitbucket Server, Azure Repos.
_PULLS = (
    "refs/pull/{}/head",
    "refs/merge-requests/{}/head",
    "refs/pull-requests/{}/from",
    "refs/pull/{}/merge",
)


class ResolvedRef(msgspec.Struct, frozen=True, kw_only=True):
    """The commit that a source means, and the full name of the ref it was found by (empty for a commit).

    `subfolder` is the source's own, corrected where a web page's link left open where the branch's name ends.
    """

    commit: str
    ref: str
    default_branch: str | None = None
    subfolder: str | None = None

    @property
    def branch(self) -> str | None:
        """The branch to be on, None where the clone is detached (tags, commits) or of a pull request."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None


async def ls_remote(
    source: GitSource,
    *,
    timeout: float = 60,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> ResolvedRef:
    """Ask the remote with one `git ls-remote`. A commit is taken as it is, only the remote has to answer.

    Raises GitMissing, RepositoryNotFound, GitLoginRequired, HostUnverified, HostUnreachable, RefNotFound,
    GitTimeout, GitFailed.
    """
    arguments = ("ls-remote", "--symref", "--", source.url, *_patterns(source))
    done = await checked(*arguments, url=source.url, timeout=timeout, environ=environ, progress=progress)
    refs, default = read_refs(done.stdout.decode("utf-8", "surrogateescape"))
    return choose(source, refs, default)


def read_refs(text: str) -> tuple[dict[str, str], str | None]:
    """What `git ls-remote --symref` prints: commits by full ref name, tags peeled; the default branch."""
    refs: dict[str, str] = {}
    default = None
    for line in text.split("\n"):
        value, _, name = line.partition("\t")
        if value.startswith("ref: ") and name == "HEAD":
            default = value.removeprefix("ref: refs/heads/")
        elif name and not value.startswith("ref: "):
            refs[name.removesuffix("^{}")] = value  # the peeled line comes after the tag's own
    return refs, default or _default_branch(refs)


def choose(source: GitSource, refs: Mapping[str, str], default: str | None) -> ResolvedRef:
    """Which of the remote's refs the source means. Raises RefNotFound."""
    if source.commit:
        return ResolvedRef(commit=source.commit, ref="", default_branch=default, subfolder=source.subfolder)
    for name, subfolder in _candidates(source):
        if name in refs:
            ref = f"refs/heads/{default}" if name == "HEAD" and default else name
            return ResolvedRef(commit=refs[name], ref=ref, default_branch=default, subfolder=subfolder)
    if source.pull_request:
        raise failure.ref_not_found(source.url, f"pull request {source.pull_request}")
    if source.branch:
        hint = f"Check the name; the default branch is {default!r}." if default else ""
        raise failure.ref_not_found(source.url, f"branch or tag {source.branch!r}", hint=hint)
    raise failure.ref_not_found(source.url, "commit yet", hint="Push a first commit.")


def _patterns(source: GitSource) -> list[str]:
    patterns = ["HEAD"]
    if source.branch:
        names = [source.branch, f"{source.branch}/*"] if source.subfolder else [source.branch]
        patterns += [f"refs/{kind}/{name}" for kind in ("heads", "tags") for name in names]
        patterns += [f"refs/tags/{source.branch}^{{}}"]
    elif source.pull_request:
        patterns += [pattern.format(source.pull_request) for pattern in _PULLS]
    return [*patterns, "refs/heads/main", "refs/heads/master"]


def _candidates(source: GitSource) -> list[tuple[str, str | None]]:
    if source.pull_request:
        return [(pattern.format(source.pull_request), source.subfolder) for pattern in _PULLS]
    if source.branch:
        return _branch_candidates(source.branch, source.subfolder)
    return [("HEAD", source.subfolder)]


def _branch_candidates(branch: str, subfolder: str | None) -> list[tuple[str, str | None]]:
    """The branch, then the tag; then longer names that take their end from the sub-folder."""
    segments = subfolder.split("/") if subfolder else []
    found: list[tuple[str, str | None]] = []
    for taken in range(len(segments) + 1):
        name = "/".join((branch, *segments[:taken]))
        rest = "/".join(segments[taken:]) or None
        found += [(f"refs/heads/{name}", rest), (f"refs/tags/{name}", rest)]
    return found


def _default_branch(refs: Mapping[str, str]) -> str | None:
    """Servers that do not tell: the usual name that is where HEAD is."""
    head = refs.get("HEAD")
    names = (name for name in ("main", "master") if head and refs.get(f"refs/heads/{name}") == head)
    return next(names, None)
