"""The build as the flow asks for it, in the container's own root (`moorage.inside.executor`)."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage.devcontainer.metadata import LABEL
from moorage.dockerfile.ignore import Ignore, read
from moorage.dockerfile.parse import parse
from moorage.events import Event, Notice
from moorage.facts import bounded
from moorage.facts.features.finder import Finder
from moorage.inside.envbuilder import features
from moorage.inside.envbuilder.building import Asked, Image, ignore_files
from moorage.inside.envbuilder.configured import Configured
from moorage.inside.envbuilder.folder import OURS, workspace_folder
from moorage.inside.envbuilder.logins import Logins
from moorage.inside.envbuilder.options import Options
from moorage.inside.envbuilder.repository import Say
from moorage.inside.executor.build import build, plan
from moorage.inside.executor.configuration import Config
from moorage.inside.executor.images import RegistryImages
from moorage.inside.executor.order import Order
from moorage.inside.executor.place import here
from moorage.oci.client import Client
from moorage.oci.configuration import EVERY, Registries
from moorage.oci.credentials import Credentials
from moorage.oci.manifest import parse_platform
from moorage.oci.reference import DOCKER_HUB

_FILES = f"{OURS}/feature-files"
_NO_HOME = Path("/nonexistent")


class InPlace:
    """The flow's `Build`. Guards the workspace, and what was asked to be left alone."""

    def __init__(self, options: Options, logins: Logins, mirrors: tuple[str, ...], say: Say) -> None:
        self._options = options
        self._logins = logins
        self._mirrors = mirrors
        self._say = say

    async def __call__(self, asked: Asked) -> Image:
        """Raises what `executor.build` does, RootTaken, BrokenDockerfile."""
        order = Order(
            dockerfile=parse(asked.dockerfile, asked.name),
            context=asked.context,
            ignore=_ignore(asked),
            target=asked.target,
            arguments=asked.arguments,
            platform=str(parse_platform(platform.machine())),
            secrets=tuple((name, os.fsencode(value)) for name, value in self._options.build_secrets),
        )
        place = here(guarded=self._guarded())
        async with Client(self._registries(), self._credentials()) as client:
            images = RegistryImages(client)
            if asked.featured:
                order = await self._with_features(order, asked.featured, images)
            built = await build(order, place, images, self._say)
        return _image(built.config.config)

    async def _with_features(self, order: Order, configured: Configured, images: RegistryImages) -> Order:
        """The order with one more stage. What the image below will be is known before anything is built."""
        _, plans = await plan(order, images)
        below = _image(plans[-1].final.config)
        async with self._finder() as finder:
            installs = (await features.resolved(configured, finder)).installs
            dockerfile, stage = features.named(order.dockerfile, order.target)
            known = features.Below(user=below.user, metadata=below.metadata)
            made = features.install(known, configured, installs, stage)
            await features.context(made, installs, finder, _FILES)
        return msgspec.structs.replace(
            order,
            dockerfile=features.continued(dockerfile, made),
            target=features.STAGE,
            contexts=((features.FILES, _FILES),),
        )

    def _finder(self) -> Finder:
        logins = {"DOCKER_AUTH_CONFIG": self._logins.content.decode()} if self._logins.content else {}

        async def registries() -> Registries:
            return self._registries()

        return Finder(
            Path(OURS, "features"), registries=registries, environment=logins, reporter=_Telling(self._say)
        )

    def _guarded(self) -> tuple[str, ...]:
        asked = (workspace_folder(self._options), *self._options.ignore_paths)
        return (OURS, *(path for path in asked if os.path.lexists(path)))

    def _registries(self) -> Registries:
        authorities: tuple[str, ...] = ()
        if self._options.ssl_cert_base64:
            file = Path(OURS, "authorities.pem")
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.write_bytes(self._options.ssl_cert_base64)
            authorities = (str(file),)
        return Registries(
            mirrors={DOCKER_HUB: self._mirrors} if self._mirrors else {},
            insecure=frozenset([EVERY]) if self._options.insecure else frozenset(),
            ca_files=authorities,
        )

    def _credentials(self) -> Credentials:
        """Nothing but what we were given: no helper, no file of a home."""

        async def given() -> tuple[bytes, ...]:
            return (self._logins.content,) if self._logins.content else ()

        return Credentials({}, home=_NO_HOME, reporter=_Telling(self._say), further=given)


def mirrors(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Docker Hub's, by the name that the peer's builder has for them."""
    return tuple(
        each.strip() for each in environ.get("KANIKO_REGISTRY_MIRROR", "").split(";") if each.strip()
    )


def content(path: str) -> bytes | None:
    """A file's bytes; None for what is no file, or may not be read."""
    try:
        return bounded.read(path)
    except OSError:
        return None


def _image(config: Config) -> Image:
    return Image(
        environment=config.env or (),
        user=config.user,
        metadata=(config.labels or {}).get(LABEL, ""),
    )


class _Telling:
    def __init__(self, say: Say) -> None:
        self._say = say

    def emit(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._say(f"{event.text} {event.hint}".rstrip())


def _ignore(asked: Asked) -> Ignore | None:
    """The file beside the Dockerfile before the one of the context, as in BuildKit."""
    if not asked.context:
        return None
    for path in ignore_files(asked):
        if (text := content(path)) is not None:
            return read(text.decode(errors="surrogateescape"), path)
    return None
