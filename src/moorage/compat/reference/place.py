"""What the flags say about where the project is and which container is meant; and the words for errors."""

from __future__ import annotations

import os
import posixpath

import msgspec

from moorage.devcontainer.variables import devcontainer_id
from moorage.errors import ConfigurationError, UsageError
from moorage.facts import bounded
from moorage.spec import names

DEFAULTS = (".devcontainer/devcontainer.json", ".devcontainer.json")


class ConfigNotFound(ConfigurationError):
    """There is no devcontainer.json at the place that was named, or at those that are looked at."""

    code = "config-not-found"


class ConfigNameWrong(UsageError):
    """--config names a file that is called something else."""

    code = "config-name-wrong"


class ContainerNotFound(UsageError):
    """No container has the labels or the id that was asked for."""

    code = "dev-container-not-found"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths, "" where not given. `config` is the file's place also where `override` has its text.

    `id_labels` are those given; `labels` are those that count.
    """

    folder: str = ""
    config: str = ""
    override: str = ""
    id_labels: tuple[tuple[str, str], ...] = ()
    container: str = ""
    chosen: bool = False
    """Whether the configuration was named, not found."""
    git_root: bool = True
    common_dir: bool = False

    @property
    def labels(self) -> dict[str, str]:
        """The labels that the container is known by."""
        if self.id_labels:
            return dict(self.id_labels)
        if not self.folder:
            return {}
        return {names.LOCAL_FOLDER: self.folder, names.CONFIG_FILE: self.config}

    @property
    def devcontainer_id(self) -> str:
        return devcontainer_id(self.labels)


def place(
    folder: str | None,
    *,
    config: str | None = None,
    override: str | None = None,
    id_labels: tuple[str, ...] = (),
    container: str | None = None,
    git_root: bool = True,
    common_dir: bool = False,
) -> Place:
    """From the flags as given. The current folder counts where neither a container nor labels are named."""
    named = bool(container or id_labels)
    top = os.path.abspath(folder or ".") if folder or not named else ""  # noqa: PTH100 - links stay
    file = os.path.abspath(config) if config else ""  # noqa: PTH100
    return Place(
        folder=top,
        config=file or _found(top, bool(override)),
        override=os.path.abspath(override) if override else "",  # noqa: PTH100
        id_labels=tuple((name, value) for name, _, value in (each.partition("=") for each in id_labels)),
        container=container or "",
        chosen=bool(file),
        git_root=git_root,
        common_dir=common_dir,
    )


def text(place: Place) -> bytes:
    """The configuration's text. Raises ConfigNotFound."""
    path = place.override or place.config
    try:
        return bounded.read(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise ConfigNotFound(
            f"Dev container config ({path}) not found.",
            hint="Create it, or name another with --config PATH.",
        ) from None


def check_name(place: Place) -> None:
    """`up` takes only the two usual names of the file. Raises ConfigNameWrong."""
    if posixpath.basename(place.config) not in ("devcontainer.json", ".devcontainer.json"):
        raise ConfigNameWrong(f"Filename must be devcontainer.json or .devcontainer.json ({place.config}).")


def _found(folder: str, overridden: bool) -> str:
    """The default places; where they have nothing, the only file one folder below .devcontainer."""
    if not folder:
        return ""
    paths = [posixpath.join(folder, name) for name in DEFAULTS]
    found = next((path for path in paths if os.path.isfile(path)), "")  # noqa: PTH113
    return found or ("" if overridden else _only_below(folder)) or paths[0]


def _only_below(folder: str) -> str:
    top = posixpath.join(folder, ".devcontainer")
    try:
        children = sorted(os.listdir(top))  # noqa: PTH208
    except OSError:
        return ""
    files = [posixpath.join(top, child, "devcontainer.json") for child in children]
    found = [path for path in files if os.path.isfile(path)]  # noqa: PTH113
    return found[0] if len(found) == 1 else ""
