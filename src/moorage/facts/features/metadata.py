"""From what was found to a `FoundFeature`: the metadata is read, and its author's mistakes are told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moorage.devcontainer.features.feature import Feature, load
from moorage.devcontainer.jsonc import parse
from moorage.devcontainer.warnings import Warning
from moorage.facts import bounded
from moorage.facts.features.errors import FeatureUnusable

FILE = "devcontainer-feature.json"
INSTALL = "install.sh"
_LARGEST = 4 << 20


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """A devcontainer-feature.json: as data, as it is, and what its author should know."""

    feature: Feature
    raw: dict[str, object]
    warnings: tuple[Warning, ...] = ()


def read(text: str | bytes, file: str) -> Metadata:
    """Raises BrokenJson, WrongType, BadFeature with `file` and the position."""
    document = parse(text, file)
    feature, warnings = load(document)
    return Metadata(feature=feature, raw=document.value, warnings=warnings)


def read_file(folder: Path, file: str) -> Metadata:
    """The metadata in a Feature's folder; `file` names it in errors. Raises FeatureUnusable and as `read`."""
    path = folder / FILE
    try:
        text = bounded.read(str(path), _LARGEST)
    except (bounded.FileTooLarge, bounded.NotAFile) as error:
        raise FeatureUnusable(
            f"its {FILE} is no file of at most {_LARGEST >> 20} MiB", hint="Is it a Feature?"
        ) from error
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise FeatureUnusable(
            f"it has no {FILE}", hint="Check that it is a Feature, and not a Template or an image."
        ) from error
    except OSError as error:
        raise FeatureUnusable(
            f"its {FILE} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error
    return read(text, file)
