"""A Compose project as Compose resolved it: its name, our service, what runs beside it. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from moorage.devcontainer.spelling import did_you_mean
from moorage.errors import ConfigurationError

DEFAULT_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""What Compose looks for by itself, the first that is there; each with an override file beside it."""


class UnknownService(ConfigurationError):
    """devcontainer.json names a service that the Compose files do not have."""

    code = "compose-service-unknown"


class NoService(ConfigurationError):
    """A Compose configuration does not say which service the workspace is."""

    code = "compose-service-missing"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service of a resolved project, as far as it is used; `whole` is all that it says."""

    image: str = ""
    build: dict[str, object] | None = None
    user: str = ""
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    platform: str = ""
    profiles: tuple[str, ...] = ()
    container_name: str = ""
    scale: int = 1
    network_mode: str = ""
    whole: dict[str, object] = {}


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What `compose config` made of the files.

    `name` is settled by `project_name`; `files` are absolute, `folder` is where Compose ran. `active` are the
    profiles that the environment switches on. `resolved` is the whole of it, with values.
    """

    name: str
    files: tuple[str, ...]
    folder: str
    active: tuple[str, ...] = ()
    resolved: dict[str, object] = {}

    def service(self, name: str | None) -> Service:
        """Our service. Raises NoService, UnknownService."""
        services = _mapping(self.resolved.get("services"))
        if not name:
            raise NoService(
                "The configuration does not say which service of the Compose files is the workspace.",
                evidence=(f"they have: {', '.join(services) or 'none'}",),
                hint='Add "service" to devcontainer.json.',
            )
        if name not in services:
            raise UnknownService(
                f"The Compose files have no service {name}.",
                evidence=(f"they have: {', '.join(services) or 'none'}",),
                hint=f'Correct "service" in devcontainer.json.{did_you_mean(name, list(services))}',
            )
        return _service(_mapping(services[name]))


def services_to_run(project: Project, service: str, run_services: Sequence[str] | None) -> tuple[str, ...]:
    """The services that are named to Compose, ours always among them; what they depend on it adds itself.

    Without `runServices` all that no profile holds back. One that is scaled to nothing is none.
    """
    if run_services is not None:
        for name in run_services:
            project.service(name)
        return tuple(dict.fromkeys((*run_services, service)))
    there = {name: project.service(name) for name in _mapping(project.resolved.get("services"))}
    active = [name for name, each in there.items() if _is_active(each, project.active)]
    return tuple(dict.fromkeys((*active, service)))


def parts(resolved: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """A hash of each thing that the project says: "db.image", "volumes.data". Images of builds are not in it.

    The order of keys and what is empty do not count: versions of Compose differ in them.
    """
    found: dict[str, str] = {}
    for name, service in _mapping(resolved.get("services")).items():
        for key, value in _mapping(service).items():
            if (value := _canonical(value)) is not None:
                found[f"{name}.{key}"] = _hash(value)
    for kind in ("networks", "volumes", "configs", "secrets"):
        for name, value in _mapping(resolved.get(kind)).items():
            said = {key: each for key, each in _mapping(value).items() if key != "name"}
            found[f"{kind}.{name}"] = _hash(_canonical(said))
    return tuple(sorted(found.items()))


def project_name(
    *,
    environment: Mapping[str, str],
    dotenv: Mapping[str, str],
    resolved: str,
    named: bool,
    folder: str,
    files: Sequence[str],
) -> str:
    """The project's name, found as the reference finds it, so that both come to the same containers.

    COMPOSE_PROJECT_NAME of the environment, then of `.env` in `folder` (the workspace's), then the `name` of
    the resolved project; that of the default, "devcontainer", counts only if a file says it (`named`). Else
    the name comes from where the first of `files` lies.
    """
    given = environment.get("COMPOSE_PROJECT_NAME") or dotenv.get("COMPOSE_PROJECT_NAME")
    if given:
        return normal_name(given)
    if resolved and (named or resolved != "devcontainer"):
        return normal_name(resolved)
    where = posixpath.dirname(files[0]) if files else folder
    if where == posixpath.join(folder, ".devcontainer"):
        return normal_name(f"{posixpath.basename(folder)}_devcontainer")
    return normal_name(posixpath.basename(where))


def normal_name(text: str) -> str:
    """Lower case, and nothing but letters, digits, `-` and `_`."""
    return re.sub(r"[^-_a-z0-9]", "", text.lower())


def says_name(text: str) -> bool:
    """Whether a Compose file has a `name` of its own at its top level."""
    return re.search(r"^(?:name|\"name\"|'name')\s*:", text, re.MULTILINE) is not None


def dotenv(text: str) -> dict[str, str]:
    """The plain assignments of an .env file; what Compose makes of the harder ones it knows best itself."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        quoted = re.match(r"""(["'])(.*?)\1""", value)
        found[name.strip()] = quoted[2] if quoted else re.split(r"\s+#", value, maxsplit=1)[0]
    return found


def _is_active(service: Service, active: Sequence[str]) -> bool:
    if service.scale == 0:
        return False
    return not service.profiles or "*" in active or bool(set(service.profiles) & set(active))


def _service(value: dict[str, object]) -> Service:
    build = value.get("build")
    return Service(
        image=_text(value.get("image")),
        build={"context": build} if isinstance(build, str) else _mapping(build) or None,
        user=_text(value.get("user")),
        entrypoint=_words(value.get("entrypoint")),
        command=_words(value.get("command")),
        platform=_text(value.get("platform")),
        profiles=_words(value.get("profiles")) or (),
        container_name=_text(value.get("container_name")),
        scale=_scale(value),
        network_mode=_text(value.get("network_mode")),
        whole=value,
    )


def _scale(value: dict[str, object]) -> int:
    given = value.get("scale", _mapping(value.get("deploy")).get("replicas"))
    return given if isinstance(given, int) else 1


def _words(value: object) -> tuple[str, ...] | None:
    if isinstance(value, str):
        import shlex  # the old docker-compose leaves commands as they are written

        return tuple(shlex.split(value))
    return tuple(str(word) for word in value) if isinstance(value, list) else None


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _canonical(value: object) -> object:
    """Sorted, and without what is empty; None where nothing is left."""
    if isinstance(value, dict):
        kept = {key: _canonical(value[key]) for key in sorted(value, key=str)}
        return {key: each for key, each in kept.items() if each is not None} or None
    if isinstance(value, list):
        return [_canonical(each) for each in value] or None
    return value


def _hash(value: object) -> str:
    return sha256(msgspec.json.encode(value)).hexdigest()[:12]
