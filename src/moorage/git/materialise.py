"""Writing files of a commit into a folder, for example a build context, without a clone."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import uuid4

from ..spec.source import GitSource
from . import failure
from .cache import Checkout, Entry, FileNotInRepository, fetch
from .client import ResolvedRef
from .submodule import submodule_url

_NO_LFS = ("-c", "filter.lfs.process=", "-c", "filter.lfs.smudge=", "-c", "filter.lfs.required=false")
_LFS = (
    "-c", "filter.lfs.process=git-lfs filter-process",
    "-c", "filter.lfs.smudge=git-lfs smudge -- %f",
    "-c", "filter.lfs.required=true",
)  # fmt: skip


async def materialise(
    checkout: Checkout, paths: Iterable[str] | None, into: str, *, lfs: bool = False, submodules: bool = False
) -> str:
    """Write files of the commit into the new folder `into`, which appears only when it is complete.

    `paths` are files or folders, None is everything; names that git itself refuses are refused. Unless asked
    for, submodules become empty folders and LFS files stay pointers. Raises LfsMissing, FileExistsError.
    """
    chosen = _chosen(checkout.files, paths)
    await checkout.load(checkout.files[name] for name in chosen)
    if lfs:
        await _need_lfs(checkout)
    beside = Path(f"{into}.moorage-partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    index = Path(f"{checkout.store.folder}.index-{uuid4().hex}")
    try:
        await _write(checkout, chosen, beside, index, lfs=lfs)
        for name in chosen if submodules else ():
            if checkout.files[name].is_submodule:
                await _write_submodule(checkout, name, beside, lfs=lfs)
        if Path(into).exists():
            raise FileExistsError(into)
        beside.rename(into)
    finally:
        index.unlink(missing_ok=True)
        shutil.rmtree(beside, ignore_errors=True)
    return into


def _chosen(files: Mapping[str, Entry], paths: Iterable[str] | None) -> list[str]:
    if paths is None:
        return list(files)
    wanted = {path.strip("/") for path in paths}
    if wanted & {"", "."}:
        return list(files)
    folders = tuple(f"{path}/" for path in wanted)
    return [name for name in files if name in wanted or name.startswith(folders)]


async def _write(checkout: Checkout, chosen: list[str], folder: Path, index: Path, *, lfs: bool) -> None:
    """Through an index of its own: git checks the names, applies attributes, sets modes and makes links."""
    attributes = [name for name in checkout.files if name.rpartition("/")[2] == ".gitattributes"]
    await checkout.load(checkout.files[name] for name in attributes)
    names = dict.fromkeys([*attributes, *chosen])
    lines = [f"{checkout.files[name].mode:o} {checkout.files[name].object}\t{name}\0" for name in names]
    environ = {"GIT_INDEX_FILE": str(index), "GIT_LFS_SKIP_SMUDGE": "0" if lfs else "1"}
    await _step(checkout, environ, ("update-index", "-z", "--index-info"), lines)
    filters = (*_LFS, "-c", f"remote.origin.url={checkout.source.url}") if lfs else _NO_LFS
    tree = (*filters, f"--work-tree={folder}", "checkout-index", "-z", "--stdin")
    await _step(checkout, environ, tree, [f"{name}\0" for name in chosen])


async def _write_submodule(checkout: Checkout, name: str, folder: Path, *, lfs: bool) -> None:
    target = folder / name
    if target.resolve() != folder.resolve() / name:
        raise FileNotInRepository(f"The submodule {name} lies behind a link.", hint="Do without submodules.")
    kept = checkout.store
    inner = await fetch(
        GitSource(url=await _submodule_url(checkout, name)),
        str(Path(kept.folder).parent),
        resolved=ResolvedRef(commit=checkout.files[name].object, ref=""),
        timeout=kept.timeout,
        environ=kept.environ,
        progress=kept.progress,
    )
    target.rmdir()
    await materialise(inner, None, str(target), lfs=lfs, submodules=True)


async def _submodule_url(checkout: Checkout, name: str) -> str:
    modules = checkout.files.get(".gitmodules")
    if modules is None:
        raise FileNotInRepository(
            "There is no .gitmodules for the submodules.", hint="Do without submodules."
        )
    await checkout.load([modules])
    done = await checkout.store.local("config", f"--blob={modules.object}", "-z", "--list")
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    settings = dict(line.split("\n", 1) for line in lines if "\n" in line)
    keys = [key for key, path in settings.items() if key.endswith(".path") and path == name]
    return submodule_url(checkout.source.url, settings.get(f"{keys[0][:-5]}.url", "") if keys else "")


async def _step(
    checkout: Checkout, environ: Mapping[str, str], arguments: tuple[str, ...], lines: list[str]
) -> None:
    if not lines:
        return
    stdin = "".join(lines).encode("utf-8", "surrogateescape")
    done = await checkout.store.local(*arguments, stdin=stdin, environ=environ)
    refused = [line for line in done.stderr if "Invalid path" in line or "Ignoring path" in line]
    if done.code != 0 or refused:
        raise failure.explained(checkout.source.url, done.stderr)


async def _need_lfs(checkout: Checkout) -> None:
    if (await checkout.store.local("lfs", "version")).code != 0:
        raise failure.LfsMissing(
            "Files in LFS were asked for, but git-lfs is not installed here.",
            hint="Install git-lfs (for example `sudo apt-get install git-lfs`) or do without LFS.",
        )
