"""What an image is: asked of the engine first, and of its registry before anything is pulled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from moorage.engine.client import Engine, quoted
from moorage.engine.errors import EngineRefused, ImageMissing, NotFound
from moorage.errors import ImageError
from moorage.events import Reporter
from moorage.image.identity import ImageConfig, from_inspect, from_registry, identity
from moorage.planner.questions import FindImage
from moorage.spec import names
from moorage.spec.image import ImageFacts

if TYPE_CHECKING:
    from moorage.oci.configuration import Registries
    from moorage.oci.credentials import Further

Own = Callable[[], "Registries"]
"""The user's registry settings, made only where a registry is asked."""


async def find(
    engine: Engine, question: FindImage, reporter: Reporter, own: Own | None = None
) -> ImageFacts | None:
    """The image, or None where the question allows it. Raises the errors of the registry client."""
    if not question.fresh:
        local = await on_engine(engine, question.reference)
        if local or question.local:
            return local
    try:
        return await in_registry(engine, question.reference, question.platform, reporter, own)
    except ImageError as error:
        if question.optional:
            return None
        if question.reference not in error.message:
            error.evidence = (f"image: {question.reference}", *error.evidence)
        raise


async def on_engine(engine: Engine, reference: str) -> ImageFacts | None:
    """The image as the engine has it; None when it does not. Raises BadReference."""
    try:
        found = await engine.get(f"/images/{quoted(reference)}/json", dict[str, object])
    except (ImageMissing, NotFound):
        return None
    except EngineRefused as refused:
        from moorage.oci.reference import parse  # as below

        parse(reference)  # says better than the engine what is wrong with it
        raise refused
    return _facts(reference, from_inspect(found), present=True)


async def in_registry(
    engine: Engine, reference: str, platform: str, reporter: Reporter, own: Own | None = None
) -> ImageFacts:
    """The image as its registry has it, with the user's mirrors and settings before the engine's own.

    Three small requests and no layer. Raises the errors of `moorage.oci.failures`.
    """
    from moorage.oci.client import Client  # the warm path never asks a registry
    from moorage.oci.configuration import from_engine_info, merge
    from moorage.oci.credentials import Credentials
    from moorage.oci.manifest import parse_platform
    from moorage.oci.reference import parse

    info = await engine.get("/info", dict[str, object])
    wanted = parse_platform(platform or _platform(info))
    registries = merge(own(), from_engine_info(info)) if own else from_engine_info(info)
    async with Client(registries, Credentials(reporter=reporter), reporter=reporter) as client:
        config = await client.image_config(parse(reference), wanted)
    return _facts(reference, from_registry(config), present=False)


async def pinned(
    reference: str, platform: str, reporter: Reporter, own: Own, further: Further | None = None
) -> ImageFacts:
    """The image as its registry has it, by digest, for those who pull it themselves; `further` logins.

    Raises the errors of `moorage.oci.failures`.
    """
    from moorage.oci.client import Client
    from moorage.oci.credentials import Credentials
    from moorage.oci.manifest import parse_platform
    from moorage.oci.reference import parse

    credentials = Credentials(reporter=reporter, further=further)
    async with Client(own(), credentials, reporter=reporter) as client:
        named = parse(reference)
        found = await client.inspect(named, parse_platform(platform))
    return _facts(str(named.pinned(found.root.digest)), from_registry(found.config), present=True)


_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}


def _platform(info: Mapping[str, object]) -> str:
    machine = str(info.get("Architecture", "x86_64"))
    return f"{info.get('OSType') or 'linux'}/{_MACHINES.get(machine, machine)}"


def _facts(reference: str, image: ImageConfig, *, present: bool) -> ImageFacts:
    return ImageFacts(
        reference=reference,
        identity=identity(image),
        user=image.user,
        metadata=image.labels.get(names.METADATA, ""),
        inputs=image.labels.get(names.IMAGE_INPUTS, ""),
        environment=tuple(image.env.items()),
        entrypoint=image.entrypoint,
        command=image.cmd,
        working_folder=image.workdir,
        present=present,
        own_metadata=_count(image.labels.get(names.OWN_METADATA, "")),
    )


def _count(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else 0
