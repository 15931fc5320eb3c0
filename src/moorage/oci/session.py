"""One question to a registry, put to its mirrors and addresses in turn, with the authorisation each wants."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import msgspec

from moorage.errors import ImageError
from moorage.events import Notice, Reporter
from moorage.oci.auth import Authorizer, Logins, login_required
from moorage.oci.configuration import Endpoint, Registries, endpoints
from moorage.oci.failures import ImageNotFound, RegistryRefused, RegistryUnreachable, explain
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
        candidates = self._candidates(reference.registry, writing=call.actions == PUSH)
        said: list[str] = []
        for endpoint, following in itertools.pairwise(candidates):
            try:
                return endpoint, await self._judged(endpoint, reference, call, hasty=True)
            except ImageError as error:
                if not endpoint.mirror and not isinstance(error, RegistryUnreachable):
                    raise
                self._pass_over(endpoint, error, following)
                said.append(f"{endpoint.url}: {error.message}")
        last = candidates[-1]
        try:
            return last, await self._judged(last, reference, call, hasty=False)
        except RegistryUnreachable as error:
            error.evidence = (*error.evidence, *said)
            raise

    async def ask_at(self, endpoint: Endpoint, reference: Reference, call: Call, url: str) -> Answer:
        """Go on with an exchange at `url`, which the endpoint named. Another host gets no authorisation."""
        own = url.startswith(f"{endpoint.url}/")
        scopes = _scopes(reference, call)
        header = await self._authorizer.header(endpoint, reference.repository, scopes) if own else ""
        answer = await self._send(endpoint, call, url, header, hasty=False)
        return _judge(endpoint, reference, call, answer, logged_in=bool(header))

    def _candidates(self, registry: str, *, writing: bool) -> tuple[Endpoint, ...]:
        known = endpoints(self._registries, registry, writing=writing)
        return tuple(one for one in known if one.url not in self._silent) or known

    def _pass_over(self, endpoint: Endpoint, error: ImageError, following: Endpoint) -> None:
        if isinstance(error, RegistryUnreachable):
            self._silent.add(endpoint.url)
        same = following.host == endpoint.host and following.mirror  # only another scheme
        if endpoint.mirror and not same and not isinstance(error, ImageNotFound):
            text = f"the mirror {endpoint.url} was passed over: {error.message}"
            notice = Notice(level="fallback", code="mirror-passed-over", text=text, hint=error.hint)
            self._reporter.emit(notice)

    async def _judged(self, endpoint: Endpoint, reference: Reference, call: Call, *, hasty: bool) -> Answer:
        """One endpoint's answer, after the authorisation it asks for. Raises unless it is a success."""
        url = f"{endpoint.url}/v2/{reference.repository}/{call.path}"
        scopes = _scopes(reference, call)
        header = await self._authorizer.header(endpoint, reference.repository, scopes)
        answer = await self._send(endpoint, call, url, header, hasty=hasty)
        if answer.status == 401:
            renewed = await self._authorizer.answer(endpoint, reference.repository, scopes, answer, header)
            if renewed != header:
                header = renewed
                answer = await self._send(endpoint, call, url, header, hasty=hasty)
        return _judge(endpoint, reference, call, answer, logged_in=header.startswith("Basic"))

    async def _send(self, endpoint: Endpoint, call: Call, url: str, header: str, *, hasty: bool) -> Answer:
        authorization = {"Authorization": header} if header else {}
        request = Request(
            method=call.method,
            url=url,
            headers={**call.headers, **authorization},
            content=call.content,
            trust=endpoint.trust,
            hasty=hasty,
            stall=call.stall,
            attempts=call.attempts,
        )
        if call.limit is None:
            return await self._transport.open(request)
        return await self._transport.fetch(request, limit=call.limit)


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
