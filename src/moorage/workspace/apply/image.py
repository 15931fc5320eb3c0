"""Steps that bring an image to the engine: pull and build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moorage.builders.base import Context
from moorage.builders.engine.builder import EngineBuilder
from moorage.engine.pull import Login, Progress, pull
from moorage.errors import ImageError
from moorage.events import StepProgress
from moorage.facts import dockerfile
from moorage.facts.context import write_tar
from moorage.facts.image import on_engine
from moorage.oci.credentials import Credentials
from moorage.oci.reference import parse
from moorage.planner.learning import Result
from moorage.planner.questions import HashContext
from moorage.planner.steps import BuildImage, PullImage
from moorage.spec.image import ImageFacts
from moorage.workspace.site import Site


class ImageVanished(ImageError):
    """An image that was just made or pulled is not there."""

    code = "image-vanished"


async def pull_image(site: Site, step: PullImage) -> Result:
    """Pull with the logins that the user has. Raises what `engine.pull.pull` raises."""
    login = await login_for(site, step.reference)

    def tell(progress: Progress) -> None:
        event = StepProgress(step="pull-image", text=progress.text, done=progress.done, total=progress.total)
        site.reporter.emit(event)

    await pull(site.engine, step.reference, platform=step.platform, login=login, progress=tell)
    return Result(image=await _present(site, step.reference))


async def login_for(site: Site, text: str) -> Login | None:
    """The user's own login for the registry of this image; None: anonymous."""
    reference = parse(text)
    logins = Credentials(site.environment, reporter=site.reporter)
    found = await logins.find(reference.registry, reference.repository)
    if found is None:
        return None
    return Login(
        username=found.username or "",
        password=found.password or "",
        identitytoken=found.identity_token or "",
        serveraddress=reference.registry,
    )


async def build_image(site: Site, step: BuildImage) -> Result:
    """Build from the files that the key was made of. Raises what the builder raises."""
    builder = EngineBuilder(
        site.engine,
        logins=Credentials(site.environment, reporter=site.reporter).find,
        environment=site.environment,
    )
    context = build_context(step.context, str(site.cache / "contexts"))
    await builder.build(step.spec, context, site.reporter, "build-image")
    return Result(image=await _present(site, step.spec.tag))


def build_context(question: HashContext, cache: str) -> Context:
    """The context of a build as an archive, read when the builder asks for it."""
    tree = dockerfile.context(question, cache)

    def archive(extra: Mapping[str, bytes]) -> Iterator[bytes]:
        return write_tar(tree, question.context, extra)

    return Context(
        archive=archive,
        patterns=question.reads.patterns,
        entries=tree.entries,
        ignore=question.ignore,
    )


async def _present(site: Site, reference: str) -> ImageFacts:
    found = await on_engine(site.engine, reference)
    if found is None:
        raise ImageVanished(
            f"The image {reference} is not on the engine although this step ended well.",
            hint="See whether another process removes images, then run the command again.",
        )
    return found
