"""Mounts as the engine's `--mount` writes them, and where the workspace itself is mounted."""

from __future__ import annotations

from posixpath import basename, commonpath, dirname, relpath

import msgspec

from moorage.devcontainer.properties import Configuration, MountObject
from moorage.errors import ConfigurationError

WORKSPACES = "/workspaces"

_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
_TRUE = ("", "1", "t", "true")
_FALSE = ("0", "f", "false")


class BadMount(ConfigurationError):
    """A mount's text is not what `--mount` takes."""

    code = "bad-mount"


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One mount. A volume without a source is anonymous; options keep their order, None is a bare word."""

    kind: str = "volume"
    source: str | None = None
    target: str
    read_only: bool = False
    options: tuple[tuple[str, str | None], ...] = ()


class WorkspacePaths(msgspec.Struct, frozen=True, kw_only=True):
    """Where the project is on this machine and in the container.

    `root` is the folder on this machine that the default mount shares (the repository's top where there is
    one); `mount` is None when the configuration wants none; `folder` is the working folder inside.
    `common` is the main repository's folder of a linked worktree, where that is shared too.
    """

    root: str
    mount: Mount | None
    folder: str
    common: Mount | None = None


def parse_mount(text: str) -> Mount:
    """A mount from the engine's `type=…,source=…,target=…` (one CSV record). Raises BadMount."""
    given: dict[str, str] = {}
    options: list[tuple[str, str | None]] = []
    for field in _csv_fields(text):
        name, equals, value = field.partition("=")
        key = _ALIASES.get(name.strip().lower(), name.strip().lower())
        if key in ("type", "source", "target", "readonly"):
            given[key] = value
        elif key:
            options.append((key, value if equals else None))
    if not given.get("target"):
        raise _bad(text, "it has no target", "Add target=/path/in/the/container.")
    return Mount(
        kind=given.get("type", "volume"),
        source=given.get("source") or None,
        target=given["target"],
        read_only=_flag(text, given.get("readonly", "false")),
        options=tuple(options),
    )


def mount_of(value: str | MountObject) -> Mount:
    """A mount from either form of the configuration. Raises BadMount."""
    if isinstance(value, str):
        return parse_mount(value)
    return Mount(kind=value.type, source=value.source or None, target=value.target)


def format_mount(mount: Mount) -> str:
    """The text that `--mount` takes; `parse_mount` reads it back to the same mount."""
    fields = [f"type={mount.kind}"]
    if mount.source:
        fields.append(f"source={mount.source}")
    fields.append(f"target={mount.target}")
    if mount.read_only:
        fields.append("readonly")
    fields += [key if value is None else f"{key}={value}" for key, value in mount.options]
    return ",".join(_quoted(field) for field in fields)


def workspace_paths(
    local_folder: str,
    git_root: str | None,
    configuration: Configuration,
    *,
    consistency: str | None = None,
    git_common: str = "",
) -> WorkspacePaths:
    """The workspace's mount and folder: the file's own where given, else the repository under /workspaces.

    `consistency` is for engines on macOS and Windows. `git_common` is the main repository's `.git`, where a
    linked worktree names it by a relative path: both are mounted as far apart as they are here. Compose
    files mount for themselves. Raises BadMount.
    """
    root, below = _root_and_below(local_folder, git_root)
    if configuration.docker_compose_file is not None and configuration.kind == "compose":
        return WorkspacePaths(root=root, mount=None, folder=configuration.workspace_folder or "/")
    chosen = configuration.workspace_mount is not None and configuration.workspace_folder is not None
    inside, common = (_name(root), None) if chosen or not git_common else _worktree(root, git_common)
    mount = _workspace_mount(root, inside, configuration, consistency)
    top = mount.target if mount and configuration.workspace_mount else f"{WORKSPACES}/{inside}"
    folder = configuration.workspace_folder or (f"{top}/{below}" if below else top)
    return WorkspacePaths(root=root, mount=mount, folder=folder, common=common)


def _worktree(root: str, git_common: str) -> tuple[str, Mount]:
    """The worktree's path below /workspaces, and the mount of what its relative path leads to."""
    above = commonpath((dirname(root), git_common))
    target = f"{WORKSPACES}/{relpath(git_common, above)}"
    return relpath(root, above), Mount(kind="bind", source=git_common, target=target)


def _workspace_mount(
    root: str, inside: str, configuration: Configuration, consistency: str | None
) -> Mount | None:
    if configuration.workspace_mount == "":
        return None
    if configuration.workspace_mount:
        return parse_mount(configuration.workspace_mount)
    return Mount(
        kind="bind",
        source=root,
        target=f"{WORKSPACES}/{inside}",
        options=(("consistency", consistency),) if consistency else (),
    )


def _root_and_below(local_folder: str, git_root: str | None) -> tuple[str, str]:
    """The shared folder, and the workspace's path below it ("" when they are the same)."""
    if git_root is None:
        return local_folder, ""
    below = relpath(local_folder, git_root)
    if below.startswith(".."):
        return local_folder, ""
    return git_root, "" if below == "." else below


def _name(root: str) -> str:
    return basename(root.rstrip("/")) or "workspace"


def _flag(text: str, value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise _bad(text, f"readonly cannot be {value!r}", "Write readonly, readonly=true or readonly=false.")


def _csv_fields(text: str) -> list[str]:
    """The fields of one CSV record; a field in double quotes may hold commas, and `""` for a quote."""
    fields, at = [], 0
    while at <= len(text):
        if text.startswith('"', at):
            field, at = _quoted_field(text, at)
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            field, at = text[at:end], end
        fields.append(field)
        at += 1
    return fields


def _quoted_field(text: str, at: int) -> tuple[str, int]:
    """The field that opens at `at`, and the offset of the comma after it or of the text's end."""
    parts = []
    while (close := text.find('"', at + 1)) >= 0:
        parts.append(text[at + 1 : close])
        if not text.startswith('"', close + 1):
            if text[close + 1 : close + 2] not in ("", ","):
                raise _bad(
                    text, "a closing quote is not followed by a comma", "Put the whole field in quotes."
                )
            return '"'.join(parts), close + 1
        at = close + 1
    raise _bad(text, "a quote is not closed", 'Close the field with ".')


def _quoted(field: str) -> str:
    if field and field[0] != '"' and "," not in field:
        return field
    doubled = field.replace('"', '""')
    return f'"{doubled}"'


def _bad(text: str, problem: str, hint: str) -> BadMount:
    return BadMount(f"The mount {text!r} cannot be read: {problem}.", hint=hint)
