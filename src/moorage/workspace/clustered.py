"""What a workspace in a cluster needs to be made that a container on an engine does not."""

from __future__ import annotations

import msgspec

from moorage.drivers.kubernetes.driver import KubernetesDriver
from moorage.drivers.kubernetes.known import Identity, Known, Login
from moorage.drivers.kubernetes.render import user_of
from moorage.errors import ImageError
from moorage.events import Notice
from moorage.facts.image import pinned
from moorage.git.access import find
from moorage.git.client import ls_remote
from moorage.git.clone import CloneProgram, clone_program
from moorage.oci.failures import ImageNotFound
from moorage.planner.facts import Facts
from moorage.planner.platform import own
from moorage.planner.questions import FindImage
from moorage.planner.request import Request
from moorage.planner.steps import CreateContainer
from moorage.spec.image import ImageFacts
from moorage.spec.observation import Container
from moorage.spec.run import RunSpec
from moorage.spec.source import GitSource
from moorage.workspace.site import Site

CLONE_INPUT = "/run/moorage-clone/input"
"""Where the pod has the login of its clone (drivers/kubernetes/objects/pod.py)."""

_ROOT = ("", "root", "0")


async def find_image(site: Site, question: FindImage) -> ImageFacts | None:
    """The image as its registry has it: the nodes pull it themselves. Raises the errors of the registry.

    `local` stands for the place where built images go, which is the repository that the user has named.
    """
    assert site.cluster is not None
    if question.local and not site.cluster.options.build_repository:
        return None
    try:
        platform = question.platform or own(await site.facts())
        registries, further = site.preferences.registries, site.cluster.pull_logins
        return await pinned(question.reference, platform, site.reporter, registries, further)
    except ImageError as error:
        if question.optional or (question.local and isinstance(error, ImageNotFound)):
            return None
        raise


async def create(
    request: Request, site: Site, driver: KubernetesDriver, facts: Facts, step: CreateContainer
) -> Container:
    """All objects of the workspace, with no pod yet. Raises NotSupportedHere before anything is created."""
    from moorage.workspace.apply.container import refuse

    engine = await site.facts()
    image = _image(facts, step.spec.image)
    known = await known_of(request, site, driver, step.spec, image)
    verdict = driver.check(step.spec, engine, known)
    refuse(verdict)
    for text in verdict.warnings:
        site.reporter.emit(Notice(level="warning", code="driver", text=text))
    return await driver.create(step.spec, engine, known)


async def known_of(
    request: Request, site: Site, driver: KubernetesDriver, spec: RunSpec, image: ImageFacts | None = None
) -> Known:
    """What registry, source and user say of a workspace beside its spec."""
    user, remote = await _users(request, site, driver, spec, image)
    return Known(
        command=image.entrypoint + image.command if image else (),
        user=user,
        remote=remote,
        clone=await _clone(request, site, spec),
        logins=await _logins(site, driver, spec.image),
    )


def _image(facts: Facts, reference: str) -> ImageFacts | None:
    found = facts.every(FindImage, ImageFacts).values()
    return next((each for each in found if each.reference == reference), None)


async def _users(
    request: Request, site: Site, driver: KubernetesDriver, spec: RunSpec, image: ImageFacts | None
) -> tuple[Identity | None, Identity | None]:
    """The container's user and the remote one; None where the container is root's, who may become anybody.

    A pod takes a number, and the group that its claims get. Looking it up costs layers of the image.
    """
    named = user_of(spec, driver.options) or (image.user if image else "")
    if named.partition(":")[0] in _ROOT:
        return None, None
    from moorage.facts.passwd import passwd  # rarely asked for

    platform = request.platform or own(await site.facts())
    registries, further = site.preferences.registries, driver.pull_logins
    text = await passwd(spec.image, platform, site.reporter, registries, further)
    return _identity(text, named), _identity(text, spec.remote_user or named)


def _identity(passwd: str, named: str) -> Identity | None:
    """A user as an engine understands the word: a name, a number that needs no line there, a group behind."""
    from moorage.devcontainer.users import find_user

    name, _, group = named.partition(":")
    found = find_user(passwd, name)
    if found is None and not name.isdecimal() and name not in _ROOT:
        return None
    gid = int(group) if group.isdecimal() else found.gid if found else 0
    if found is None:
        return Identity(uid=int(name) if name.isdecimal() else 0, gid=gid)
    return Identity(uid=found.uid, gid=gid, name=found.name, home=found.home)


async def _clone(request: Request, site: Site, spec: RunSpec) -> CloneProgram | None:
    """The program of the pod's init container, with a login where the user has one."""
    content, source = spec.content, request.source
    if content.kind != "clone" or not isinstance(source, GitSource):
        return None
    resolved = await ls_remote(source, environ=site.environment)
    access = await find(source, environ=site.environment)
    if access.credential:
        site.reporter.add((access.credential.password,))
    return clone_program(
        source,
        msgspec.structs.replace(resolved, commit=content.commit),
        access,
        directory=content.target,
        submodules=request.submodules,
        lfs=request.lfs,
        partial=True,
        input_file=CLONE_INPUT,
    )


async def _logins(site: Site, driver: KubernetesDriver, image: str) -> tuple[Login, ...]:
    """The user's own login for the image's registry, where the option registryLogin asks for it."""
    if not driver.options.registry_login:
        return ()
    from moorage.oci.credentials import Credentials
    from moorage.oci.reference import parse

    registry = parse(image).registry
    found = await Credentials(site.environment, reporter=site.reporter).find(registry)
    if found is None:
        return ()
    site.reporter.add((found.password,))
    return (Login(registry=registry, username=found.username, password=found.password),)
