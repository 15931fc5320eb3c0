"""One HTTP request to a registry, repeated while that makes sense, and never for longer than its limit.

httpx2 is imported when the first request is made that needs it: that takes longer than a whole exchange with
a registry that is near. A `Direct` way answers the plain requests, which are nearly all.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from moorage import __version__
from moorage.errors import ImageError
from moorage.oci.configuration import Trust, is_loopback
from moorage.oci.failures import BadAnswer, RateLimited, RegistryUnreachable, explain, printable

if TYPE_CHECKING:
    import ssl

    import httpx2

Content = Callable[[], AsyncIterator[bytes]]

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_ERROR_BODY = 64 * 1024
_HASTY_CONNECT = 3.0
_PROBE_STALL = 10.0
_REDIRECTS = 5


def chance() -> float:
    """From 0 to 1; for waits that are not to end together. The library for it takes longer to load."""
    return int.from_bytes(os.urandom(4)) / 2**32


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often. Seconds; `total` limits one document with all its repetitions, `stall` the time
    without a byte in a stream (a blob of any size may take as long as it moves).
    """

    attempts: int = 5
    first_delay: float = 0.5
    longest_delay: float = 20.0
    total: float = 60.0
    connect: float = 10.0
    stall: float = 30.0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. `hasty`: there is another address to try, so do not insist. `probe`: perhaps nobody there
    speaks this scheme, so whoever does not answer is not asked again. `stall` and `attempts` stand in for
    those of `Patience`. Content that is a function is called anew for each attempt.
    """

    method: str
    url: str
    headers: Mapping[str, str] = {}
    content: bytes | Content | None = None
    trust: Trust = Trust()
    hasty: bool = False
    probe: bool = False
    stall: float | None = None
    attempts: int | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


class Interrupted(Exception):
    """A stream broke off before its end; what came until then is good."""


class Document(msgspec.Struct, frozen=True):
    """One small answer as a whole. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Direct(Protocol):
    """A lighter way for plain GET and HEAD requests."""

    async def ask(self, request: Request, *, limit: int, connect: float, stall: float) -> Document | None:
        """The answer, at most `limit` + 1 bytes of it; None where the usual way has to be taken, be it that a
        proxy, a redirect or a certificate is in between. Raises `Interrupted` where the connection breaks or
        stalls.
        """
        ...

    async def close(self) -> None: ...


