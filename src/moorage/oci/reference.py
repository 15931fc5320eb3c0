"""Image references as Docker reads them: `python:3.12` is `docker.io/library/python:3.12`.

The grammar is that of the OCI distribution specification and of github.com/distribution/reference; the
normalisation (docker.io, library/, localhost) is Docker's, so that a reference means here what it means to
the engine.
"""

from __future__ import annotations

import re

import msgspec

from moorage.errors import ConfigurationError

DOCKER_HUB = "docker.io"
LATEST = "latest"

_OFFICIAL = "library/"
_LONGEST_NAME = 255
_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REGISTRY = re.compile(rf"(?:{_HOST}(?:\.{_HOST})*|\[[a-fA-F0-9:]+\])(?::[0-9]{{1,5}})?")
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
_IMAGE_ID = re.compile(r"[a-f0-9]{64}")


class BadReference(ConfigurationError):
    """The text names no image that a registry or an engine could have."""

    code = "bad-image-reference"


class Reference(msgspec.Struct, frozen=True):
    """One image in one registry. Neither tag nor digest given means the tag `latest`."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}{self._suffix()}"

    @property
    def familiar(self) -> str:
        """The shortest text that still means this image: what people write and `docker images` shows."""
        return f"{self._short_name()}{self._suffix()}"

    @property
    def target(self) -> str:
        """What to ask the registry for: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or LATEST

    def pinned(self, digest: str) -> Reference:
        """The same repository by digest alone, so that a moved tag cannot change what it means."""
        return Reference(self.registry, self.repository, None, digest)

    def _short_name(self) -> str:
        if self.registry != DOCKER_HUB:
            return f"{self.registry}/{self.repository}"
        short = self.repository.removeprefix(_OFFICIAL)
        if "/" not in short:
            return self.repository if _IMAGE_ID.fullmatch(short) else short
        first = self.repository.partition("/")[0]
        return f"{DOCKER_HUB}/{self.repository}" if _names_registry(first) else self.repository

    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{tag}@{self.digest}" if self.digest else tag


def parse(text: str) -> Reference:
    """Read a reference with Docker's defaults filled in. Raises `BadReference` saying which part is wrong."""
    if _IMAGE_ID.fullmatch(text):
        raise _bad(text, "64 hexadecimal digits are an image id, not a name", "Write NAME@sha256:… instead.")
    named, _, digest = text.partition("@")
    if "@" in text and not _DIGEST.fullmatch(digest):
        raise _bad(text, f"{digest!r} is no digest", "A digest reads sha256: and 64 hexadecimal digits.")
    name, tag = _split_tag(named)
    if tag is not None and not _TAG.fullmatch(tag):
        raise _bad(text, f"{tag!r} is no tag", "A tag has up to 128 letters, digits, and . _ - between them.")
    registry, repository = _split_registry(name)
    _check_name(text, registry, repository)
    return Reference(registry, repository, tag, digest or None)


def is_digest(text: str) -> bool:
    """Whether the text is a whole digest of an algorithm that is verified here (sha256, sha384, sha512)."""
    return _DIGEST.fullmatch(text) is not None


def _split_tag(named: str) -> tuple[str, str | None]:
    name, colon, tag = named.rpartition(":")
    if not colon or "/" in tag:
        return named, None
    return name, tag


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if not slash or not _names_registry(first):
        first, rest = DOCKER_HUB, name
    if first in (DOCKER_HUB, "index.docker.io"):
        return DOCKER_HUB, rest if "/" in rest else f"{_OFFICIAL}{rest}"
    return first, rest


def _names_registry(first: str) -> bool:
    # Upper case cannot be a repository, so Docker takes it for a host.
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


def _check_name(text: str, registry: str, repository: str) -> None:
    if repository != repository.lower():
        raise _bad(text, "a repository name is lower case", f"Write {repository.lower()!r}.")
    if not _REPOSITORY.fullmatch(repository):
        shown = repository.removeprefix(_OFFICIAL)
        raise _bad(text, f"{shown!r} is no repository name", "Use a-z, 0-9, and single . _ - between them.")
    if not _REGISTRY.fullmatch(registry):
        raise _bad(text, f"{registry!r} is no registry", "A registry reads HOST or HOST:PORT.")
    if len(repository) > _LONGEST_NAME:
        raise _bad(text, f"the name has more than {_LONGEST_NAME} characters", "Shorten it.")


def _bad(text: str, cause: str, hint: str) -> BadReference:
    shown = text if len(text) <= 120 else f"{text[:117]}..."
    return BadReference(f"{shown!r} is not an image reference: {cause}", hint=hint)
