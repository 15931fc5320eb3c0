"""The image of a Dockerfile: its key, whether an image has it, and the build if none does."""

from __future__ import annotations

import posixpath

import msgspec

from moorage.devcontainer.properties import Build
from moorage.dockerfile.evaluate import Evaluation, evaluate
from moorage.dockerfile.instruction import Dockerfile
from moorage.dockerfile.parse import parse
from moorage.dockerfile.platform import platform_arguments
from moorage.dockerfile.reads import reads
from moorage.dockerfile.stages import Stage, external_images, reachable
from moorage.image import key
from moorage.image.explain import explain
from moorage.image.label import label, parse_label
from moorage.planner.below import Below, prebuilt, published, recorded
from moorage.planner.configured import Configured
from moorage.planner.facts import Facts
from moorage.planner.platform import platform, unknown
from moorage.planner.questions import ContextDigests, DockerfileText, FindImage, HashContext, ReadDockerfile
from moorage.planner.request import Request
from moorage.planner.steps import BuildImage
from moorage.spec import names
from moorage.spec.build import BuildSpec
from moorage.spec.image import ImageFacts, Record


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """A Dockerfile configuration before its context is looked at: absolute paths, arguments, target."""

    dockerfile: str
    context: str
    build: Build

    @property
    def arguments(self) -> dict[str, str]:
        return dict(self.build.args)


def recipe(configuration: Configured, build: Build) -> Recipe:
    """Where a build's files are: relative to devcontainer.json; the context is the Dockerfile's folder."""
    base = posixpath.dirname(posixpath.join(configuration.file.root, configuration.file.path))
    dockerfile = posixpath.normpath(posixpath.join(base, build.dockerfile or "Dockerfile"))
    context = posixpath.dirname(dockerfile) if build.context is None else posixpath.join(base, build.context)
    return Recipe(dockerfile=dockerfile, context=posixpath.normpath(context), build=build)


def built(
    request: Request, facts: Facts, configuration: Configured, build: Build, record: Record | None
) -> Below:
    """The image of a Dockerfile. `record` is that of a container which stays."""
    if record and not configuration.file.root:
        return Below(image=recorded(record, record.reference), record=record)
    where = recipe(configuration, build)
    question = ReadDockerfile(path=where.dockerfile, context=where.context)
    facts.need_all(question, *unknown(request))
    text = facts.need(question, DockerfileText)
    parsed = parse(text.text, where.dockerfile)
    target = platform(request, facts)
    predefined = platform_arguments(target)
    needed = reachable(parsed, build.target, where.arguments, predefined)
    bases = _bases(request, facts, parsed, needed, record)
    evaluation = evaluate(parsed, needed, where.arguments, predefined, _environments(bases))
    read = reads(evaluation)
    hashed = HashContext(context=where.context, reads=read, ignore=text.ignore, ignore_name=text.ignore_name)
    inputs = key.inputs(
        evaluation,
        read,
        platform=target,
        images={reference: image.identity for reference, image in bases.items()},
        files=dict(facts.need(hashed, ContextDigests).lines),
        arguments=where.arguments,
        target=build.target,
        options={"options": build.options} if build.options else None,
        secrets=tuple(secret.id for secret in request.build_secrets),
        syntax=parsed.syntax.split()[0] if parsed.syntax else None,
    )
    final = not (configuration.configuration.features or request.features)
    tag = key.tag(key.key(inputs), request.repository if final or request.registry_only else "")
    if record:
        return _kept(record, tag, inputs)
    inherited = _predicted_metadata(evaluation, bases)
    found = facts.need_optional(FindImage(reference=tag, local=True), ImageFacts)
    image = (
        prebuilt(found)
        if found
        else ImageFacts(
            reference=tag,
            identity=tag,
            user=_predicted_user(evaluation, bases),
            metadata=inherited,
            present=False,
        )
    )
    remembered = Record(
        reference=tag,
        identity=image.identity,
        user=image.user,
        metadata=image.metadata,
        inputs=label(inputs),
        bases=tuple((reference, image.identity) for reference, image in bases.items()),
        pinned="" if image.reference == tag else image.reference,
    )
    if found and not _rebuild_due(request, facts):
        return Below(image=image, record=remembered, inputs=inputs)
    step = BuildImage(
        spec=_build_spec(
            request, where, text, tag, _labels(request if final else None, configuration, inputs, inherited)
        ),
        context=hashed,
        predicted_user=_predicted_user(evaluation, bases),
        predicted_metadata=inherited,
        reason="asked by --rebuild" if found else "no image has this key yet",
    )
    return Below(image=image, record=remembered, inputs=inputs, step=step)


