"""References to Features: which of the four kinds a text is, and what it names.

The order of the kinds and the automatic mapping of old short names are those of the reference CLI.
"""

# No `from __future__ import annotations`, as in properties.

import re
from collections.abc import Mapping
from posixpath import join, normpath
from typing import TypeAlias

import msgspec

from moorage.devcontainer.features.legacy import HOME, SHORT_NAMES, fold, mapped
from moorage.devcontainer.warnings import Warning
from moorage.errors import ConfigurationError

LATEST = "latest"

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})+")
_REGISTRY = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[a-f0-9:]+\])(?::[0-9]{1,5})?")
_TAG = re.compile(r"[a-z0-9_][a-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")
_GITHUB = re.compile(
    r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<repository>[A-Za-z0-9_][\w.-]*)/(?P<id>[A-Za-z0-9_][\w-]*)"
    r"(?:@(?P<tag>[A-Za-z0-9_][\w.-]*))?",
    re.ASCII,
)
_TARBALL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^/?#\s]+)/(?:[^?#\s]*/)?devcontainer-feature-(?P<id>[a-zA-Z0-9_][\w.-]*)\.tgz"
    r"(?:[?#]\S*)?",
    re.ASCII,
)
_THIS_MACHINE = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?")
_UNSEEN = re.compile(r"[\x00-\x20\x7f\\]")
_CONTRIBUTED, _EXTRA = "devcontainers-contrib", "devcontainers-extra"


class BadFeatureReference(ConfigurationError):
    """The text names no Feature of any kind."""

    code = "bad-feature-reference"


class OciReference(msgspec.Struct, frozen=True, kw_only=True):
    """A Feature in a registry, lower-cased. The tag is `latest` where neither tag nor digest is given."""

    written: str
    registry: str
    path: str
    """namespace/id; the namespace may have several parts."""
    tag: str = ""
    digest: str = ""

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def base(self) -> str:
        """The Feature in all its versions: registry/namespace/id."""
        return f"{self.registry}/{self.path}"

    @property
    def namespace(self) -> str:
        """registry/namespace: where the old and the new name of a Feature stand side by side."""
        return self.base.rpartition("/")[0]


class LocalReference(msgspec.Struct, frozen=True, kw_only=True):
    """A folder, relative to that of the devcontainer.json (also when a Feature's dependsOn names it)."""

    written: str
    path: str
    """Normalised; it may still lead out of the folder, see `local_folder`."""

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]


class TarballReference(msgspec.Struct, frozen=True, kw_only=True):
    """An archive `devcontainer-feature-<id>.tgz` at an https address (or http on this machine)."""

    written: str
    url: str
    id: str

    @property
    def base(self) -> str:
        return self.url


class GithubReference(msgspec.Struct, frozen=True, kw_only=True):
    """The deprecated form owner/repository/id[@tag]: an asset of a GitHub release. `tag` "" is the latest."""

    written: str
    owner: str
    repository: str
    id: str
    tag: str = ""

    @property
    def base(self) -> str:
        return f"{self.owner}/{self.repository}/{self.id}"


Reference: TypeAlias = OciReference | LocalReference | TarballReference | GithubReference


def declared(
    features: Mapping[str, object],
    additional: Mapping[str, object] | None = None,
    *,
    auto_mapping: bool = True,
) -> dict[str, object]:
    """Every Feature that is asked for, in order: the file's, then additional ones that it does not name.

    Reference as written → options as written; Features that became options of others are turned into those.
    """
    united = {
        **features,
        **{text: value for text, value in (additional or {}).items() if text not in features},
    }
    return fold(united) if auto_mapping else united


def parse(text: str, *, auto_mapping: bool = True) -> Reference:
    """Which Feature a reference names. Raises BadFeatureReference with what to write instead.

    `auto_mapping` takes short names of the first Features ("node", "golang") for their place of today.
    """
    meant = mapped(text) if auto_mapping else text
    if _UNSEEN.search(meant):
        raise _bad(text, "it has a space, a backslash or a control character in it", "Remove that.")
    if meant.startswith("/"):
        raise _bad(text, "an absolute path to a local Feature is not allowed", _LOCAL_HINT)
    if "/" not in meant:
        raise _short(text)
    if meant.startswith(("https://", "http://")):
        return _tarball(text, meant)
    if meant.startswith(("./", "../")):
        return _local(text, meant)
    if _names_registry(meant.partition("/")[0]):
        return _oci(text, meant.lower())
    return _github(text, meant)


