"""Makes the lock: what Debian and PyPI have now, of which Debian's part is checked by its signature."""

from __future__ import annotations

import asyncio
import lzma
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import httpx2
import msgspec

from moorage.runtime import index
from moorage.runtime.errors import RuntimeIncomplete, RuntimeToolFailed, RuntimeUntrusted
from moorage.runtime.fetch import DEBIAN, FILES, INDEX, get
from moorage.runtime.lock import Lock, Pin, Wheel
from moorage.runtime.program import run
from moorage.runtime.recipe import (
    ARCHITECTURES,
    LIBRARIES,
    MACHINES,
    PACKAGES,
    PYTHON,
    RELEASE,
    SUITES,
    TOOL,
    Architecture,
)

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SIMPLE = {"Accept": "application/vnd.pypi.simple.v1+json"}
_SECONDS = 120.0


class _File(msgspec.Struct):
    filename: str
    url: str
    hashes: dict[str, str]
    size: int = 0


class _Project(msgspec.Struct):
    files: list[_File]


class _Suite(msgspec.Struct, frozen=True):
    date: str
    packages: dict[Architecture, tuple[index.Package, ...]]


async def pin(*, debian: str = "", wheels: str = "", keyring: str = KEYRING) -> Lock:
    """A lock of what is current. `debian` and `wheels` (a simple index) are mirrors to ask instead.

    Wheels are pinned in the versions that are installed here: those that moorage was tested with.
    Raises RuntimeDownloadFailed, RuntimeUntrusted, RuntimeToolFailed, RuntimeIncomplete.
    """
    if not Path(keyring).exists():
        raise RuntimeToolFailed(
            f"Debian's keys are not at {keyring}.",
            hint="Install debian-archive-keyring, or name the file with --keyring.",
        )
    async with httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=True) as client:
        base = debian or DEBIAN
        # One after the other: asyncio hangs where the start of a program (gpgv) is cancelled.
        suites = [await _suite(client, f"{base}/{a}", a, s, keyring) for a, s in SUITES]
        found = _distributions(metadata.requires("moorage") or ())
        pinned = await asyncio.gather(*(_wheel(client, each, wheels or INDEX) for each in found))
        tool = await _tool(client, wheels or INDEX)
    return Lock(
        release=RELEASE,
        python=PYTHON,
        date=max(suite.date for suite in suites),
        packages={each: _packages(suites, each) for each in ARCHITECTURES},
        wheels=tuple(sorted(pinned, key=lambda wheel: wheel.name)),
        tool=tool,
    )


async def _suite(client: httpx2.AsyncClient, base: str, archive: str, suite: str, keyring: str) -> _Suite:
    place = f"{base}/dists/{suite}"
    release = await _signed(await get(client, f"{place}/InRelease"), f"{place}/InRelease", keyring)
    known = index.checksums(release)
    found: dict[Architecture, tuple[index.Package, ...]] = {}
    for architecture in ARCHITECTURES:
        path = f"main/binary-{architecture}/Packages.xz"
        content = await get(client, f"{place}/{path}")
        if sha256(content).hexdigest() != known.get(path):
            raise RuntimeUntrusted(
                f"{place}/{path} is not what the signed Release names.", hint="Try again in some minutes."
            )
        text = await asyncio.to_thread(lambda data: lzma.decompress(data).decode(), content)
        found[architecture] = tuple(index.packages(text, archive))
    date = parsedate_to_datetime(index.field(release, "Date")).astimezone(UTC)
    return _Suite(date.strftime("%Y-%m-%dT%H:%M:%SZ"), found)


async def _signed(content: bytes, name: str, keyring: str) -> str:
    """The text that the signature covers, and nothing else of the file (gpgv(1))."""
    with tempfile.TemporaryDirectory(prefix="moorage-runtime-") as folder:
        source, target = Path(folder, "InRelease"), Path(folder, "Release")
        source.write_bytes(content)
        try:
            await run(["gpgv", "--keyring", keyring, "--output", str(target), str(source)])
        except RuntimeToolFailed as error:
            raise RuntimeUntrusted(
                f"{name} is not signed by Debian.", evidence=error.evidence, hint=error.hint
            ) from error
        return target.read_text()


