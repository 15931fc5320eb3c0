"""`build`: the image of a configuration with all its metadata, under the names that are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from moorage.builders.base import Context
from moorage.builders.engine.builder import EngineBuilder
from moorage.compat.reference.configured import Configured, configured
from moorage.compat.reference.place import Place, text
from moorage.compat.reference.request import request_of
from moorage.devcontainer import metadata
from moorage.errors import ConfigurationError, UsageError
from moorage.facts.image import on_engine
from moorage.planner.request import Request
from moorage.spec import names
from moorage.spec.build import BuildSpec
from moorage.workspace.apply.image import logins, present
from moorage.workspace.build import build as build_image
from moorage.workspace.site import Site

_COMPOSE_LACKS = (
    (("platform", "push"), "--platform or --push not supported."),
    (("output",), "--output not supported."),
    (("cache_to",), "--cache-to not supported."),
)


class BuildFlagsConflict(UsageError):
    """Flags of `build` that do not go together, or not with this configuration."""

    code = "build-flags-conflict"


class SeveralPlatforms(ConfigurationError):
    """More than one platform for an image that is built in several stages of our own."""

    code = "several-platforms"


async def build(place: Place, values: Mapping[str, Any], site: Site) -> dict[str, object]:
    """The result as the reference prints it. Raises BuildFlagsConflict, and what builds raise."""
    text(place)
    found = configured(place, dict(site.environment))
    if found is None:
        raise TypeError("a build has a configuration")
    check(values, found)
    request = request_of(place, values)
    platform = values.get("platform") or ""
    if platform and not _several(platform):
        request = msgspec.structs.replace(request, platform=platform)
    base = await _base(request, found, platform, site)
    given: tuple[str, ...] = tuple(values.get("image_name") or ())
    tags = given or (f"{names.container_name(request.slug, request.workspace)}:latest",)
    await _labelled(base, tags, values, found, site)
    only_name = found.configuration.kind == "compose" and not given
    return {"outcome": "success", "imageName": tags[0] if only_name else list(tags)}


def check(values: Mapping[str, Any], found: Configured) -> None:
    """Refuse flags that contradict one another, in the reference's words. Raises BuildFlagsConflict."""
    if values.get("push") and values.get("output"):
        raise BuildFlagsConflict("--push true cannot be used with --output.")
    if values.get("buildkit") == "never" and (values.get("push") or values.get("platform")):
        raise BuildFlagsConflict("--platform or --push require BuildKit enabled.")
    if found.configuration.kind == "compose":
        for flags, words in _COMPOSE_LACKS:
            if any(values.get(flag) for flag in flags):
                raise BuildFlagsConflict(words)
    if _several(values.get("platform") or "") and not _is_plain_image(found, values):
        raise SeveralPlatforms(
            "A Dockerfile or Features are built for one platform at a time.",
            hint="Build once for each --platform, and join them: docker buildx imagetools create.",
        )


async def _base(request: Request, found: Configured, platform: str, site: Site) -> str:
    """The image without this file's own metadata; a plain one for other platforms is left to buildx."""
    if platform and _is_plain_image(found, {"additional_features": request.features}):
        return str(found.value(identity=None, container=None)["image"])
    return (await build_image(request, site, initialize=False)).reference


async def _labelled(
    base: str, tags: Sequence[str], values: Mapping[str, Any], found: Configured, site: Site
) -> None:
    """One more image of the base's layers, with the label that makes it a dev container by itself."""
    image = await on_engine(site.engine, base)
    entries = metadata.parse_label(image.metadata if image else "").entries
    if values.get("skip_persisting_customizations_from_features"):
        entries = tuple(_without_customizations(each) for each in entries)
    own = metadata.entry(found.raw)
    labels = {names.METADATA: metadata.write_label([*entries, own]), **_pairs(values.get("label") or ())}
    spec = BuildSpec(
        tag=tags[0],
        dockerfile=f"FROM {base}\n",
        dockerfile_name="the metadata of devcontainer.json",
        context="/",
        labels=tuple(labels.items()),
        options=tuple(word for tag in tags[1:] for word in ("--tag", tag)),
        platform=values.get("platform") or "",
        push=bool(values.get("push")),
        output=_absolute(values.get("output") or ""),
    )
    builder = EngineBuilder(site.engine, logins=logins(site), environment=site.environment)
    await builder.build(spec, Context(archive=_only, patterns=(), entries=()), site.reporter, "label-image")
    if not spec.push and not spec.output:
        await present(site, tags[0])


def _without_customizations(entry: metadata.Entry) -> metadata.Entry:
    """Of Features only: their entries have an id."""
    return {key: value for key, value in entry.items() if key != "customizations"} if "id" in entry else entry


def _only(extra: Mapping[str, bytes]) -> Iterator[bytes]:
    """A context of nothing but what the builder adds."""
    from moorage.engine.ustar import Entry, pack

    yield pack(Entry(name=name, data=data) for name, data in extra.items())


def _absolute(output: str) -> str:
    """`dest` relative to where the user is, whatever folder the builder runs in."""
    fields = (field.partition("=") for field in output.split(","))
    found = [
        f"dest={os.path.abspath(value)}" if name == "dest" and value != "-" else f"{name}{equals}{value}"  # noqa: PTH100
        for name, equals, value in fields
    ]
    return ",".join(found) if output else ""


def _pairs(given: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (text.partition("=") for text in given)}


def _several(platform: str) -> bool:
    return "," in platform


def _is_plain_image(found: Configured, values: Mapping[str, Any]) -> bool:
    own = found.configuration
    return own.kind == "image" and not own.features and not values.get("additional_features")
