"""References to Features: which of the four kinds a text is, and what it names.

The order of the kinds and the automatic mapping of old short names are those of the reference CLI.
"""

# No `from __future__ import annotations`, as in properties.

from typing import TypeAlias

import msgspec

from moorage.errors import ConfigurationError


class BadFeatureReference(ConfigurationError):
    """The text names no Feature of any kind."""

    code = "bad-feature-reference"


class OciReference(msgspec.Struct, frozen=True, kw_only=True):
    """A Feature in a registry, lower-cased. `tag` is `latest` where nothing is given, "" beside a digest."""

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
        """registry/namespace: where names of one Feature, old and new, stand side by side."""
        return self.base.rpartition("/")[0]


class LocalReference(msgspec.Struct, frozen=True, kw_only=True):
    """A folder, relative to that of the devcontainer.json (also when a Feature's dependsOn names it)."""

    written: str
    path: str

    @property
    def id(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]


class TarballReference(msgspec.Struct, frozen=True, kw_only=True):
    """An archive `devcontainer-feature-<id>.tgz` at an https address."""

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


def parse(text: str, *, auto_mapping: bool = True) -> Reference:
    """Which Feature a reference names. Raises BadFeatureReference with what to write instead.

    `auto_mapping` takes short names of the first Features ("node", "golang") for their place of today.
    """
    raise NotImplementedError
