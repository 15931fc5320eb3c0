"""A Git repository that ADD names: one commit's files, with submodules, or those of one folder of it.

`address#ref:folder`, or the same in a query. What surprises, and is so in BuildKit: files have the time of
their checkout; a folder that is asked for comes without .git, also with --keep-git-dir. Other than there, a
password in the address is refused (a credential helper may know it), and the .git that is kept knows no
submodules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from moorage.git.cache import fetch
from moorage.git.client import ResolvedRef, ls_remote
from moorage.git.materialise import materialise
from moorage.git.process import checked
from moorage.inside.environment import certificates
from moorage.inside.executor.copying.errors import CopyWrong, FetchedOther, FetchFailed
from moorage.inside.executor.copying.face import Wanted
from moorage.inside.executor.copying.select import cleaned, holds
from moorage.inside.executor.copying.tree import Files
from moorage.inside.layers.root import Root
from moorage.spec.giturl import read, without_secrets
from moorage.spec.source import GitSource

_COMMIT = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECONDS = 600.0
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

    Raises CopyWrong, FetchedOther, FetchFailed, BadSource, and what moorage.git raises.
    """
    address = parse(wanted)
    source, environ = address.source, environment(os.environ)
    shown = without_secrets(address.url)
    resolved = await ls_remote(source, environ=environ)
    for checksum in filter(None, (wanted.checksum, address.checksum)):
        if not resolved.commit.startswith(checksum):
            raise FetchedOther(
                f"{shown} is not at the commit that its checksum names",
                evidence=(f"expected {checksum}", f"found {resolved.commit}"),
                hint="See what changed there; if it is meant, write the new commit.",
            )
    checkout = await fetch(source, f"{into}/cache", resolved=resolved, timeout=_SECONDS, environ=environ)
    chosen = [address.folder] if address.folder else None
    files = await materialise(checkout, chosen, f"{into}/files", submodules=address.submodules)
    if not address.folder:
        if address.keep_git_dir:
            await _keep(files, address.url, resolved, environ)
        return files
    with Root(files) as root:
        tree = Files(root)
        if not holds(tree, address.folder) or tree.look(address.folder) != "folder":
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


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """Whom git is to trust is the image's to say, as it is for every other download."""
    authorities = certificates()
    known = {"GIT_SSL_CAINFO": authorities} if os.path.isfile(authorities) else {}  # noqa: PTH113
    return known | dict(own)


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


async def _keep(files: str, url: str, resolved: ResolvedRef, environ: Mapping[str, str]) -> None:
    """A .git with that one commit, detached, and files that are as it says."""
    wanted = resolved.ref or resolved.commit
    for arguments in (
        ("init", "--quiet", "--template="),
        ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--", url, wanted),
        ("update-ref", "--no-deref", "HEAD", resolved.commit),
        ("reset", "--quiet"),
    ):
        await checked("-C", files, *arguments, url=url, timeout=_SECONDS, environ=environ)