def local_folder(reference: LocalReference, base: str, workspace: str) -> str:
    """The absolute folder of a local Feature, from the folder of the devcontainer.json.

    Raises BadFeatureReference unless it is below `<workspace>/.devcontainer`. Links are not followed here.
    """
    folder = normpath(join(base, reference.path))
    allowed = normpath(join(workspace, ".devcontainer"))
    if not folder.startswith(f"{allowed}/"):
        raise _bad(
            reference.written,
            "the resolved path must be a child of the .devcontainer/ folder",
            f"Move the Feature into {allowed}.",
        )
    return folder


def remarks(reference: Reference) -> tuple[Warning, ...]:
    """What a person should know about the way a Feature is named."""
    if isinstance(reference, GithubReference):
        return (_deprecated(reference.written, "names a GitHub release", "Use its place in a registry."),)
    if not isinstance(reference, OciReference):
        return ()
    if reference.written in SHORT_NAMES:
        hint = f'Write "{mapped(reference.written)}".'
        return (_deprecated(reference.written, "is a short name from before registries", hint),)
    if f"/{_CONTRIBUTED}/" in reference.written.lower():
        hint = f"Write {_EXTRA} in its place."
        return (_deprecated(reference.written, f"names {_CONTRIBUTED}, which moved", hint),)
    return ()


_LOCAL_HINT = 'Write a path that begins with "./" and is relative to the folder of the devcontainer.json.'


def _names_registry(first: str) -> bool:
    return "." in first or ":" in first or first.lower() == "localhost"


def _oci(text: str, meant: str) -> OciReference:
    named, at, digest = meant.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise _bad(text, f"{digest!r} is no digest", "A digest reads sha256: and 64 hexadecimal digits.")
    registry, _, rest = named.partition("/")
    path, colon, tag = rest.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _bad(text, f"{tag!r} is no version", 'Write a version such as "1", "1.2" or "latest".')
    if not _REGISTRY.fullmatch(registry):
        raise _bad(text, f"{registry!r} is no registry", "A registry reads HOST or HOST:PORT.")
    if not _PATH.fullmatch(path):
        raise _bad(text, f"{path!r} is no namespace/id", "Write registry/namespace/id:version.")
    if registry == "ghcr.io" and path.startswith(f"{_CONTRIBUTED}/"):
        path = _EXTRA + path.removeprefix(_CONTRIBUTED)
    return OciReference(
        written=text, registry=registry, path=path, tag=tag or ("" if digest else LATEST), digest=digest
    )


def _local(text: str, meant: str) -> LocalReference:
    path = normpath(meant)
    name = path.rpartition("/")[2]
    if name in (".", "..") or name.startswith("-"):
        raise _bad(text, f"{name!r} is no name of a Feature's folder", _LOCAL_HINT)
    return LocalReference(written=text, path=path)


def _tarball(text: str, meant: str) -> TarballReference:
    match = _TARBALL.fullmatch(meant)
    if match is None:
        hint = "The address must end with devcontainer-feature-<id>.tgz."
        raise _bad(text, "it is not the address of a Feature's archive", hint)
    if match["scheme"] == "http" and not _THIS_MACHINE.fullmatch(match["host"]):
        raise _bad(text, "archives are fetched over https only", "Write https:// in its place.")
    return TarballReference(written=text, url=meant, id=match["id"])


def _github(text: str, meant: str) -> GithubReference:
    match = _GITHUB.fullmatch(meant)
    if match is None:
        raise _bad(text, "it has no registry in front", "Write registry/namespace/id:version.")
    return GithubReference(
        written=text,
        owner=match["owner"],
        repository=match["repository"],
        id=match["id"],
        tag=match["tag"] or "",
    )


def _short(text: str) -> BadFeatureReference:
    """The sentence of the reference CLI, whose words editors look for, and the name probably meant."""
    from moorage.devcontainer.spelling import nearest  # only mistakes need it

    known = nearest(text.partition(":")[0].partition("@")[0], SHORT_NAMES)
    hint = (
        f'Did you mean "{HOME}/{SHORT_NAMES[known]}:1"?'
        if known
        else "Search https://containers.dev/features."
    )
    return BadFeatureReference(
        f"Legacy feature {_shown(text)} not supported. If you were hoping to use local Features, remember to "
        'prepend your Feature name with "./".',
        hint=hint,
    )


def _deprecated(text: str, what: str, hint: str) -> Warning:
    return Warning(code="deprecated-feature-reference", text=f"The Feature {_shown(text)} {what}.", hint=hint)


def _bad(text: str, cause: str, hint: str) -> BadFeatureReference:
    return BadFeatureReference(f"Could not resolve Feature {_shown(text)}: {cause}.", hint=hint)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:117]}...")
