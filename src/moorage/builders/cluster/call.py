"""What buildctl is called with for one build, and the files that it reads: no value of a secret in any word.

Build arguments become the defaults of their ARGs: arguments of a process are seen by all who share its pod.
"""

from __future__ import annotations

import base64
import os
import shlex
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from moorage.builders.cluster.errors import BuildUnsupportedHere
from moorage.builders.cluster.flags import translated
from moorage.builders.engine.carriage import take_out, with_defaults
from moorage.builders.engine.place import encoded
from moorage.builders.images import HUB
from moorage.builders.secrets import content
from moorage.dockerfile.parse import parse
from moorage.dockerfile.platform import platform_arguments
from moorage.dockerfile.stages import external_images, reachable
from moorage.engine.ustar import Entry, pack
from moorage.errors import MoorageError
from moorage.oci.credentials import Credential
from moorage.oci.reference import DOCKER_HUB
from moorage.oci.reference import parse as parse_reference
from moorage.spec.build import BuildSpec

_PREDEFINED = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")


_DATES = (946_684_800, 600_000_000)
"""The year 2000, and nineteen years of seconds."""


def inputs(spec: BuildSpec, logins: Mapping[str, Credential], environment: Mapping[str, str]) -> bytes:
    """A tar archive. Raises BuildUnsupportedHere, BadBuildArgument, BuildSecretMissing, without any value."""
    options, given = take_out(spec.options)
    values = {**dict(spec.args), **given}
    text = with_defaults(spec, values) if values else spec.dockerfile
    files = {
        "dockerfile/Dockerfile": encoded(text),
        "dockerfile/Dockerfile.dockerignore": b"# what is ignored was not sent\n",
        "docker/config.json": _docker_config(logins),
        "arguments": encoded(shlex.join((*_words(spec, values), *translated(options)))),
    }
    files |= dict(_secrets(spec, environment)) | dict(_keys(spec))
    return pack([Entry(name=name, data=data, mode=0o600) for name, data in files.items()])


def date(spec: BuildSpec) -> int:
    """When all files of the context are said to have been changed, in seconds: another for each image key.

    BuildKit takes a file of the same path, size and time for one that it has, even of another context.
    """
    start, length = _DATES
    return start + int(sha256(spec.tag.rpartition(":")[2].encode()).hexdigest()[:8], 16) % length


def registries(spec: BuildSpec) -> tuple[str, ...]:
    """Every registry that the build may speak to, for which a login may be needed."""
    dockerfile = parse(spec.dockerfile, spec.dockerfile_name)
    needed = reachable(
        dockerfile, spec.target or None, dict(spec.args), platform_arguments(spec.platform or "linux/amd64")
    )
    references = [spec.tag, *(image.reference for image in external_images(dockerfile, needed))]
    references += [each for text in (*spec.cache_from, *spec.cache_to) if (each := _cache_reference(text))]
    found: dict[str, None] = {}
    for reference in references:
        try:
            found[parse_reference(reference).registry] = None
        except MoorageError:
            continue  # scratch, a variable, or what the builder will refuse in its own words
    return tuple(found)


def _words(spec: BuildSpec, values: Mapping[str, str]) -> Iterator[str]:
    yield from ("build", "--progress", "rawjson", "--frontend", "dockerfile.v0")
    yield from ("--local", "dockerfile=dockerfile")
    if spec.platform:
        yield from ("--opt", f"platform={spec.platform}")
    if spec.target:
        yield from ("--opt", f"target={spec.target}")
    for name in values:
        if name.lower() in _PREDEFINED:
            yield from ("--opt", f"build-arg:{name}={values[name]}")
    for name, value in spec.labels:
        yield from ("--opt", f"label:{name}={value}")
    yield from ("--no-cache",) if spec.no_cache else ()
    if spec.pull:
        yield from ("--opt", "image-resolve-mode=pull")
    for position, secret in enumerate(spec.secrets):
        yield from ("--secret", f"id={secret.id},src=secret/{position}")
    for position, text in enumerate(spec.ssh):
        yield from ("--ssh", f"{text.partition('=')[0]}=ssh/{position}")
    yield from _caches(spec)
    yield from ("--output", f'type=image,"name={spec.tag}",push=true')


def _caches(spec: BuildSpec) -> Iterator[str]:
    """The user's own, and one beside the image: a new builder begins where others ended."""
    repository = spec.tag.rpartition(":")[0]
    own = f"type=registry,ref={repository}:cache"
    for text in () if spec.no_cache else (*spec.cache_from, own):
        yield from ("--import-cache", _cache(text))
    for text in spec.cache_to or (f"{own},mode=max,ignore-error=true",):
        yield from ("--export-cache", _cache(text))


def _cache(text: str) -> str:
    return text if "type=" in text else f"type=registry,ref={text}"


def _cache_reference(text: str) -> str:
    if "type=" not in text:
        return text
    words = dict(word.partition("=")[::2] for word in text.split(","))
    return words.get("ref", "") if words.get("type") == "registry" else ""


def _secrets(spec: BuildSpec, environment: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    for position, secret in enumerate(spec.secrets):
        yield f"secret/{position}", content(secret, environment)


def _keys(spec: BuildSpec) -> Iterator[tuple[str, bytes]]:
    """ssh by key files: an agent of this machine cannot be reached from the cluster."""
    for position, text in enumerate(spec.ssh):
        name, _, path = text.partition("=")
        if not path or not os.path.isfile(path):  # noqa: PTH113 - a socket is none
            raise BuildUnsupportedHere(
                f"--ssh {name}: an ssh agent of this machine cannot be reached from the cluster.",
                hint=f"Name a key file, --ssh {name}=$HOME/.ssh/id_ed25519, or set builder=engine.",
            )
        yield f"ssh/{position}", Path(path).read_bytes()


def _docker_config(logins: Mapping[str, Credential]) -> bytes:
    auths = {HUB if host == DOCKER_HUB else host: _entry(found) for host, found in logins.items()}
    return msgspec.json.encode({"auths": auths})


def _entry(login: Credential) -> dict[str, str]:
    plain = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    fields = {
        "auth": plain if login.password else "",
        "identitytoken": login.identity_token,
        "registrytoken": login.registry_token,
    }
    return {name: value for name, value in fields.items() if value}
