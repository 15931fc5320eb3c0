"""Reads a Dockerfile, the ignore file that applies to it, and the digests of its context."""

from __future__ import annotations

from pathlib import Path

from moorage.devcontainer.spelling import did_you_mean
from moorage.dockerfile import ignore
from moorage.errors import ConfigurationError
from moorage.facts import bounded
from moorage.facts.context import ContextMissing, ContextTree, hash_context
from moorage.planner.questions import DockerfileText, HashContext, ReadDockerfile


class DockerfileMissing(ConfigurationError):
    """The configuration names a Dockerfile that is not there."""

    code = "dockerfile-missing"


def dockerfile(question: ReadDockerfile) -> DockerfileText:
    """The text, and the ignore file: the Dockerfile's own before the context's. Raises DockerfileMissing."""
    path = Path(question.path)
    if not Path(question.context).is_dir():
        raise ContextMissing(
            f"The build context {question.context} is not a folder.",
            hint="Correct build.context; it is relative to the folder of devcontainer.json.",
        )
    try:
        text = _text(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise DockerfileMissing(
            f"There is no Dockerfile at {path}.",
            evidence=(f"build.dockerfile names it; {path.parent} has: {_neighbours(path)}",),
            hint="Correct build.dockerfile; it is relative to the folder of devcontainer.json."
            + did_you_mean(path.name, _names(path.parent)),
        ) from error
    name, rules = _ignore_file(path, Path(question.context))
    return DockerfileText(text=text, ignore=rules, ignore_name=name)


def context(question: HashContext, cache: str | None) -> ContextTree:
    """What the target reads of its context. Blocking. Raises what `hash_context` raises."""
    rules = ignore.read(question.ignore, question.ignore_name or ".dockerignore")
    return hash_context(question.context, question.reads, rules, cache)


def _ignore_file(path: Path, context: Path) -> tuple[str, str]:
    for candidate in (path.with_name(f"{path.name}.dockerignore"), context / ".dockerignore"):
        try:
            return str(candidate), _text(candidate)
        except (FileNotFoundError, NotADirectoryError):
            continue
    return "", ""


def _text(path: Path) -> str:
    return bounded.read(str(path)).decode(errors="surrogateescape").replace("\r\n", "\n")


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def _neighbours(path: Path) -> str:
    names = _names(path.parent)
    return ", ".join(names[:8]) or "nothing"
