"""Runs the tests of Features: a workspace for each trial, its scripts inside, and nothing left afterwards."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.resources import files as resources
from pathlib import Path

import msgspec

from moorage.compat.authoring.trials import Script, Trial
from moorage.errors import MoorageError
from moorage.events import failed
from moorage.planner.request import Request
from moorage.spec.source import LocalFolder
from moorage.workspace.session import session
from moorage.workspace.site import Site, host
from moorage.workspace.up import Up, up

LIBRARY = "dev-container-features-test-lib"
LABEL = "devcontainer.is_test_run=true"

Write = Callable[[bytes], None]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How one script ended. `detail` says why where it did not come to run."""

    title: str
    passed: bool
    detail: str = ""


async def run(trials: Sequence[Trial], site: Site, write: Write, *, preserve: bool = False) -> list[Result]:
    """Every trial, one after the other; a failure does not stop the rest. `write` gets what scripts print.

    With `preserve` the workspaces stay, with their folders.
    """
    results: list[Result] = []
    for trial in trials:
        results += await _run(trial, site, write, preserve=preserve)
    return results


def report(results: Sequence[Result]) -> str:
    """The words that people and their scripts look for at the end."""
    lines = [f"{'✅ Passed' if each.passed else '❌ Failed'}:      '{each.title}'" for each in results]
    details = [f"  {each.title}: {each.detail}" for each in results if each.detail]
    return "\n".join(("", "================== TEST REPORT ==================", *lines, *details))


def lay_out(trial: Trial, folder: Path) -> None:
    """The workspace's files: configuration, Features, and what the scenario brings."""
    place = folder / ".devcontainer"
    place.mkdir(parents=True)
    if trial.extra:
        shutil.copytree(trial.extra, place, symlinks=True, dirs_exist_ok=True)
    for name, source in trial.features.items():
        shutil.copytree(source, place / name, symlinks=True, dirs_exist_ok=True)
    configuration = _labelled(trial.configuration)
    (place / "devcontainer.json").write_bytes(msgspec.json.encode(configuration))


async def _run(trial: Trial, site: Site, write: Write, *, preserve: bool) -> list[Result]:
    top = Path(tempfile.mkdtemp(prefix="moorage-features-test-"))
    folder = top / "workspace"
    request: Request | None = None
    try:
        lay_out(trial, folder)
        _open_to_all(folder)
        request = _request(folder, site)
        made = await up(request, site)
        return [await _script(script, made, folder, site, write) for script in trial.scripts]
    except MoorageError as error:
        _tell(error, site)
        return [Result(title=each.title, passed=False, detail=error.message) for each in trial.scripts]
    finally:
        if not preserve:
            await asyncio.shield(_clear(request, top, site))


async def _script(script: Script, made: Up, folder: Path, site: Site, write: Write) -> Result:
    _bring(script, folder)
    entered = await session(str(folder), site, dict(script.environment))
    inside = site.driver.inside(made.container_id)
    process = await inside.run(
        entered.command(("/bin/sh", "-c", '"$0"', f"./{script.file}")),
        user=entered.user,
        environment=entered.environment,
        folder=entered.folder,
    )
    try:
        async for _, chunk in process.output():
            write(chunk)
        code = await process.wait()
    finally:
        await process.close()
    return Result(title=script.title, passed=code == 0, detail="" if code == 0 else f"exit code {code}")


def _bring(script: Script, folder: Path) -> None:
    """The test's folder and the library, where the script runs and everybody may write."""
    shutil.copytree(script.folder, folder, symlinks=True, dirs_exist_ok=True)
    library = resources("moorage.compat.authoring") / "test_lib.sh"
    (folder / LIBRARY).write_bytes(library.read_bytes())
    _open_to_all(folder)


def _open_to_all(folder: Path) -> None:
    """The remote user is not the one who made these files. Features keep their modes: those are installed."""
    folder.parent.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink() and ".devcontainer" not in path.relative_to(folder).parts:
            path.chmod(0o777)


def _labelled(configuration: dict[str, object]) -> dict[str, object]:
    """So that what a killed run left can be found."""
    given = configuration.get("runArgs", [])
    if configuration.get("dockerComposeFile") or not isinstance(given, list):
        return configuration
    return {**configuration, "runArgs": [*given, "--label", LABEL]}


def _request(folder: Path, site: Site) -> Request:
    source = LocalFolder(path=str(folder))
    return Request(
        source=source,
        host=host(source, site.environment),
        update_uid="never",
        lockfile="ignore",
        wait_for_all=True,
        allow_host_commands=True,
    )


async def _clear(request: Request | None, top: Path, site: Site) -> None:
    try:
        if request:
            await site.driver.delete(request.workspace)
    except MoorageError as error:
        _tell(error, site)
    shutil.rmtree(top, ignore_errors=True)


def _tell(error: MoorageError, site: Site) -> None:
    site.reporter.emit(failed(error))
