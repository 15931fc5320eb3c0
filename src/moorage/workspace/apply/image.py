"""Steps that bring an image to the engine: pull and build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moorage.builders.base import Context
from moorage.builders.engine.builder import EngineBuilder
from moorage.builders.images import Logins, Puller
from moorage.errors import ImageError
from moorage.facts import dockerfile
from moorage.facts.context import write_tar
from moorage.facts.image import on_engine
from moorage.oci.credentials import Credentials
from moorage.planner.learning import Result
from moorage.planner.questions import FindImage, HashContext
from moorage.planner.steps import BuildImage, PullImage
from moorage.spec.build import BuildSpec
from moorage.spec.image import ImageFacts
from moorage.workspace.site import Site


class ImageVanished(ImageError):
    """An image that was just made or pulled is not there."""

    code = "image-vanished"


async def pull_image(site: Site, step: PullImage) -> Result:
    """Pull with the logins that the user has; nodes pull by themselves. Raises what `Puller.pull` raises."""
    if site.cluster:
        from moorage.workspace.clustered import find_image  # only where there is a cluster

        return Result(image=await find_image(site, FindImage(reference=step.reference)))
    await ensure_pulled(site, step.reference, "pull-image", platform=step.platform)
    return Result(image=await present(site, step.reference))


async def ensure_pulled(site: Site, reference: str, step: str, *, platform: str = "") -> None:
    """Have the engine fetch the image, reported under `step`."""
    await Puller(site.engine, logins(site)).pull(reference, site.reporter, step, platform=platform)


def logins(site: Site) -> Logins:
    """Where logins for registries come from: what the user already has."""
    return Credentials(site.environment, reporter=site.reporter).find


async def build_image(site: Site, step: BuildImage) -> Result:
    """Build from the files that the key was made of. Raises what the builder raises."""
    return Result(image=await made(site, step.spec, build_context(site, step.context), "build-image"))


async def made(site: Site, spec: BuildSpec, context: Context, step: str) -> ImageFacts:
    """The image of a build, where workspaces can have it. Raises what the builder raises."""
    if site.cluster:
        from moorage.workspace.clusterbuild import build  # only where there is a cluster

        return await build(site, site.cluster, spec, context, step)
    builder = EngineBuilder(site.engine, logins=logins(site), environment=site.environment)
    await builder.build(spec, context, site.reporter, step)
    return await present(site, spec.tag)


def build_context(site: Site, question: HashContext) -> Context:
    """The context of a build, from the files that its key was made of: the builder sees if they changed."""
    tree = site.contexts.pop(question, None)
    if tree is None:
        tree = dockerfile.context(question, str(site.cache / "contexts"))

    def archive(extra: Mapping[str, bytes]) -> Iterator[bytes]:
        return write_tar(tree, question.context, extra)

    return Context(
        archive=archive,
        patterns=question.reads.patterns,
        entries=tree.entries,
        ignore=question.ignore,
    )


async def present(site: Site, reference: str) -> ImageFacts:
    """The image that a step has made. Raises ImageVanished."""
    found = await on_engine(site.engine, reference)
    if found is None:
        raise ImageVanished(
            f"The image {reference} is not on the engine although this step ended well.",
            hint="See whether another process removes images, then run the command again.",
        )
    return found