def _kept(record: Record, tag: str, inputs: key.Inputs) -> Below:
    """What differs from the image of the container that stays; of its Features nothing is said here."""
    old = parse_label(record.inputs) if record.inputs else None
    if old:
        inputs = msgspec.structs.replace(
            inputs, features=old.features, installer=old.installer, users=old.users
        )
    misses = explain(old, inputs) if record.reference != tag else ()
    return Below(image=recorded(record, tag), record=record, misses=misses, inputs=inputs)


def _rebuild_due(request: Request, facts: Facts) -> bool:
    return (request.rebuild or request.no_cache or request.pull) and "build" not in facts.past


def _bases(
    request: Request,
    facts: Facts,
    parsed: Dockerfile,
    needed: tuple[Stage, ...],
    record: Record | None,
) -> dict[str, ImageFacts]:
    """Every image that the build reads, by the reference in the Dockerfile.

    What the workspace recorded comes before any registry, so that a tag that moved changes nothing by itself.
    """
    known = dict(record.bases if record else ())
    external = {image.reference: image for image in external_images(parsed, needed)}
    questions = {
        reference: FindImage(reference=reference, optional=image.role == "syntax", fresh=request.pull)
        for reference, image in external.items()
        if reference not in known
    }
    facts.need_all(*questions.values())
    bases = {reference: ImageFacts(reference=reference, identity=known[reference]) for reference in known}
    for reference, question in questions.items():
        found = facts.need_optional(question, ImageFacts)
        bases[reference] = found or ImageFacts(reference=reference, identity="unknown")
    return {reference: bases[reference] for reference in external}


def _environments(bases: dict[str, ImageFacts]) -> dict[str, dict[str, str]]:
    return {reference: dict(image.environment) for reference, image in bases.items()}


def _build_spec(
    request: Request, where: Recipe, text: DockerfileText, tag: str, labels: tuple[tuple[str, str], ...]
) -> BuildSpec:
    build = where.build
    cache_from = (build.cache_from,) if isinstance(build.cache_from, str) else build.cache_from
    return BuildSpec(
        tag=tag,
        dockerfile=text.text,
        dockerfile_name=where.dockerfile,
        context=where.context,
        target=build.target or "",
        args=tuple(sorted(build.args.items())),
        labels=labels,
        cache_from=(*request.cache_from, *cache_from),
        cache_to=request.cache_to,
        secrets=request.build_secrets,
        ssh=request.build_ssh,
        options=build.options,
        no_cache=request.no_cache,
        pull=request.pull,
    )


def _labels(
    request: Request | None, configuration: Configured, inputs: key.Inputs, base: str
) -> tuple[tuple[str, str], ...]:
    """What explains the image; and where it is built for others to name, what a workspace of it needs.

    The images of our own workspaces leave the configuration to the container: their key says nothing of it.
    """
    ours = ((names.IMAGE_INPUTS, label(inputs)),)
    if request is None or not request.repository:
        return ours
    return (*ours, *published(base, configuration).items())


def _predicted_user(evaluation: Evaluation, bases: dict[str, ImageFacts]) -> str:
    if evaluation.user is not None:
        return evaluation.user
    base = _base_of_target(evaluation, bases)
    return base.user if base else ""


def _predicted_metadata(evaluation: Evaluation, bases: dict[str, ImageFacts]) -> str:
    base = _base_of_target(evaluation, bases)
    return base.metadata if base else ""


def _base_of_target(evaluation: Evaluation, bases: dict[str, ImageFacts]) -> ImageFacts | None:
    stage = evaluation.stages[-1]
    by_index = {each.index: each for each in evaluation.stages}
    while stage.parent is not None and stage.parent in by_index:
        stage = by_index[stage.parent]
    return bases.get(stage.base)
