"""What a Compose configuration adds to the plan: our service's image or build, and the stack around it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import msgspec

from moorage.devcontainer.compose import Project, Service, parts, services_to_run
from moorage.devcontainer.properties import Build
from moorage.planner.configured import Configured
from moorage.planner.errors import BuildUnsupported
from moorage.planner.facts import Facts
from moorage.planner.questions import ReadStack
from moorage.planner.request import Request
from moorage.spec.build import BuildSecret
from moorage.spec.observation import Observation
from moorage.spec.source import LocalFolder
from moorage.spec.stack import Stack

_HERE = {"context", "dockerfile", "args", "target", "cache_from", "secrets", "ssh", "tags", "platforms"}
_FLAGS = {
    "network": "--network",
    "shm_size": "--shm-size",
    "isolation": "--isolation",
    "cache_to": "--cache-to",
    "entitlements": "--allow",
    "extra_hosts": "--add-host",
    "ulimits": "--ulimit",
    "labels": "--label",
    "additional_contexts": "--build-context",
    "no_cache": "--no-cache",
    "pull": "--pull",
}
"""Fields of a service's build that are a flag of `docker build`, and so go where build.options go."""


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """Our service in its project. `request` is the asked one with what the service says of its build."""

    project: Project
    service: Service
    request: Request
    build: Build | None = None


def ours(request: Request, facts: Facts, configuration: Configured) -> Ours:
    """Our service; asks for its project. Raises NoService, UnknownService, BuildUnsupported."""
    project = facts.need(_question(request, configuration), Project)
    service = project.service(configuration.configuration.service)
    if service.platform:
        request = msgspec.structs.replace(request, platform=service.platform)
    if service.build is None:
        return Ours(project=project, service=service, request=request)
    request = msgspec.structs.replace(
        request,
        build_secrets=(*request.build_secrets, *_secrets(project, service.build)),
        build_ssh=(*request.build_ssh, *_ssh(service.build)),
    )
    return Ours(project=project, service=service, request=request, build=_build(service.build))


def stack(request: Request, facts: Facts, configuration: Configured) -> Stack | None:
    """What runs around and as our service; None for other configurations."""
    own = configuration.configuration
    if own.kind != "compose":
        return None
    found = ours(request, facts, configuration)
    services = services_to_run(found.project, own.service or "", own.run_services)
    builds = tuple(
        name for name in services if name != own.service and found.project.service(name).build is not None
    )
    said = tuple((name, text) for name, text in parts(found.project.resolved) if _counts(name, own.service))
    return Stack(
        project=found.project.name,
        service=own.service or "",
        services=services,
        files=found.project.files,
        folder=found.project.folder,
        builds=builds,
        parts=said,
        entrypoint=found.service.entrypoint,
        command=found.service.command,
    )


def incomplete(stack: Stack, observation: Observation) -> str:
    """Why a stack whose own container runs has still to be brought up; "" where it has not.

    One that was never made or never started is what a killed `up` left; one that ended has had its time.
    """
    beside = dict(observation.beside)
    missing = [name for name in stack.services if name != stack.service and name not in beside]
    if missing:
        return f"there is no container of {', '.join(missing)}"
    waiting = [name for name, state in beside.items() if state == "created"]
    return f"{', '.join(waiting)} was never started" if waiting else ""


def _question(request: Request, configuration: Configured) -> ReadStack:
    file, own = configuration.file, configuration.configuration
    base = posixpath.dirname(posixpath.join(file.root, file.path))
    written = own.docker_compose_file or ()
    named = (written,) if isinstance(written, str) else written
    return ReadStack(
        files=tuple(posixpath.normpath(posixpath.join(base, name)) for name in named),
        folder=request.source.path if isinstance(request.source, LocalFolder) else file.root,
    )


def _counts(name: str, service: str | None) -> bool:
    """Of our own service, image and build are told apart elsewhere, by what is in them."""
    return name not in (f"{service}.image", f"{service}.build")


def _build(build: dict[str, object]) -> Build:
    context = str(build.get("context") or ".")
    if "://" in context or context.startswith("git@"):
        raise BuildUnsupported(
            f"The service's build context {context} is not a folder of this machine.",
            hint="Clone it beside the Compose file, or build it elsewhere and name its image.",
        )
    args = build.get("args")
    target, dockerfile = build.get("target"), str(build.get("dockerfile") or "Dockerfile")
    return Build(
        dockerfile=posixpath.join(context, dockerfile),
        context=context,
        args={name: str(value) for name, value in _pairs(args) if value is not None},
        target=str(target) if target else None,
        cache_from=tuple(_strings(build.get("cache_from"))),
        options=tuple(_options(build)),
    )


def _options(build: dict[str, object]) -> Iterator[str]:
    for field, value in build.items():
        if field in _HERE or value in (None, [], {}, False, ""):
            continue
        if field not in _FLAGS:
            raise BuildUnsupported(
                f"The service's build has the field {field}, which moorage cannot carry out.",
                hint="Leave it out, or build the image with Compose and name it in the service.",
            )
        flag = _FLAGS[field]
        if value is True:
            yield flag
        elif isinstance(value, dict):
            for name, each in sorted(value.items()):
                yield f"{flag}={name}={_limit(each)}" if field != "extra_hosts" else f"{flag}={name}:{each}"
        else:
            yield from (f"{flag}={each}" for each in _strings(value))


def _limit(value: object) -> str:
    """A ulimit has one number, or a soft and a hard one."""
    return f"{value.get('soft')}:{value.get('hard')}" if isinstance(value, dict) else str(value)


def _secrets(project: Project, build: dict[str, object]) -> Iterator[BuildSecret]:
    declared = dict(_pairs(project.resolved.get("secrets")))
    given = build.get("secrets")
    for each in given if isinstance(given, list) else ():
        source = str(each.get("source", "")) if isinstance(each, dict) else str(each)
        name = str(each.get("target") or source) if isinstance(each, dict) else source
        secret = dict(_pairs(declared.get(source)))
        yield BuildSecret(
            id=name, file=str(secret.get("file") or ""), variable=str(secret.get("environment") or "")
        )


def _ssh(build: dict[str, object]) -> Iterator[str]:
    given = build.get("ssh")
    for each in given if isinstance(given, list) else ():
        if isinstance(each, dict):
            yield f"{each.get('id')}={each['path']}" if each.get("path") else str(each.get("id"))
        else:
            yield str(each)


def _pairs(value: object) -> list[tuple[str, object]]:
    """A mapping, or a list of NAME=VALUE as docker-compose 1 leaves it."""
    if isinstance(value, dict):
        return [(str(name), each) for name, each in value.items()]
    words = [str(each).partition("=") for each in value] if isinstance(value, list) else []
    return [(name, text if equals else None) for name, equals, text in words]


def _strings(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)] if value else []
