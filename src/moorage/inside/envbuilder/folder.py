"""Where the workspace is, and which file configures it. Pure, but for a look at the folder's few places."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from urllib.parse import unquote

import msgspec

from moorage.devcontainer import discovery
from moorage.inside.envbuilder.options import Options

EMPTY = "empty"
OURS = "/.moorage-envbuilder"
"""What a build reads and must not delete: a clone for it alone, Features, authorities; no secrets."""
_FOLDER = ".devcontainer"
_FILE = "devcontainer.json"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What is built: a Dockerfile alone, or a devcontainer.json; both empty where there is neither.

    Paths are absolute. `context` is the Dockerfile's.
    """

    configuration: str = ""
    dockerfile: str = ""
    context: str = ""


def workspace_folder(options: Options) -> str:
    """The folder as asked for, else the repository's name below the base."""
    if options.workspace_folder:
        return posixpath.normpath(options.workspace_folder)
    return posixpath.join(posixpath.normpath(options.workspace_base_dir), repository_name(options.git_url))


def repository_name(url: str) -> str:
    """The last part of a URL's path without `.git`, `#…` and slashes; `empty` where it has none.

    Never one that leads elsewhere: `..` is none.
    """
    path = _path(url.strip().partition("#")[0])
    name = unquote(posixpath.basename(path.rstrip("/")))
    name = name.removesuffix(".git") or name
    return name if name.strip(". ") and "/" not in name and "\0" not in name else EMPTY


def chosen(
    options: Options, folder: str, is_file: Callable[[str], bool], listed: Callable[[str], list[str]]
) -> Chosen:
    """Which file decides. `listed` names what is in a folder, nothing where there is none.

    Raises NoConfiguration where a file that was asked for is not there.
    """
    if options.dockerfile_path:
        return Chosen(
            dockerfile=posixpath.normpath(posixpath.join(folder, options.dockerfile_path)),
            context=posixpath.normpath(posixpath.join(folder, options.build_context_path)),
        )
    if options.devcontainer_json_path or options.devcontainer_dir:
        return Chosen(configuration=_asked(options, folder, is_file))
    found = discovery.candidates(_places(folder, is_file, listed))
    if not found:
        root = posixpath.join(folder, _FILE)  # no place of the specification, but one of the peer's
        return Chosen(configuration=root if is_file(root) else "")
    # Of several without a default the first by name: nobody is there to choose, and the peer takes one, too.
    return Chosen(configuration=posixpath.join(folder, found[0].path))


def _asked(options: Options, folder: str, is_file: Callable[[str], bool]) -> str:
    within = posixpath.join(folder, options.devcontainer_dir or _FOLDER)
    path = posixpath.normpath(posixpath.join(within, options.devcontainer_json_path or _FILE))
    if not is_file(path):
        raise discovery.NoConfiguration(
            f"There is no {path}.",
            evidence=("ENVBUILDER_DEVCONTAINER_DIR and ENVBUILDER_DEVCONTAINER_JSON_PATH lead there",),
            hint="Correct these variables, or add the file to the repository.",
        )
    return path


def _places(folder: str, is_file: Callable[[str], bool], listed: Callable[[str], list[str]]) -> list[str]:
    """The places of the specification, whatever the order in which a folder lists its entries."""
    below = [f"{_FOLDER}/{name}/{_FILE}" for name in sorted(listed(posixpath.join(folder, _FOLDER)))]
    known = (f"{_FOLDER}/{_FILE}", ".devcontainer.json", *below)
    return [path for path in known if is_file(posixpath.join(folder, path))]


def _path(url: str) -> str:
    """The path of a URL, of the scp form, or a path itself."""
    scheme, separator, rest = url.partition("://")
    if separator:
        rest = rest.partition("?")[0]
        return rest.partition("/")[2] if scheme != "file" else rest
    host, colon, path = url.partition(":")
    return path if colon and "/" not in host else url