def _packages(suites: Sequence[_Suite], architecture: Architecture) -> tuple[Pin, ...]:
    current = index.newest(each for suite in suites for each in suite.packages[architecture])
    return tuple(
        Pin(
            name=each.name,
            version=each.version,
            archive=each.archive,
            path=each.path,
            sha256=each.sha256,
            size=each.size,
        )
        for each in index.needed(current, PACKAGES, LIBRARIES)
    )


def _distributions(requirements: Iterable[str]) -> tuple[metadata.Distribution, ...]:
    """What these requirements bring along, as far as it is installed: markers need no reading then."""
    waiting, found = [_name(each) for each in requirements], dict[str, metadata.Distribution]()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        waiting += _requires(found[name])
    return tuple(found[name] for name in sorted(found))


def _requires(distribution: metadata.Distribution) -> list[str]:
    return [_name(each) for each in distribution.requires or () if "extra ==" not in each]


async def _wheel(client: httpx2.AsyncClient, distribution: metadata.Distribution, address: str) -> Wheel:
    name = _name(distribution.metadata["Name"])
    files = await _files(client, name, address)
    installed = {_name(each) for each in _requires(distribution)}
    return Wheel(
        name=name,
        modules=_modules(distribution),
        requires=tuple(sorted(each for each in installed if _present(each))),
        pins={each: _chosen(files, name, distribution.version, each) for each in ARCHITECTURES},
    )


async def _tool(client: httpx2.AsyncClient, address: str) -> dict[Architecture, Pin]:
    files = await _files(client, TOOL, address)
    versions = [each.filename.split("-")[1] for each in files if each.filename.endswith(".whl")]
    version = max((each for each in versions if each.replace(".", "").isdigit()), key=_numbers)
    return {each: _chosen(files, TOOL, version, each) for each in ARCHITECTURES}


async def _files(client: httpx2.AsyncClient, name: str, address: str) -> list[_File]:
    return msgspec.json.decode(await get(client, f"{address}/{name}/", _SIMPLE), type=_Project).files


def _chosen(files: Sequence[_File], name: str, version: str, architecture: Architecture) -> Pin:
    """The wheel for the tree's Python: made for this machine, else for any."""
    fitting = [each for each in files if _rank(each.filename, version, architecture)]
    if not fitting:
        raise RuntimeIncomplete(
            f"{name} {version} has no wheel for Python {PYTHON} on {architecture}.",
            hint="Choose another version of it.",
        )
    best = max(fitting, key=lambda each: _rank(each.filename, version, architecture))
    path = best.url.removeprefix(f"{FILES}/")
    if "://" in path:
        path = path.partition("://")[2].partition("/")[2]
    return Pin(
        name=name, version=version, archive="pypi", path=path, sha256=best.hashes["sha256"], size=best.size
    )


def _rank(filename: str, version: str, architecture: Architecture) -> int:
    """0: not to be used; else the higher, the closer to the machine (PEP 427, PEP 600)."""
    if not filename.endswith(".whl"):
        return 0
    _, found, *_, python, abi, platform = filename.removesuffix(".whl").split("-")
    tags = platform.split(".")
    if found != version:
        return 0
    if "any" in tags:
        return 1 if "py3" in python.split(".") else 0
    own = any(
        tag.startswith("manylinux") and tag.endswith(f"_{MACHINES[architecture].wheel}") for tag in tags
    )
    compact = PYTHON.replace(".", "")
    if own and (python, abi) == (f"cp{compact}", f"cp{compact}"):
        return 3
    return 2 if own and (abi == "abi3" or python.startswith("py")) else 0


def _modules(distribution: metadata.Distribution) -> tuple[str, ...]:
    tops = {path.parts[0] for path in distribution.files or () if path.suffix in (".py", ".so")}
    return tuple(sorted({top.partition(".")[0] for top in tops if not top.startswith((".", "_"))}))


def _present(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _name(requirement: str) -> str:
    """The normalised name of a requirement (PEP 503, PEP 508)."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""