class Answer:
    """Status, headers and body. A streamed success has its body in `chunks` and must be closed.

    `url` is where it came from in the end, after redirects.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        url: str,
        body: bytes = b"",
        response: httpx2.Response | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.url = url
        self.body = body
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they were sent. Raises `Interrupted` where the connection breaks or stalls."""
        import httpx2

        assert self._response is not None
        try:
            async for chunk in self._response.aiter_raw():
                yield chunk
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise Interrupted(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        if self._response:
            await self._response.aclose()


class _Headers(Mapping[str, str]):
    """Headers by their name in any case."""

    def __init__(self, lowered: dict[str, str]) -> None:
        self._lowered = lowered

    def __getitem__(self, name: str) -> str:
        return self._lowered[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lowered)

    def __len__(self) -> int:
        return len(self._lowered)


class _Failure(msgspec.Struct, frozen=True):
    """Why an attempt did not succeed, how many attempts such a thing is worth, and the wait asked for."""

    error: ImageError
    attempts: int
    delay: float = 0.0


class Transport:
    """Sends requests; keeps connections until `close`. Clock, sleep and chance can be given by tests."""

    def __init__(
        self,
        patience: Patience,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = chance,
        direct: Direct | None = None,
    ) -> None:
        self.patience = patience
        self._direct = direct
        self.clock = clock
        self._sleep = sleep
        self._chance = chance
        self._clients: dict[tuple[Trust, bool], httpx2.AsyncClient] = {}
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}

    async def fetch(self, request: Request, *, limit: int) -> Answer:
        """The whole answer, with a body of at most `limit` bytes.

        Raises RegistryUnreachable, RateLimited or BadAnswer; any other status is the caller's to judge.
        """
        try:
            async with asyncio.timeout(self.patience.total):
                return await self._persist(request, limit)
        except TimeoutError:
            raise _unreachable(request.host, f"no whole answer within {self.patience.total:g} s") from None

    async def open(self, request: Request) -> Answer:
        """Like `fetch`, but a success is a stream that the caller reads and closes."""
        return await self._persist(request, None)

    async def pause(self, attempt: int, asked: float = 0.0) -> None:
        """Wait as long as is usual before the attempt after `attempt` (counted from 1)."""
        await self._sleep(max(asked, self._back_off(attempt)))

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()
        if self._direct:
            await self._direct.close()

    async def _persist(self, request: Request, limit: int | None) -> Answer:
        give_up = self.clock() + self.patience.total
        for attempt in itertools.count(1):
            outcome = await self._attempt(request, limit)
            if isinstance(outcome, Answer):
                return outcome
            delay = max(outcome.delay, self._back_off(attempt))
            if attempt >= outcome.attempts or self.clock() + delay > give_up:
                raise outcome.error
            await self._sleep(delay)
        raise AssertionError("unreachable")

    async def _attempt(self, request: Request, limit: int | None) -> Answer | _Failure:
        try:
            answer = await self._directly(request, limit)
        except Interrupted as error:
            return self._broken_off(request, str(error))
        if answer is None:
            return await self._as_usual(request, limit)
        return self._put_off(request, answer) if answer.status in _TRANSIENT else answer

    async def _directly(self, request: Request, limit: int | None) -> Answer | None:
        plain = request.method in ("GET", "HEAD") and request.content is None
        if self._direct is None or limit is None or not plain:
            return None
        most = max(limit, _ERROR_BODY)
        found = await self._direct.ask(
            request, limit=most, connect=self._connect(request), stall=self._stall(request)
        )
        if found is None:
            return None
        body = _limited(request.url, found.body, limit, failed=found.status >= 300)
        return Answer(found.status, _Headers(found.headers), request.url, body)

    async def _as_usual(self, request: Request, limit: int | None) -> Answer | _Failure:
        import httpx2

        try:
            response = await self._send(request)
            answer = await _received(response, limit)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            return self._not_connected(request, error)
        except httpx2.TransportError as error:
            cause = str(error) or _NAMES.get(type(error).__name__, type(error).__name__)
            return self._broken_off(request, cause)
        except (httpx2.InvalidURL, httpx2.TooManyRedirects, ValueError) as error:
            evidence = (printable(str(error)),)
            raise BadAnswer(f"{request.host} leads to no usable address", evidence=evidence) from error
        if answer.status in _TRANSIENT:
            return self._put_off(request, answer)
        return answer

    async def _send(self, request: Request) -> httpx2.Response:
        import httpx2

        client = self._client(request.trust, direct=is_loopback(request.host))
        content = request.content() if callable(request.content) else request.content
        prepared = client.build_request(
            request.method,
            request.url,
            headers={**request.headers},
            content=content,
            timeout=httpx2.Timeout(self._stall(request), connect=self._connect(request)),
        )
        return await client.send(prepared, stream=True, follow_redirects=request.method in ("GET", "HEAD"))

    def _connect(self, request: Request) -> float:
        eager = request.hasty or request.probe
        return min(self.patience.connect, _HASTY_CONNECT) if eager else self.patience.connect

    def _stall(self, request: Request) -> float:
        stall = request.stall or self.patience.stall
        return min(stall, _PROBE_STALL) if request.probe else stall

    def _client(self, trust: Trust, *, direct: bool) -> httpx2.AsyncClient:
        import httpx2

        known = self._clients.get((trust, direct))
        if known is None:
            known = httpx2.AsyncClient(
                verify=self._context(trust),
                trust_env=not direct,  # a proxy is never meant for this machine itself
                max_redirects=_REDIRECTS,
                # Digests are of the bytes as stored, and limits count what is really held in memory.
                headers={"User-Agent": f"moorage/{__version__}", "Accept-Encoding": "identity"},
            )
            self._clients[trust, direct] = known
        return known

    def _context(self, trust: Trust) -> ssl.SSLContext | bool:
        import httpx2

        if not trust.verify:
            return False
        files = (*trust.ca_files, *_certificates(trust.folder))
        if files not in self._contexts:
            context = httpx2.create_ssl_context()
            for file in files:
                _load(context, file)
            self._contexts[files] = context
        return self._contexts[files]

    def _not_connected(self, request: Request, error: Exception) -> _Failure:
        text = printable(str(error)) or _NAMES.get(type(error).__name__, type(error).__name__)
        if "CERTIFICATE_VERIFY_FAILED" in text:
            hint = "Add the authority that signed it (`caFiles`), or name the registry as insecure."
            message = f"the certificate of {request.host} is not trusted"
            return _Failure(RegistryUnreachable(message, evidence=(text,), hint=hint), 1)
        return _Failure(_unreachable(request.host, text), 1 if request.hasty or request.probe else 2)

    def _broken_off(self, request: Request, cause: str) -> _Failure:
        return _Failure(_unreachable(request.host, cause), 1 if request.probe else self._worth(request))

    def _put_off(self, request: Request, answer: Answer) -> _Failure:
        delay = retry_after(answer.headers.get("Retry-After", ""), time.time())
        evidence = explain(answer.status, answer.body)
        if answer.status == 429:
            return _Failure(_rate_limited(request.host, evidence, delay), self._worth(request), delay)
        message = f"the registry {request.host} cannot answer at the moment"
        error = RegistryUnreachable(message, evidence=evidence, hint="Try again later.")
        return _Failure(error, self._worth(request), delay)

    def _worth(self, request: Request) -> int:
        attempts = request.attempts or self.patience.attempts
        return min(attempts, 2) if request.hasty else attempts

    def _back_off(self, attempt: int) -> float:
        """Twice as long each time, half of it by chance, so that many clients do not come at once."""
        whole = min(self.patience.first_delay * 2.0 ** (attempt - 1), self.patience.longest_delay)
        return whole * (0.5 + 0.5 * self._chance())


