"""One question to a registry, put to its mirrors and addresses in turn, with the authorisation each wants."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moorage.errors import ImageError
from moorage.events import Notice, Reporter
from moorage.oci.auth import Authorizer, Logins, login_required
from moorage.oci.configuration import Endpoint, Registries, endpoints
from moorage.oci.failures import ImageNotFound, RegistryRefused, RegistryUnreachable, explain, was_answered
from moorage.oci.reference import Reference
from moorage.oci.transport import Answer, Content, Request, Transport

DOCUMENT = 4 * 1024 * 1024
"""Bytes. The distribution specification asks registries to accept manifests up to this size."""

PULL = "pull"
PUSH = "pull,push"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request below `/v2/REPOSITORY/`. `limit`: bytes of the body, None for a stream. `also_from`: a second
    repository that is read (a mount). `what` names the thing in errors.
    """

    what: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    content: bytes | Content | None = None
    limit: int | None = DOCUMENT
    actions: str = PULL
    also_from: str = ""
    stall: float | None = None
    attempts: int | None = None


class Session:
    """Remembers which addresses do not answer, so that each is waited for once."""

    def __init__(
        self, transport: Transport, registries: Registries, logins: Logins | None, reporter: Reporter
    ) -> None:
        self._transport = transport
        self._registries = registries
        self._authorizer = Authorizer(transport, logins, reporter)
        self._reporter = reporter
        self._silent: set[str] = set()

    async def ask(self, reference: Reference, call: Call) -> tuple[Endpoint, Answer]:
        """The first good answer and who gave it. Raises what the registry itself (not a mirror) said last."""
        left = list(self._candidates(reference.registry, writing=call.actions == PUSH))
        said: list[str] = []
        while len(left) > 1:
            endpoint, following = left.pop(0), left[0]
            probe = _is_plain_first(endpoint, following)
            try:
                answer = await self._judged(endpoint, reference, call, hasty=not probe, probe=probe)
            except ImageError as error:
                answered = not isinstance(error, RegistryUnreachable) or (probe and was_answered(error))
                if answered and not endpoint.mirror:
                    raise
                left = self._settled(left, following) if probe and answered else left
                self._pass_over(endpoint, error, left[0])
                said.append(f"{endpoint.url}: {error.message}")
            else:
                left = self._settled(left, following) if probe else left
                return endpoint, answer
        try:
            return left[0], await self._judged(left[0], reference, call)
        except RegistryUnreachable as error:
            error.evidence = (*error.evidence, *said)
            raise

    async def ask_at(self, endpoint: Endpoint, reference: Reference, call: Call, url: str) -> Answer:
        """Go on with an exchange at `url`, which the endpoint named. Another host gets no authorisation."""
        own = url.startswith(f"{endpoint.url}/")
        scopes = _scopes(reference, call)
        header = await self._authorizer.header(endpoint, reference.repository, scopes) if own else ""
        answer = await self._send(endpoint, call, url, header)
        return _judge(endpoint, reference, call, answer, logged_in=bool(header))

    def _candidates(self, registry: str, *, writing: bool) -> tuple[Endpoint, ...]:
        known = endpoints(self._registries, registry, writing=writing)
        left = tuple(one for one in known if one.url not in self._silent) or known
        if len(left) > 1 and _is_plain_first(left[-2], left[-1]):
            return (*left, left[-2])  # neither spoke at once: the more usual one is waited for
        return left

    def _settled(self, left: list[Endpoint], other: Endpoint) -> list[Endpoint]:
        """Plain HTTP it is: the other scheme of the same address is not asked any more."""
        self._silent.add(other.url)
        return [each for each in left if (each.host, each.mirror) != (other.host, other.mirror)]

    def _pass_over(self, endpoint: Endpoint, error: ImageError, following: Endpoint) -> None:
        if isinstance(error, RegistryUnreachable):
            self._silent.add(endpoint.url)
        same = following.host == endpoint.host and following.mirror  # only another scheme
        if endpoint.mirror and not same and not isinstance(error, ImageNotFound):
            text = f"the mirror {endpoint.url} was passed over: {error.message}"
            notice = Notice(level="fallback", code="mirror-passed-over", text=text, hint=error.hint)
            self._reporter.emit(notice)

    async def _judged(
        self,
        endpoint: Endpoint,
        reference: Reference,
        call: Call,
        *,
        hasty: bool = False,
        probe: bool = False,
    ) -> Answer:
        """One endpoint's answer, after the authorisation it asks for. Raises unless it is a success."""

        async def send(header: str) -> Answer:
            return await self._send(endpoint, call, url, header, hasty=hasty, probe=probe)

        url = f"{endpoint.url}/v2/{reference.repository}/{call.path}"
        scopes = _scopes(reference, call)
        header = await self._authorizer.header(endpoint, reference.repository, scopes)
        answer = await send(header)
        if probe and _wants_tls(endpoint, call, answer):
            raise RegistryUnreachable(f"the registry {endpoint.host} speaks TLS only")
        if answer.status == 401:
            renewed = await self._authorizer.answer(endpoint, reference.repository, scopes, answer, header)
            if renewed != header:
                header = renewed
                answer = await send(header)
        return _judge(endpoint, reference, call, answer, logged_in=header.startswith("Basic"))

    async def _send(
        self,
        endpoint: Endpoint,
        call: Call,
        url: str,
        header: str,
        *,
        hasty: bool = False,
        probe: bool = False,
    ) -> Answer:
        authorization = {"Authorization": header} if header else {}
        request = Request(
            method=call.method,
            url=url,
            headers={**call.headers, **authorization},
            content=call.content,
            trust=endpoint.trust,
            hasty=hasty,
            probe=probe,
            stall=call.stall,
            attempts=call.attempts,
        )
        if call.limit is None:
            return await self._transport.open(request)
        return await self._transport.fetch(request, limit=call.limit)


def _is_plain_first(endpoint: Endpoint, following: Endpoint) -> bool:
    """Whether the two are schemes of one address on the own machine, of which either may be right."""
    return endpoint.host == following.host and endpoint.url.startswith("http://")


def _wants_tls(endpoint: Endpoint, call: Call, answer: Answer) -> bool:
    """Servers say to plain HTTP at a port for TLS: "Client sent an HTTP request to an HTTPS server"."""
    said = call.method == "HEAD" or b"HTTPS" in answer.body
    return answer.status == 400 and endpoint.url.startswith("http://") and said


def _scopes(reference: Reference, call: Call) -> tuple[str, ...]:
    own = f"repository:{reference.repository}:{call.actions}"
    return (own, f"repository:{call.also_from}:{PULL}") if call.also_from else (own,)


def _judge(
    endpoint: Endpoint, reference: Reference, call: Call, answer: Answer, *, logged_in: bool
) -> Answer:
    if answer.status < 300:
        return answer
    evidence = explain(answer.status, answer.body)
    if answer.status == 404:
        hint = "Check the name and the tag for typing errors."
        raise ImageNotFound(f"the registry {endpoint.host} has no {call.what}", evidence=evidence, hint=hint)
    if answer.status in (401, 403) and not logged_in:
        text = f"the registry {endpoint.host} does not show {call.what}: it wants a login, or has none such"
        raise login_required(endpoint.host, text, evidence)
    if answer.status == 401:
        text = f"the registry {endpoint.host} refused the login that is stored for it"
        raise login_required(endpoint.host, text, evidence)
    hint = f"Ask who runs {endpoint.host} for access to {reference.repository}, or read its message above."
    raise RegistryRefused(f"the registry {endpoint.host} refused {call.what}", evidence=evidence, hint=hint)
