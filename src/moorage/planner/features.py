"""Features on top of the configured image: what they are resolved to, their order, and the image of it all.

The Features' image is a build of its own whose base is the configured image or the one of the Dockerfile, so
that one generated Dockerfile serves every builder. What it holds of Features is in its metadata label; all
that follows reads it from there, as from any image.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

import msgspec

from moorage.devcontainer import metadata
from moorage.devcontainer.features import lockfile
from moorage.devcontainer.features.check import check_order, check_references
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.lockfile import Lockfile
from moorage.devcontainer.features.order import Missing, Order, order
from moorage.devcontainer.features.reference import LocalReference, declared, parse
from moorage.devcontainer.users import container_user, remote_user
from moorage.image import key
from moorage.image.features.generate import generated, predicted_metadata
from moorage.image.features.inputs import feature_inputs, image_inputs
from moorage.image.features.script import Users
from moorage.image.label import label
from moorage.planner.below import Below, Chosen, recorded
from moorage.planner.configured import Configured, merged
from moorage.planner.facts import Facts
from moorage.planner.questions import FindImage, ReadFeature
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
    asked = _asked(request, configuration)
    if not asked:
        return below.step or Chosen(image=below.image, record=below.record, misses=below.misses)
    check_references(configuration.document, auto_mapping=request.auto_mapping)
    found = resolve(request, facts, configuration, _lock(request, configuration))
    remarks = tuple(f"{each.text} {each.hint}" for each in check_order(configuration.document, found))
    writing = _lock_step(request, configuration, found)
    if writing:
        return writing
    users = _users(configuration, below.image)
    base = below.inputs or image_inputs(below.image.reference, below.image.identity, request.platform)
    inputs = feature_inputs(base, found.installs, users)
    tag = key.tag(key.key(inputs), request.repository)
    there = facts.need_optional(FindImage(reference=tag, local=True), ImageFacts)
    forced = request.rebuild or request.no_cache or request.pull
    if there and not (forced and (below.step or "features" not in facts.past)):
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
            _asked(request, configuration),
            known,
            override=configuration.configuration.override_feature_install_order,
            auto_mapping=request.auto_mapping,
        )
        if isinstance(result, Order):
            return result
        known.update(_answers(request, facts, configuration, result, lock))


def below_of(record: Record) -> Record:
    """What a container remembers of its image, as if it had no Features."""
    return msgspec.structs.replace(record, reference=record.base or record.reference)


def kept(request: Request, facts: Facts, configuration: Configured, below: Below, record: Record) -> Chosen:
    """The image of a container that stays, and in words what is another by now. No registry is asked."""
    misses = [*_base_moved(below, record), *_changed(request, facts, configuration, record)]
    return Chosen(image=recorded(record, record.reference), record=record, misses=tuple(misses))


def _asked(request: Request, configuration: Configured) -> dict[str, object]:
    own = configuration.configuration.features
    return declared(own, request.features, auto_mapping=request.auto_mapping)


def _answers(
    request: Request, facts: Facts, configuration: Configured, missing: Missing, lock: Lockfile | None
) -> Mapping[str, FoundFeature]:
    questions = {each: _question(request, configuration, each, lock) for each in missing.references}
    facts.need_all(*questions.values())
    return {each: facts.need(question, FoundFeature) for each, question in questions.items()}


def _question(
    request: Request, configuration: Configured, reference: str, lock: Lockfile | None
) -> ReadFeature:
    file, mapping = configuration.file, request.auto_mapping
    pinned = lock.pin(reference) if lock else ""
    if not isinstance(parse(reference, auto_mapping=mapping), LocalReference):
        return ReadFeature(reference=reference, digest=pinned, auto_mapping=mapping)
    folder = posixpath.dirname(posixpath.join(file.root, file.path))
    return ReadFeature(reference=reference, base=folder, workspace=file.root, auto_mapping=mapping)


def _lock(request: Request, configuration: Configured) -> Lockfile | None:
    file = configuration.file
    if file.lock is None or request.lockfile == "ignore":
        return None
    return lockfile.read(file.lock, lockfile.lockfile_path(posixpath.join(file.root, file.path)))


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
    )
    labels = [(names.IMAGE_INPUTS, label(inputs))]
    if request.repository:
        labels.append((names.METADATA, _published(configuration, below, found)))
    return BuildFeatures(
        spec=BuildSpec(
            tag=tag,
            dockerfile=made.dockerfile,
            dockerfile_name="Dockerfile of Features",
            context="",
            labels=tuple(labels),
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


def _published(configuration: Configured, below: Below, found: Order) -> str:
    """An image for others to name carries what a workspace of it needs, as its last entry."""
    entries = metadata.parse_label(predicted_metadata(below.image.metadata, found.installs)).entries
    return metadata.write_label((*entries, metadata.entry(configuration.raw)))


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


def _base_moved(below: Below, record: Record) -> tuple[str, ...]:
    before = record.base or record.reference
    if below.image.reference == before:
        return ()
    return below.misses or (f"image: {before} → {below.image.reference}",)


def _changed(request: Request, facts: Facts, configuration: Configured, record: Record) -> Iterator[str]:
    """Features that were added, removed, given other options, locked to another version, or edited."""
    asked, lock = _asked(request, configuration), _lock(request, configuration)
    before = {each.reference: each for each in record.features}
    yield from (f"Feature {reference} is gone" for reference in before if reference not in asked)
    for reference, value in asked.items():
        was = before.get(reference)
        if was is None:
            yield f"Feature {reference} is new"
            continue
        if was.options != key.digest(value)[:16]:
            yield f"options of Feature {reference} changed"
        yield from _moved(request, facts, configuration, was, lock)


def _moved(
    request: Request, facts: Facts, configuration: Configured, was: RecordedFeature, lock: Lockfile | None
) -> Iterator[str]:
    locked = lock.entry(was.reference) if lock else None
    if locked and locked.integrity != was.digest:
        yield f"Feature {was.reference} {was.version} → {locked.version}"
    if not configuration.file.root or not isinstance(
        parse(was.reference, auto_mapping=request.auto_mapping), LocalReference
    ):
        return
    now = facts.need(_question(request, configuration, was.reference, None), FoundFeature)
    if now.digest != was.digest:
        yield f"files of Feature {was.reference} changed"
