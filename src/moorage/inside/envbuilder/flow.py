"""From the variables to the program that takes our place, step by step.

A build that fails leads to the fallback image, where there is one, and to an exit code where there is none.
Hooks that go wrong are told and do not keep people out of their workspace.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from moorage.devcontainer.metadata import Merged
from moorage.devcontainer.users import remote_user
from moorage.errors import ConfigurationError, MoorageError
from moorage.facts import bounded
from moorage.inside.envbuilder import building, environment, handover, hooks
from moorage.inside.envbuilder.building import Asked, Build, Image, NothingToBuild
from moorage.inside.envbuilder.cloning import clone, fresh
from moorage.inside.envbuilder.configured import Configured, configured, merged
from moorage.inside.envbuilder.folder import OURS, Chosen, chosen, workspace_folder
from moorage.inside.envbuilder.handover import Ending
from moorage.inside.envbuilder.leaving import handed_on
from moorage.inside.envbuilder.options import Options
from moorage.inside.envbuilder.repository import Say
from moorage.inside.envbuilder.users import Person, person
from moorage.spec import journal

BUILT = f"{journal.FOLDER}/envbuilder.json"
"""What the root was built to. It lies in it, and is gone as soon as another build begins."""


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to become the init command."""

    ending: Ending
    person: Person
    folder: str
    variables: dict[str, str]


class Flow:
    """One run. `kept` is the environment without what was `taken` out of it."""

    def __init__(
        self, options: Options, kept: Mapping[str, str], taken: Mapping[str, str], build: Build, say: Say
    ) -> None:
        self._options = options
        self._kept = kept
        self._taken = taken
        self._build = build
        self._say = say
        self._folder = workspace_folder(options)
        self._root = self._folder

    async def run(self) -> Started:
        """Raises MoorageError where there is no workspace to start."""
        cloned = await self._cloned()
        image, given = await self._image()
        label = merged(image.metadata, given, None)
        path = given.place if given else ""
        container = environment.container(
            self._kept, _text("/etc/environment"), image.environment, label.container_env, path
        )
        if image.fallback:
            container["MOORAGE_FALLBACK"] = image.fallback
        known = merged(image.metadata, given, container)
        for problem in known.problems:
            self._say(problem)
        who = person(remote_user(known, (), image.user), _text("/etc/passwd"), _text("/etc/group"))
        if cloned:
            self._hand_over(who)
        await self._hooks(known, who, container)
        variables = environment.remote({"HOME": who.home, **container}, known.remote_env)
        self._export(variables)
        return await self._set_up(who, {**variables, **handed_on(self._taken)}, container)

    async def _cloned(self) -> bool:
        """Whether this run made the clone. Without one the fallback image is what can be started."""
        try:
            return await clone(self._options, self._folder, self._kept, self._say) == "cloned"
        except MoorageError as error:
            if not self._options.fallback_image:
                raise
            tell(error, self._say)
            self._say("The repository is not there: only the fallback image can be used.")
            Path(self._folder).mkdir(parents=True, exist_ok=True)
            return False

    async def _image(self) -> tuple[Image, Configured | None]:
        """What is in the root from here on, and the configuration that goes with it."""
        try:
            file = await self._chosen()
            given = self._configured(file)
            for remark in given.remarks if given else ():
                self._say(remark)
            if (there := self._built_before()) is not None:
                self._say("This container is built already (ENVBUILDER_SKIP_REBUILD).")
                return there, None if there.fallback else given
            asked = building.asked(file, given, _read)
            if asked is None:
                return await self._unconfigured(), None
            return await self._built(asked), given
        except MoorageError as error:
            if not self._options.fallback_image or self._options.exit_on_build_failure:
                raise
            return await self._fallback(error), None

    async def _chosen(self) -> Chosen:
        """From the workspace's files, or from a clone made for this build alone."""
        self._root = self._folder
        if self._options.remote_repo_build_mode and self._options.git_url:
            self._root = f"{OURS}/remote"
            shutil.rmtree(self._root, ignore_errors=True)
            only = msgspec.structs.replace(self._options, git_clone_depth=1, git_clone_single_branch=True)
            await fresh(only, self._root, self._kept, self._say)
        return chosen(self._options, self._root, os.path.isfile, _listed)

    def _configured(self, file: Chosen) -> Configured | None:
        if not file.configuration:
            return None
        self._say(f"Using {file.configuration}.")
        return configured(
            file.configuration, bounded.read(file.configuration), self._folder, self._kept, self._root
        )

    def _built_before(self) -> Image | None:
        if not self._options.skip_rebuild:
            return None
        try:
            return msgspec.json.decode(Path(BUILT).read_bytes(), type=Image)
        except (OSError, msgspec.DecodeError):
            return None

    async def _built(self, asked: Asked, fallback: str = "") -> Image:
        Path(BUILT).unlink(missing_ok=True)
        self._say(f"Building {asked.name}.")
        image = msgspec.structs.replace(await self._build(asked), fallback=fallback)
        Path(BUILT).parent.mkdir(parents=True, exist_ok=True)
        Path(BUILT).write_bytes(msgspec.json.encode(image))
        return image

    async def _unconfigured(self) -> Image:
        if not self._options.fallback_image:
            raise NothingToBuild(
                f"{self._folder} has no devcontainer.json, and there is no fallback image.",
                hint="Add .devcontainer/devcontainer.json, or set ENVBUILDER_FALLBACK_IMAGE.",
            )
        self._say(f"There is no devcontainer.json: using {self._options.fallback_image}.")
        return await self._built(building.of_image(self._options.fallback_image))

    async def _fallback(self, error: MoorageError) -> Image:
        tell(error, self._say)
        image = self._options.fallback_image
        self._say(f"NOT BUILT. This is the fallback image, in which to repair the configuration: {image}.")
        return await self._built(building.of_image(image), fallback=error.message)

    async def _hooks(self, known: Merged, who: Person, container: Mapping[str, str]) -> None:
        """A failure is told; the workspace is there all the same."""
        path = self._options.post_start_script_path
        try:
            if path:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_text(hooks.start_script(known))
                Path(path).chmod(0o755)
            found = hooks.due(known, without_start=bool(path))
            variables = {"HOME": who.home, **container}
            await hooks.run(found, known, who, self._folder, variables, self._say)
        except (MoorageError, OSError) as error:
            tell(
                error,
                self._say,
                hint="Correct it in the workspace's files, and start again.",
            )
            self._say("The lifecycle commands are not complete; the workspace starts all the same.")

    def _hand_over(self, who: Person) -> None:
        """A file system that does not let us is used as it is."""
        try:
            own(self._folder, who)
        except OSError as error:
            tell(error, self._say)

    def _export(self, variables: Mapping[str, str]) -> None:
        if not self._options.export_env_file:
            return
        try:
            Path(self._options.export_env_file).write_text(
                environment.exported(variables), errors="surrogateescape"
            )
        except OSError as error:
            tell(error, self._say)

    async def _set_up(self, who: Person, variables: dict[str, str], container: Mapping[str, str]) -> Started:
        before = handover.ending(self._options)
        given = {"HOME": "/root", **container, **handed_on(self._taken)}
        last = await handover.set_up(self._options, before, who.name, given, self._say)
        if last.user and last.user != who.name:
            who = person(last.user, _text("/etc/passwd"), _text("/etc/group"))
            variables = {**variables, "HOME": who.home}
        return Started(ending=last, person=who, folder=self._folder, variables=variables)