def retry_after(value: str, now: float) -> float:
    """Seconds to wait by a `Retry-After` header, a number or a date (RFC 9110 10.2.3); 0: it says nothing."""
    if value.strip().isdecimal():
        return float(value)
    import email.utils  # a date is rare

    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0


_NAMES = {
    "ConnectTimeout": "no connection in time",
    "ReadTimeout": "no answer in time",
    "WriteTimeout": "it stopped taking data",
    "ReadError": "the connection broke off",
    "WriteError": "the connection broke off",
}


async def _received(response: httpx2.Response, limit: int | None) -> Answer:
    """The answer with its body read, except for a success without a limit: that stays open."""
    status, headers, url = response.status_code, response.headers, str(response.url)
    if limit is None and status < 300:
        return Answer(status, headers, url, response=response)
    try:
        most = _ERROR_BODY if status >= 300 else limit or 0
        parts = bytearray()
        async for chunk in response.aiter_raw():
            parts += chunk
            if len(parts) > most:
                break
        return Answer(status, headers, url, _limited(url, bytes(parts), most, failed=status >= 300))
    finally:
        await response.aclose()


def _limited(url: str, body: bytes, limit: int, *, failed: bool) -> bytes:
    """An error's text may be cut; a document that is too large is none of those asked for."""
    if len(body) > limit and not failed:
        raise BadAnswer(
            f"{urlsplit(url).hostname} sent a document of more than {limit} bytes",
            evidence=(printable(urlsplit(url).path),),
            hint="Check that the name is an image.",
        )
    return body[:limit]


def _certificates(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).glob("*.crt")) if folder else []


def _load(context: ssl.SSLContext, file: str) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as error:
        raise RegistryUnreachable(
            f"the certificate authority file {file} cannot be used",
            evidence=(str(error),),
            hint="Correct `caFiles` or the engine's certs.d folder.",
        ) from error


def _unreachable(host: str, cause: str) -> RegistryUnreachable:
    return RegistryUnreachable(
        f"the registry {host} cannot be reached",
        evidence=(printable(cause),),
        hint="Check the name, the network and the proxy settings (HTTPS_PROXY, NO_PROXY).",
    )


def _rate_limited(host: str, evidence: tuple[str, ...], delay: float) -> RateLimited:
    when = f"in {delay:.0f} s" if delay else "later"
    return RateLimited(
        f"the registry {host} allows no more requests for now",
        evidence=evidence,
        hint=f"Try again {when}; `docker login` or a mirror raises the limit.",
    )
