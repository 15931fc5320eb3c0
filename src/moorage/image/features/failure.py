"""Tells a failed build of Features as the Feature that failed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moorage.devcontainer.features.comparison import Install
from moorage.errors import ImageError
from moorage.image.features.script import PLACE

_EXIT = re.compile(r"exit code:? (\d+)")


class FeatureFailed(ImageError):
    """The install.sh of a Feature did not succeed."""

    code = "feature-failed"


def failed(
    installs: Sequence[Install], dockerfile: str, *, line: int, said: str, evidence: tuple[str, ...] = ()
) -> FeatureFailed | None:
    """The error for a build that ended at `line` of a generated Dockerfile (0: nothing tells where).

    `said` is the builder's sentence, `evidence` the end of the log. None where it was no Feature.
    """
    place = _place(dockerfile, line, len(installs))
    if place is None:
        return None
    found = installs[place].found
    feature = found.feature
    name = f'"{feature.name or feature.id}" ({found.reference})'
    return FeatureFailed(
        f"The Feature {name} failed to install{_how(said)}",
        evidence=evidence,
        hint=_hint(feature.documentation_url, (said, *evidence)),
    )


def _place(dockerfile: str, line: int, count: int) -> int | None:
    """Every Feature ends with its RUN: as many as there are before the line are done."""
    if not line:
        return 0 if count == 1 else None
    before = dockerfile.splitlines()[: line - 1]
    done = sum(text.startswith(f'RUN ["/bin/sh", "{PLACE}/') for text in before)
    return done if done < count and line > 1 else None


def _how(said: str) -> str:
    code = _EXIT.search(said)
    return f": install.sh ended with exit code {code[1]}." if code else f": {said}"


def _hint(documentation: str | None, told: tuple[str, ...]) -> str:
    if any(re.search('"?/bin/sh"?: .*(no such file|not found)', line) for line in told):
        return "Features need a shell, /bin/sh, in the base image: choose one that has it."
    there = f" Its documentation: {documentation}" if documentation else ""
    return (
        f"The lines above are the end of its output. Correct its options, or choose another version.{there}"
    )
