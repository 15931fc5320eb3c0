"""Downloads what ADD names, into a folder of its own that is gone when the instruction is done.

What surprises, and is so in BuildKit: a file is called what the end of the address is called, whatever a
redirect or the server says, `__unnamed__` where there is no end; its mode is 600, and its time the server's
Last-Modified, else 1970.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from moorage import __version__
from moorage.dockerfile.reads import is_git
from moorage.inside.environment import certificates
from moorage.inside.executor.copying.errors import CopyWrong, FetchedOther, FetchFailed
from moorage.inside.executor.copying.face import Fetched, Wanted
from moorage.inside.executor.copying.repository import clone
from moorage.spec.giturl import without_secrets

if TYPE_CHECKING:
    import httpx2

_UNNAMED = "__unnamed__"
_STALL = 60.0
_REDIRECTS = 10
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class Fetcher:
    """`folder` is where downloads are kept meanwhile: outside of the root, or guarded in it. To be entered.

    `most` is the most bytes that a file may have. Calling it is the `Fetch` of `copy`; raises CopyWrong,
    FetchFailed, FetchedOther, and what moorage.git raises.
    """

    def __init__(self, folder: str, *, most: int = 64 << 30) -> None:
        self._folder = folder
        self._most = most

    def __enter__(self) -> Fetcher:
        self._own = tempfile.mkdtemp(prefix="add-", dir=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._own, ignore_errors=True)

    def __call__(self, wanted: Wanted) -> AbstractAsyncContextManager[Fetched]:
        """What is wanted, as long as the context is open."""
        return self._fetched(wanted)

    @asynccontextmanager
    async def _fetched(self, wanted: Wanted) -> AsyncIterator[Fetched]:
        into = tempfile.mkdtemp(dir=self._own)
        try:
            if is_git(wanted.address):
                yield Fetched(folder=await clone(wanted, into))
            else:
                name = file_name(wanted.address)
                await self._download(wanted, f"{into}/{name}")
                yield Fetched(folder=into, name=name)
        finally:
            shutil.rmtree(into, ignore_errors=True)

    async def _download(self, wanted: Wanted, path: str) -> None:
        import httpx2

        checked = digest(wanted.checksum)
        shown = without_secrets(wanted.address)
        try:
            async with (
                self._client() as client,
                client.stream("GET", wanted.address, follow_redirects=True) as answer,
            ):
                if not 200 <= answer.status_code < 300:
                    raise _failed(shown, f"the server answers {answer.status_code}")
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with os.fdopen(fd, "wb") as file:
                    size = 0
                    async for chunk in answer.aiter_raw():
                        size += len(chunk)
                        if size > self._most:
                            raise _failed(shown, f"it has more than {self._most} bytes")
                        checked.update(chunk)
                        file.write(chunk)
        except OSError as error:
            raise _failed(shown, f"it cannot be kept here: {error.strerror or error}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise _failed(shown, str(error) or type(error).__name__) from error
        found = f"{checked.name}:{checked.hexdigest()}"
        if wanted.checksum and found != wanted.checksum:
            raise FetchedOther(
                f"{shown} is not what --checksum names",
                evidence=(f"expected {wanted.checksum}", f"received {found}"),
                hint="See what changed there; if it is meant, write the new checksum.",
            )
        time = modified(answer.headers.get("Last-Modified", ""))
        os.utime(path, (time, time))

    def _client(self) -> httpx2.AsyncClient:
        """Proxies are those of the environment; whom to trust is the image's, or else our own, to say."""
        import httpx2

        context = httpx2.create_ssl_context()
        authorities = certificates()
        if os.path.isfile(authorities):  # noqa: PTH113
            context.load_verify_locations(authorities)
        return httpx2.AsyncClient(
            verify=context,
            max_redirects=_REDIRECTS,
            timeout=httpx2.Timeout(_STALL),
            # A checksum is of the bytes as they are stored there.
            headers={"User-Agent": f"moorage/{__version__}", "Accept-Encoding": "identity"},
        )


def file_name(address: str) -> str:
    """What the file of an address is called."""
    name = posixpath.basename(unquote(urlsplit(address).path).rstrip("/"))
    return name if name not in ("", ".", "..") and "\0" not in name else _UNNAMED


def digest(checksum: str) -> hashlib._Hash:
    """What counts the bytes for a checksum; sha256 where there is none. Raises CopyWrong."""
    algorithm, _, value = (checksum or "sha256:").partition(":")
    if algorithm not in _LENGTHS or (
        checksum and not re.fullmatch(f"[0-9a-f]{{{_LENGTHS[algorithm]}}}", value)
    ):
        raise CopyWrong(
            f"--checksum={checksum} is no checksum", hint="Write sha256: and 64 hexadecimal digits."
        )
    return hashlib.new(algorithm)


def modified(header: str) -> float:
    """Seconds since 1970 that a Last-Modified means; 0 where it means nothing."""
    try:
        return parsedate_to_datetime(header).timestamp() if header else 0
    except (ValueError, TypeError, OverflowError):
        return 0


def _failed(shown: str, reason: str) -> FetchFailed:
    return FetchFailed(
        f"{shown} cannot be downloaded: {reason}", hint="Check the address, and the way from here to there."
    )
