"""Features on top of the configured image: what they are resolved to, their order, and the image of it all.

The Features' image is a build of its own whose base is the configured image or the one of the Dockerfile, so
that one generated Dockerfile serves every builder. What it holds of Features is in its metadata label; all
that follows reads it from there, as from any image.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import msgspec

from moorage.devcontainer.features import lockfile
from moorage.devcontainer.features.check import check_order, check_references
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.lockfile import Lockfile
from moorage.devcontainer.features.order import Missing, Order, order
from moorage.devcontainer.features.reference import declared
from moorage.devcontainer.users import container_user, remote_user
from moorage.image import key
from moorage.image.features.generate import generated, predicted_metadata
from moorage.image.features.inputs import feature_inputs, image_inputs
from moorage.image.features.script import Users
from moorage.image.label import label
from moorage.planner.below import Below, Chosen, prebuilt, published
from moorage.planner.configured import Configured, merged
from moorage.planner.facts import Facts
from moorage.planner.features.asked import asked_features, lock_of, question
from moorage.planner.platform import platform
from moorage.planner.questions import FindImage
from moorage.planner.request import Request
from moorage.planner.steps import BuildFeatures, BuildImage, PullImage, WriteLockfile
from moorage.spec import names
from moorage.spec.build import BuildSpec
from moorage.spec.image import ImageFacts, Record, RecordedFeature
from moorage.spec.source import LocalFolder


def featured(
    request: Request, facts: Facts, configuration: Configured, below: Below
) -> Chosen | PullImage | BuildImage | WriteLockfile | BuildFeatures:
    """The image with its Features, or the next step towards it: the lockfile, the image below, the build."""
    asked = asked_features(request, configuration)
    if not asked:
        return below.step or Chosen(image=below.image, record=below.record, misses=below.misses)
    check_references(configuration.document, auto_mapping=request.auto_mapping)
    found = resolve(request, facts, configuration, lock_of(request, configuration))
    remarks = tuple(f"{each.text} {each.hint}" for each in check_order(configuration.document, found))
    writing = _lock_step(request, configuration, found)
    if writing:
        return writing
    users = _users(configuration, below.image)
    base = below.inputs or image_inputs(below.image.reference, below.image.identity, platform(request, facts))
    inputs = feature_inputs(base, found.installs, users)
    tag = key.tag(key.key(inputs), request.repository)
    there = facts.need_optional(FindImage(reference=tag, local=True), ImageFacts)
    forced = request.rebuild or request.no_cache or request.pull
    if there and not (forced and (below.step or "features" not in facts.past)):
        there = prebuilt(there)
        record = _record(below.record, tag, there, label(inputs), asked, found)
        return Chosen(image=there, record=record, remarks=remarks)
    if below.step:
        return below.step
    build = _build(request, configuration, below, found, users, tag, inputs)
    reason = "asked by --rebuild" if there else "no image has these Features yet"
    return msgspec.structs.replace(build, remarks=remarks, reason=reason)


def resolve(request: Request, facts: Facts, configuration: Configured, lock: Lockfile | None = None) -> Order:
    """Every Feature with what it depends on, in the order of installation: one level of questions a round."""
    known: dict[str, FoundFeature] = {}
    while True:
        result = order(
            asked_features(request, configuration),
            known,
            override=configuration.configuration.override_feature_install_order,
            auto_mapping=request.auto_mapping,
        )
        if isinstance(result, Order):
            return result
        known.update(_answers(request, facts, configuration, result, lock))


def _answers(
    request: Request, facts: Facts, configuration: Configured, missing: Missing, lock: Lockfile | None
) -> Mapping[str, FoundFeature]:
    questions = {each: question(request, configuration, each, lock) for each in missing.references}
    facts.need_all(*questions.values())
    return {each: facts.need(asked, FoundFeature) for each, asked in questions.items()}


def _lock_step(request: Request, configuration: Configured, found: Order) -> WriteLockfile | None:
    """Only a folder of the user's own gets a lockfile; a repository elsewhere has the one that it has."""
    if request.lockfile == "ignore":
        return None
    file = configuration.file
    path = lockfile.lockfile_path(posixpath.join(file.root, file.path))
    own = declared(configuration.configuration.features, auto_mapping=request.auto_mapping)
    now = lockfile.resolved(found.installs, own)
    text = lockfile.changed(file.lock, now, path, frozen=request.lockfile == "frozen")
    if text is None or not isinstance(request.source, LocalFolder):
        return None
    reason = "there is none yet" if file.lock is None else "Features are resolved to something else"
    return WriteLockfile(path=path, text=text, reason=reason)


def _users(configuration: Configured, image: ImageFacts) -> Users:
    """Whom the scripts are told about: as the configuration says, before any runArgs."""
    known = merged(configuration, image, None)
    return Users(
        container=container_user(known, (), image.user) or "root", remote=remote_user(known, (), image.user)
    )


def _build(
    request: Request,
    configuration: Configured,
    below: Below,
    found: Order,
    users: Users,
    tag: str,
    inputs: key.Inputs,
) -> BuildFeatures:
    made = generated(
        below.image.reference,
        found.installs,
        users,
        user=below.image.user,
        metadata_label=below.image.metadata,
        labels=_labels(request, configuration, below, found, inputs),
    )
    return BuildFeatures(
        spec=BuildSpec(
            tag=tag,
            dockerfile=made.dockerfile,
            dockerfile_name="Dockerfile of Features",
            context="",
            cache_from=request.cache_from,
            cache_to=request.cache_to,
            no_cache=request.no_cache,
        ),
        installs=found.installs,
        generated=made.files,
        folders=made.folders,
        predicted_user=below.image.user,
        predicted_metadata=predicted_metadata(below.image.metadata, found.installs),
    )


def _labels(
    request: Request, configuration: Configured, below: Below, found: Order, inputs: key.Inputs
) -> dict[str, str]:
    """What explains the image; one for others to name also carries what a workspace of it needs."""
    labels = {names.IMAGE_INPUTS: label(inputs)}
    if not request.repository:
        return labels
    return {**labels, **published(predicted_metadata(below.image.metadata, found.installs), configuration)}


def _record(
    below: Record,
    tag: str,
    image: ImageFacts,
    inputs: str,
    asked: Mapping[str, object],
    order: Order,
) -> Record:
    return Record(
        reference=tag,
        identity=image.identity,
        user=image.user,
        metadata=image.metadata,
        inputs=inputs,
        bases=below.bases,
        base=below.reference,
        pinned="" if image.reference == tag else image.reference,
        features=tuple(
            RecordedFeature(
                reference=reference,
                digest=order.found[reference].digest,
                version=order.found[reference].feature.version,
                options=key.digest(value)[:16],
            )
            for reference, value in asked.items()
        ),
    )