def own(folder: str, who: Person) -> None:
    """Give a clone that we made to its user: all that is in it, links themselves."""
    if who.uid == 0 and who.gid == 0:
        return
    os.chown(folder, who.uid, who.gid)
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(at, name), who.uid, who.gid)  # noqa: PTH118 - for each of many files


def tell(error: MoorageError | OSError, say: Callable[[str], None], *, hint: str = "") -> None:
    """As every face of moorage tells a failure: cause, evidence, what to do (or `hint`), code."""
    if isinstance(error, OSError):
        say(f"{error.filename or ''}: {error.strerror}".removeprefix(": "))
        return
    say(error.message)
    for line in error.evidence:
        say(f"    {line}")
    say(f"{hint or error.hint} [{error.code}]".lstrip())


class FileMissing(ConfigurationError):
    """A file that the configuration names is not there, or cannot be read."""

    code = "envbuilder-file-missing"


def _read(path: str) -> str:
    try:
        return bounded.read(path).decode(errors="surrogateescape")
    except OSError as error:
        raise FileMissing(
            f"{path} cannot be read: {error.strerror}.", hint="Correct the name of the Dockerfile."
        ) from error


def _text(path: str) -> str:
    try:
        return bounded.read(path).decode(errors="surrogateescape")
    except OSError:
        return ""


def _listed(folder: str) -> list[str]:
    try:
        return [entry.name for entry in Path(folder).iterdir()]
    except OSError:
        return []
