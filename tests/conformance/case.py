"""Case files: a workspace, and what a tester expects of it, as typed data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml
from msgspec import field

CASES = Path(__file__).parent / "cases"
ENGINES = ("docker", "docker-20.10", "podman", "podman-rootless", "kubernetes")

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, written in C where it can be had: ten times as fast."""

Kind = Literal["container", "pure", "refused"]


class Broken(Exception):
    """A case or sentence file that says something else than it may; begins with the file."""


class Workspace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project's folder and how `up` is called on it.

    `configuration` is .devcontainer/devcontainer.json; as text it is written as it is. `images` are
    Dockerfiles, `features` local ones; `published` go to the registry, `served` are archives at {{https}}.
    Words in double braces are filled in (place.py). `repository` makes the folder a Git repository.
    `somebody` runs the client as a user who is not root, whose ids are {{uid}} and {{gid}}; {{uid.inside}}
    is what they are to be inside.
    """

    configuration: dict[str, Any] | str | None = None
    files: dict[str, str] = {}
    features: dict[str, dict[str, Any]] = {}
    published: dict[str, dict[str, Any]] = {}
    served: dict[str, dict[str, Any]] = {}
    images: dict[str, str] = {}
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    folder: str = ""
    repository: bool = False
    somebody: bool = False
    options: dict[Literal["kubernetes"], tuple[str, ...]] = {}
    """Options of the driver, without which it refuses the configuration."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do, and what is expected of it. Exactly one of the first group is given."""

    inside: str | None = None
    """A shell command by `moorage exec`: what a tool sees."""
    process: str | None = None
    """A shell command by the engine itself, as the container's user: what any process sees."""
    root: str | None = None
    """The same as root."""
    inspect: dict[str, Any] | None = None
    """The engine's word about the container: path → expectation."""
    moorage: tuple[str, ...] | None = None
    engine: tuple[str, ...] | None = None
    """Arguments of the engine's own client."""
    read: tuple[str, ...] | None = None
    """Further arguments of `moorage devcontainer read-configuration --include-merged-configuration`."""
    up: tuple[str, ...] | None = None
    write: dict[str, str] | None = None
    host: dict[str, Any] | None = None
    """Files of the project on this machine: path → expectation of the text."""
    project: dict[str, Any] | None = None
    """The same as the workspace has them: elsewhere where the project is not mounted."""
    owner: dict[str, str] | None = None
    """On this machine: path → the ids that it belongs to, with a colon between."""

    code: int = 0
    stdout: Any = None
    stderr: Any = None
    lines: tuple[str, ...] | None = None
    """Standard output as lines."""
    json: dict[str, Any] | None = None
    """Standard output as JSON: path → expectation."""
    folder: str | None = None
    environment: dict[str, str] = {}


DOING = (
    "inside",
    "process",
    "root",
    "inspect",
    "moorage",
    "engine",
    "read",
    "up",
    "write",
    "host",
    "project",
    "owner",
)


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One behaviour, with the sentences that it shows.

    `sample` cases run on every engine. `elsewhere` names engines on which it does not apply, each with
    the reason; `refused` has the words with which a driver refuses it. `known` is why it fails today.
    `privileged` containers need a machine that has all rights itself, where the engine is old.
    """

    name: str
    shows: tuple[str, ...]
    steps: tuple[Step, ...]
    kind: Kind = "container"
    workspace: Workspace | None = None
    sample: bool = False
    privileged: bool = False
    elsewhere: dict[Literal["docker-20.10", "podman", "podman-rootless", "kubernetes"], str] = {}
    refused: dict[Literal["kubernetes"], str] = {}
    known: str = ""


class CaseFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of cases. Those without a workspace of their own share the file's, and how it is `refused`."""

    about: str
    cases: tuple[Case, ...]
    workspace: Workspace | None = None
    refused: dict[Literal["kubernetes"], str] = {}
    serial: bool = False
    path: str = field(default="", name="-path")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One case where it stands."""

    file: CaseFile
    case: Case
    shared: bool

    @property
    def id(self) -> str:
        return f"{self.file.path}::{self.case.name}"

    def refusal(self, engine: str) -> str:
        """The words with which the driver of an engine refuses it, or nothing."""
        of = {**(self.file.refused if self.shared else {}), **self.case.refused}
        return {str(name): words for name, words in of.items()}.get(engine, "")

    @property
    def workspace(self) -> Workspace:
        return self.case.workspace or self.file.workspace or Workspace()


def cases() -> tuple[Found, ...]:
    """All cases in the order of their files. Raises Broken with file and place."""
    found = tuple(one for path in sorted(CASES.rglob("*.yaml")) for one in _of(path))
    seen: set[str] = set()
    for one in found:
        if one.id in seen:
            raise Broken(f"{one.id}: there are two cases with this name")
        seen.add(one.id)
    return found


def parsed(path: Path, type_: type[Any], text: str | None = None) -> Any:
    """A YAML file as `type_`. Raises Broken."""
    try:
        raw = yaml.load(path.read_text() if text is None else text, Loader=LOADER)
    except yaml.YAMLError as error:
        raise Broken(f"{path.name}: {error}") from error
    try:
        return msgspec.convert(_in_full(raw) if type_ is CaseFile else raw, type_)
    except msgspec.ValidationError as error:
        raise Broken(f"{path}: {error}") from error


def _of(path: Path) -> Iterator[Found]:
    file: CaseFile = parsed(path, CaseFile)
    file = msgspec.structs.replace(file, path=str(path.relative_to(CASES).with_suffix("")))
    for case in file.cases:
        if case.workspace is None and file.workspace is None:
            raise Broken(f"{path}: case {case.name!r} has no workspace")
        for step in case.steps:
            if sum(getattr(step, name) is not None for name in DOING) != 1:
                raise Broken(f"{path}: a step of {case.name!r} needs exactly one of {', '.join(DOING)}")
        yield Found(file=file, case=case, shared=case.workspace is None)


def _in_full(raw: object) -> object:
    """A case with one step may leave `steps` out."""
    if not isinstance(raw, dict) or not isinstance(raw.get("cases"), list):
        return raw
    return {**raw, "cases": [_with_steps(one) for one in raw["cases"]]}


def _with_steps(case: object) -> object:
    if not isinstance(case, dict) or "steps" in case:
        return case
    names = Case.__struct_encode_fields__
    return {
        **{key: value for key, value in case.items() if key in names},
        "steps": [{key: value for key, value in case.items() if key not in names}],
    }


def described(value: Mapping[str, Any] | str) -> str:
    """A configuration as the text of its file."""
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value)).decode()
