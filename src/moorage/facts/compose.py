"""What Compose makes of a project's files, asked again only where something that it reads has changed."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from moorage.compose.config import resolve
from moorage.compose.errors import BadComposeFile
from moorage.compose.program import find
from moorage.devcontainer.compose import DEFAULT_FILES, Project, dotenv, project_name, says_name
from moorage.engine.endpoint import Endpoint
from moorage.facts import bounded
from moorage.planner.questions import ReadStack

_FORMAT = 1
_KEPT = 40
_LARGE, _MANY = 256 * 1024, 300
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATHS = re.compile(r'"([^"\n]+)"|' r"'([^'\n]+)'|" r"([^\s\"',\[\]{}]+)")
_ALWAYS = {"HOME", "DOCKER_DEFAULT_PLATFORM"}


async def project(
    question: ReadStack, endpoint: Endpoint, environ: Mapping[str, str], cache: Path
) -> Project:
    """The resolved project. Raises BadComposeFile, NotAFile, ComposeMissing and what `resolve` raises.

    The answer may hold secrets of the environment: it is kept for this user alone, and only the latest few.
    """
    environment = {name: value for name, value in environ.items() if name != "COMPOSE_FILE"}
    env_file = _read(Path(question.folder, ".env"))
    variables = dotenv(env_file.decode(errors="replace"))
    files = question.files or _default_files(question.folder, environ, variables)
    for path in (*files, *(posixpath.join(posixpath.dirname(file), ".env") for file in files)):
        bounded.check(path)
    texts = _texts(files, question.folder, environment)
    kept = cache / f"{_key(files, question.folder, texts, environment)}.json"
    resolved = _recalled(kept)
    if resolved is None:
        program = await find(endpoint, environment, cache)
        resolved = await resolve(program, files, question.folder)
        _keep(kept, resolved)
    _put_inline_beside(resolved, cache)
    return Project(
        name=project_name(
            environment=environment,
            dotenv=variables,
            resolved=str(resolved.get("name") or ""),
            named=any(says_name(texts.get(file, b"").decode(errors="replace")) for file in files),
            folder=question.folder,
            files=files,
        ),
        files=files,
        folder=question.folder,
        active=_profiles(environment, variables, texts, files),
        resolved=resolved,
    )


def _default_files(
    folder: str, environment: Mapping[str, str], variables: Mapping[str, str]
) -> tuple[str, ...]:
    """COMPOSE_FILE, else what Compose finds by itself, its override beside it. Raises BadComposeFile."""
    given = environment.get("COMPOSE_FILE") or variables.get("COMPOSE_FILE")
    if given:
        separator = (
            environment.get("COMPOSE_PATH_SEPARATOR") or variables.get("COMPOSE_PATH_SEPARATOR") or ":"
        )
        return tuple(posixpath.join(folder, name) for name in given.split(separator) if name)
    for name in DEFAULT_FILES:
        path = Path(folder, name)
        if path.is_file():
            stem, suffix = path.stem, path.suffix
            others = (path.with_name(f"{stem}.override{each}") for each in (suffix, ".yml", ".yaml"))
            override = next((str(each) for each in others if each.is_file()), None)
            return (str(path), override) if override else (str(path),)
    raise BadComposeFile(
        f"There is no Compose file in {folder}.",
        evidence=(f"looked for {', '.join(DEFAULT_FILES)}, as dockerComposeFile is an empty list",),
        hint="Name the files in dockerComposeFile, or in COMPOSE_FILE.",
    )


def _texts(files: Iterable[str], folder: str, environment: Mapping[str, str]) -> dict[str, bytes]:
    """Every file that Compose may read, by its path: those that are named, and what they in turn name.

    Compose does not say what it reads (extends, include, env_file, secrets), so all words that are a file's
    path count; one too many only means that Compose is asked once more.
    """
    found: dict[str, bytes] = {}
    places = dict.fromkeys((folder, *(posixpath.dirname(file) for file in files)))
    queue = [*files, *(posixpath.join(place, ".env") for place in places)]
    queue += [
        posixpath.join(folder, each) for each in environment.get("COMPOSE_ENV_FILES", "").split(",") if each
    ]
    while queue and len(found) < _MANY:
        path = posixpath.normpath(queue.pop())
        if path in found or not posixpath.isfile(path):
            continue
        found[path] = data = _read(Path(path))
        text = data.decode(errors="replace")
        around = (posixpath.dirname(path), *places)
        queue += [posixpath.join(place, word) for word in _path_words(text, environment) for place in around]
    return found


def _path_words(text: str, environment: Mapping[str, str]) -> Iterator[str]:
    for match in _PATHS.finditer(text):
        word = match[1] or match[2] or match[3]
        if "$" in word:
            word = re.sub(r"\$\{?([A-Za-z_]\w*)[^}]*\}?", lambda name: environment.get(name[1], ""), word)
        if len(word) < 400 and "\0" not in word and ("." in word or "/" in word):
            yield posixpath.expanduser(word).rstrip(":,")


def _key(
    files: Iterable[str], folder: str, texts: Mapping[str, bytes], environment: Mapping[str, str]
) -> str:
    """All that the answer follows from: files by content, and the variables that a word in them may mean."""
    words = {word for text in texts.values() for word in _WORD.findall(text.decode(errors="replace"))}
    words |= {name for name in environment if name.startswith("COMPOSE_")} | _ALWAYS
    told = (
        _FORMAT,
        tuple(files),
        folder,
        sorted((path, sha256(text).hexdigest()) for path, text in texts.items()),
        sorted((word, environment[word]) for word in words & environment.keys()),
    )
    return sha256(msgspec.json.encode(told)).hexdigest()


def _profiles(
    environment: Mapping[str, str],
    variables: Mapping[str, str],
    texts: Mapping[str, bytes],
    files: tuple[str, ...],
) -> tuple[str, ...]:
    """COMPOSE_PROFILES of the environment, or of the .env where Compose looks for it."""
    beside = posixpath.join(posixpath.dirname(files[0]), ".env") if files else ""
    there = dotenv(texts.get(beside, b"").decode(errors="replace"))
    given = (
        environment.get("COMPOSE_PROFILES")
        or variables.get("COMPOSE_PROFILES")
        or there.get("COMPOSE_PROFILES")
    )
    return tuple(each.strip() for each in (given or "").split(",") if each.strip())


def _read(path: Path) -> bytes:
    """A file's text; of a large one only what tells that it changed. Empty where it cannot be read."""
    try:
        seen = path.stat()
        if seen.st_size > _LARGE:
            return f"\0{seen.st_size} {seen.st_mtime_ns}".encode()
        return bounded.read(str(path))
    except OSError:
        return b""


def _recalled(file: Path) -> dict[str, object] | None:
    try:
        found = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
        os.utime(file)
    except (OSError, msgspec.MsgspecError):
        return None
    return found


def _keep(file: Path, resolved: Mapping[str, object]) -> None:
    """A cache that cannot be written only costs the process again."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.touch(mode=0o600)
        beside.write_bytes(msgspec.json.encode(resolved))
        beside.replace(file)
        others = sorted(file.parent.glob("*.json"), key=lambda each: each.stat().st_mtime_ns)
        for old in [each for each in others if each.name != "program.json"][:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _put_inline_beside(resolved: Mapping[str, object], cache: Path) -> None:
    """A Dockerfile that stands in the Compose file becomes one like any other, named by what it says."""
    services = resolved.get("services")
    for service in services.values() if isinstance(services, dict) else ():
        build = service.get("build") if isinstance(service, dict) else None
        if isinstance(build, dict) and isinstance(build.get("dockerfile_inline"), str):
            build["dockerfile"] = str(_dockerfile(cache, build.pop("dockerfile_inline")))


def _dockerfile(cache: Path, text: str) -> Path:
    path = cache / "inline" / sha256(text.encode()).hexdigest()[:32] / "Dockerfile"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text)
    return path
