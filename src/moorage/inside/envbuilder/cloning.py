"""The clone: made beside its place and moved there when it is whole; what is there already is left alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from moorage.errors import MoorageError, SourceError
from moorage.git.client import read_refs
from moorage.git.failure import shown
from moorage.inside.envbuilder import refs
from moorage.inside.envbuilder.access import Access, access
from moorage.inside.envbuilder.options import Options
from moorage.inside.envbuilder.repository import Say, git, tried

Outcome = Literal["cloned", "kept", "none"]

_PARTIAL = ".moorage-partial"
_WHOLE = ".moorage-clone"
_NOT_THEIRS = frozenset({"lost+found", _PARTIAL})


class FolderTaken(SourceError):
    """The clone's place has files that are no repository."""

    code = "envbuilder-folder-taken"


async def clone(options: Options, folder: str, environ: Mapping[str, str], say: Say) -> Outcome:
    """Have the repository in `folder`; "kept" where one is there, "none" where none is asked for.

    Raises FolderTaken, BadSource, KeyUnreadable, and the errors of git; the place is as before then.
    """
    if not options.git_url:
        Path(folder).mkdir(parents=True, exist_ok=True)
        return "none"
    if os.path.lexists(f"{folder}/.git"):
        say(f"{folder} is a repository already, and stays as it is.")
        return "kept"
    if Path(folder, _WHOLE).is_dir():  # the last run ended while it moved them
        _spread(folder)
        return "cloned"
    _check_free(folder)
    await fresh(options, folder, environ, say)
    return "cloned"


async def fresh(options: Options, folder: str, environ: Mapping[str, str], say: Say) -> None:
    """A clone in a folder that has nothing yet. Raises as `clone`."""
    _, wanted = refs.split(options.git_url)
    partial = _place(folder)
    shutil.rmtree(partial, ignore_errors=True)
    Path(partial).mkdir(parents=True)
    try:
        with access(options, environ) as way:
            say(f"Cloning {shown(way.url)} into {folder}.")
            await _filled(way, options, wanted, partial, say)
        _moved(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


async def _filled(way: Access, options: Options, wanted: str, partial: str, say: Say) -> None:
    found, default = read_refs(
        await git(way, "ls-remote", "--symref", "--", way.url, "HEAD", *refs.patterns(wanted), say=say)
    )
    target = refs.target(way.url, wanted, found, default or "")
    form = "sha256" if len(target.commit) == 64 else "sha1"
    await git(
        way, "init", "-q", f"--object-format={form}", f"--initial-branch={target.branch or 'main'}", partial
    )
    only = target.branch if options.git_clone_single_branch and target.branch else "*"
    await git(way, "config", "remote.origin.url", way.url, folder=partial)
    spec = f"+refs/heads/{only}:refs/remotes/origin/{only}"
    await git(way, "config", "remote.origin.fetch", spec, folder=partial)
    if not target.commit and not target.ref:
        say("The repository is empty.")
        return
    await _fetched(way, options, target, partial, say)
    await _checked_out(way, target, partial)
    await _submodules(way, options, partial, say)


async def _fetched(way: Access, options: Options, target: refs.Target, partial: str, say: Say) -> None:
    depth = (f"--depth={options.git_clone_depth}",) if options.git_clone_depth else ()
    fetch = ("fetch", "--progress", "--no-recurse-submodules", *depth, "origin")
    narrow = options.git_clone_single_branch and not target.branch
    if not narrow:
        await git(way, *fetch, folder=partial, say=say)
    known = await tried(way, "cat-file", "-e", f"{target.commit}^{{commit}}", folder=partial)
    if not known:  # of a tag, of a pull request, or in no branch's last commits
        names = [_kept(target.ref)] * bool(target.ref) + [target.commit] * (len(target.commit) >= 40)
        for name in names[:-1]:
            if await tried(way, *fetch, name, folder=partial):
                return
        if not names:
            raise refs.missing(way.url, target.commit)
        await git(way, *fetch, names[-1], folder=partial, say=say)


def _kept(ref: str) -> str:
    """A tag keeps its name."""
    return f"+{ref}:{ref}" if ref.startswith("refs/tags/") else ref


async def _checked_out(way: Access, target: refs.Target, partial: str) -> None:
    origin = "refs/remotes/origin/"
    if target.default and await tried(
        way, "rev-parse", "-q", "--verify", origin + target.default, folder=partial
    ):
        await git(way, "symbolic-ref", f"{origin}HEAD", origin + target.default, folder=partial)
    if not target.branch:
        await git(way, "checkout", "-q", "--detach", target.commit, "--", folder=partial)
        return
    await git(way, "checkout", "-q", "--no-track", "-B", target.branch, target.commit, "--", folder=partial)
    await git(way, "config", f"branch.{target.branch}.remote", "origin", folder=partial)
    await git(way, "config", f"branch.{target.branch}.merge", target.ref, folder=partial)


async def _submodules(way: Access, options: Options, partial: str, say: Say) -> None:
    """By git's own helper: `git submodule` is a shell script. The peer gets none, so no failure stops us."""
    if not options.git_submodules or not Path(partial, ".gitmodules").is_file():
        return
    try:
        await git(way, "submodule--helper", "update", "--init", "--recursive", folder=partial, say=say)
    except MoorageError as error:
        for line in (error.message, *error.evidence[-5:]):
            say(line)
        say("Submodules are not complete; `git submodule update --init --recursive` goes on.")


def _check_free(folder: str) -> None:
    there = Path(folder)
    found = sorted({each.name for each in there.iterdir()} - _NOT_THEIRS) if there.is_dir() else []
    if found or (os.path.lexists(folder) and not there.is_dir()):
        raise FolderTaken(
            f"{folder} has files, but is no repository: nothing is cloned over them.",
            evidence=tuple(found[:5]),
            hint="Move them away, or choose another folder with ENVBUILDER_WORKSPACE_FOLDER.",
        )


def _place(folder: str) -> str:
    """Where the clone is made: beside, or within where the folder is a mount and cannot be replaced."""
    return f"{folder}/{_PARTIAL}" if os.path.ismount(folder) else f"{folder}{_PARTIAL}"


def _moved(partial: str, folder: str) -> None:
    """All at once by a rename; within a mount one by one, which a later run goes on with if it is cut off."""
    if not os.path.ismount(folder):
        if Path(folder).is_dir():
            Path(folder).rmdir()
        Path(partial).rename(folder)
        return
    Path(partial).rename(Path(folder, _WHOLE))
    _spread(folder)


def _spread(folder: str) -> None:
    """`.git`, which makes it a repository, comes last."""
    whole = Path(folder, _WHOLE)
    for entry in sorted(whole.iterdir(), key=lambda entry: entry.name == ".git"):
        entry.rename(Path(folder, entry.name))
    whole.rmdir()
