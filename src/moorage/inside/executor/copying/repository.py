"""A Git repository that ADD names: one commit's files, with submodules, or those of one folder of it.

`address#ref:folder`, or the same in a query. What surprises, and is so in BuildKit: files have the time of
their checkout; a folder that is asked for comes without .git, also with --keep-git-dir. Other than there, a
password in the address is refused, no login is used, the .git that is kept knows no submodules, and
these come without the .git file that points nowhere, and never from files of this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

from moorage.git.client import ResolvedRef, choose, read_refs
from moorage.git.failure import GitFailed, RefNotFound, ref_not_found
from moorage.git.submodule import submodule_url
from moorage.inside.executor.copying.errors import CopyWrong, FetchedOther, FetchFailed
from moorage.inside.executor.copying.face import Wanted
from moorage.inside.executor.copying.git import git
from moorage.inside.executor.copying.select import cleaned, holds
from moorage.inside.executor.copying.tree import Files
from moorage.inside.layers.root import Root
from moorage.spec.giturl import read, without_secrets
from moorage.spec.source import GitSource

_COMMIT = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SUBMODULE = "160000 commit"
_DEEPEST = 10
_YES = ("", "1", "true")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """What of a repository is wanted: `ref` is a branch, a tag or a whole commit, "" the default branch."""

    url: str
    ref: str = ""
    folder: str = ""
    checksum: str = ""
    keep_git_dir: bool = False
    submodules: bool = True

    @property
    def source(self) -> GitSource:
        """As moorage.git has it."""
        if _COMMIT.fullmatch(self.ref):
            return GitSource(url=self.url, commit=self.ref)
        return GitSource(url=self.url, branch=re.sub("^refs/(?:heads|tags)/", "", self.ref) or None)


async def clone(wanted: Wanted, into: str) -> str:
    """The folder below `into` that has what is wanted.

    Raises CopyWrong, FetchedOther, FetchFailed, BadSource, and what git's words mean (`moorage.git.failure`).
    """
    address = parse(wanted)
    shown = without_secrets(address.url)
    resolved = await _resolve(address.source)
    for checksum in filter(None, (wanted.checksum, address.checksum)):
        if not resolved.commit.startswith(checksum):
            raise FetchedOther(
                f"{shown} is not at the commit that its checksum names",
                evidence=(f"expected {checksum}", f"found {resolved.commit}"),
                hint="See what changed there; if it is meant, write the new commit.",
            )
    files = f"{into}/files"
    Path(files).mkdir()
    await _check_out(address.url, resolved, files, submodules=_DEEPEST if address.submodules else 0)
    if address.folder or not address.keep_git_dir:
        await asyncio.to_thread(shutil.rmtree, f"{files}/.git")
    if not _is_folder(files, address.folder):
        raise FetchFailed(f"{shown} has no folder {address.folder}", hint="Check the path and the ref.")
    return f"{files}/{address.folder}"


def parse(wanted: Wanted) -> Address:
    """What an address means. Raises CopyWrong, BadSource."""
    text, _, fragment = wanted.address.partition("#")
    url, _, query = text.partition("?")
    ref, _, folder = fragment.partition(":")
    known = read(url)
    if known is None:
        raise CopyWrong(
            f"{without_secrets(url)} is no address of a repository", hint="Check how it is written."
        )
    found = Address(url=known.url, ref=ref, folder=cleaned(folder), keep_git_dir=wanted.keep_git_dir)
    for key, value in parse_qsl(query, keep_blank_values=True):
        found = _said(found, key, value)
    return found


def _said(address: Address, key: str, value: str) -> Address:
    """What one word of a query adds (Dockerfile reference, "Adding files from a Git repository")."""
    change = msgspec.structs.replace
    match key:
        case "ref":
            return change(address, ref=value)
        case "branch":
            return change(address, ref=f"refs/heads/{value}")
        case "tag":
            return change(address, ref=f"refs/tags/{value}")
        case "commit":
            return change(address, ref=address.ref or value, checksum=value)
        case "checksum":
            return change(address, checksum=value)
        case "subdir":
            return change(address, folder=cleaned(value))
        case "keep-git-dir":
            return change(address, keep_git_dir=value in _YES)
        case "submodules":
            return change(address, submodules=value in _YES)
    raise CopyWrong(
        f"{without_secrets(address.url)} has {key!r} in its query, which means nothing",
        hint="Write ref, branch, tag, commit, checksum, subdir, keep-git-dir or submodules.",
    )


async def _resolve(source: GitSource) -> ResolvedRef:
    if source.commit:
        return ResolvedRef(commit=source.commit, ref="")
    name = source.branch
    patterns = (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/tags/{name}^{{}}") if name else ()
    refs = await git("ls-remote", "--symref", "--", source.url, "HEAD", *patterns, url=source.url)
    return choose(source, *read_refs(refs))


async def _check_out(url: str, resolved: ResolvedRef, files: str, *, submodules: int) -> None:
    """One commit into an empty folder, detached. `submodules` is how deep they may lie in one another."""
    kind = "sha256" if len(resolved.commit) == 64 else "sha1"
    await git("init", "--quiet", "--template=", f"--object-format={kind}", ".", url=url, folder=files)
    await _fetch(url, resolved, files)
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")
    await git(*quiet, "checkout", "--quiet", "--detach", resolved.commit, url=url, folder=files)
    if not submodules:
        return
    tree = await git("ls-tree", "-r", "-z", "HEAD", url=url, folder=files)
    for line in tree.split("\0"):
        facts, _, path = line.partition("\t")
        if facts.startswith(_SUBMODULE) and _is_folder(files, path):
            commit = facts.split(" ")[2]
            inner = ResolvedRef(commit=commit, ref="")
            below = f"{files}/{path}"
            await _check_out(await _url_of(url, files, path), inner, below, submodules=submodules - 1)
            await asyncio.to_thread(shutil.rmtree, f"{below}/.git")


async def _fetch(url: str, resolved: ResolvedRef, files: str) -> None:
    """The commit alone where the server gives it; some give only what a ref names, some only all."""
    fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    ways = [("--depth=1", "--", url, each) for each in (resolved.commit, resolved.ref) if each]
    for way in (*ways, ("--", url, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")):
        with contextlib.suppress(RefNotFound, GitFailed):
            await git(*fetch, *way, url=url, folder=files)
            await git("cat-file", "-e", f"{resolved.commit}^{{commit}}", url=url, folder=files)
            return
    raise ref_not_found(url, f"commit {resolved.commit}")


async def _url_of(parent: str, files: str, path: str) -> str:
    """Where a submodule is from, which is never a folder of this machine."""
    said = await git("config", "-z", "--blob=HEAD:.gitmodules", "--list", url=parent, folder=files)
    settings = dict(line.split("\n", 1) for line in said.split("\0") if "\n" in line)
    name = next((key[:-5] for key, value in settings.items() if key.endswith(".path") and value == path), "")
    return submodule_url(parent, settings.get(f"{name}.url", ""))


def _is_folder(files: str, path: str) -> bool:
    """Whether it is one, with no link on the way to it."""
    with Root(files) as root:
        tree = Files(root)
        return not path or (holds(tree, path) and tree.look(path) == "folder")
