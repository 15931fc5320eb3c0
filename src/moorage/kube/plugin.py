"""Credential plugins: a program of the user's kubeconfig prints an ExecCredential.

Protocol: client.authentication.k8s.io, v1 and v1beta1 ("client-go credential plugins"). A plugin gets no
terminal and a limited time, so one that wants to ask a question cannot hold up a run: what it wrote to its
standard error becomes the evidence.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from .access import Access, Plugin
from .errors import CredentialsFailed

SECONDS = 60.0
_LONGEST = 4 * 1024 * 1024
_KEPT_LINES = 12


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin gave: a token, a certificate with its key, or both. `expires`: Unix seconds, or 0."""

    token: str = ""
    certificate: bytes = b""
    key: bytes = b""
    expires: float = 0.0

    def __repr__(self) -> str:
        return "Issued(...)"


async def ask(
    plugin: Plugin,
    access: Access,
    environ: Mapping[str, str],
    *,
    seconds: float = SECONDS,
    say: Callable[[str], None] | None = None,
) -> Issued:
    """Run the plugin. `say` gets each line of its standard error as it comes (a link to open, for one).

    Raises CredentialsFailed.
    """
    if plugin.interactive == "Always":
        raise _failed(plugin, "wants to ask something on the terminal", ("interactiveMode: Always",))
    try:
        variables = {**environ, **dict(plugin.environment), "KUBERNETES_EXEC_INFO": info(plugin, access)}
        status, output, words = await _run(plugin, variables, seconds, say)
    except OSError as error:
        hint = plugin.hint or "Install it, or correct the user's entry in the kubeconfig."
        evidence = (f"{plugin.command}: {error.strerror or error}",)
        raise _failed(plugin, "cannot be started", evidence, hint) from error
    except ValueError as error:
        raise _failed(plugin, "cannot be started", (str(error),)) from error
    if status != 0:
        raise _failed(plugin, f"failed with exit code {status}", words)
    return read(output, plugin, words)


def info(plugin: Plugin, access: Access) -> str:
    """What the plugin is told (KUBERNETES_EXEC_INFO), with the cluster where it asks for that."""
    spec: dict[str, object] = {"interactive": False}
    if plugin.cluster_info:
        spec["cluster"] = _cluster(plugin, access)
    told = {"apiVersion": plugin.version, "kind": "ExecCredential", "spec": spec}
    return msgspec.json.encode(told).decode()


def read(output: bytes, plugin: Plugin, words: tuple[str, ...] = ()) -> Issued:
    """The credentials in what a plugin printed. Raises CredentialsFailed, which never shows the output."""
    try:
        said = msgspec.json.decode(output, type=_Said)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _failed(plugin, "printed something that is no ExecCredential", (str(error), *words)) from error
    if said.apiVersion != plugin.version or said.kind != "ExecCredential":
        spoken = f"it answered with {said.apiVersion or 'no version'} {said.kind}"
        raise _failed(plugin, f"does not speak {plugin.version}", (spoken, *words))
    status = said.status
    if not status.token and not status.clientCertificateData:
        raise _failed(plugin, "gave neither a token nor a certificate", words)
    if bool(status.clientCertificateData) != bool(status.clientKeyData):
        raise _failed(plugin, "gave only one of certificate and key", words)
    return Issued(
        token=status.token,
        certificate=status.clientCertificateData.encode(),
        key=status.clientKeyData.encode(),
        expires=status.expirationTimestamp.timestamp() if status.expirationTimestamp else 0.0,
    )


class _Status(msgspec.Struct):
    token: str = ""
    clientCertificateData: str = ""
    clientKeyData: str = ""
    expirationTimestamp: datetime | None = None


class _Said(msgspec.Struct):
    apiVersion: str = ""
    kind: str = ""
    status: _Status = msgspec.field(default_factory=_Status)


def _cluster(plugin: Plugin, access: Access) -> dict[str, object]:
    data = access.authority.data
    if access.authority.file:
        with open(access.authority.file, "rb") as file:  # noqa: PTH123 - as everywhere in this room
            data = file.read()
    cluster: dict[str, object] = {"server": access.server}
    if access.server_name:
        cluster["tls-server-name"] = access.server_name
    if access.insecure:
        cluster["insecure-skip-tls-verify"] = True
    if data:
        cluster["certificate-authority-data"] = b2a_base64(data, newline=False).decode()
    if access.proxy:
        cluster["proxy-url"] = access.proxy
    if plugin.cluster:
        cluster["config"] = msgspec.Raw(plugin.cluster)
    return cluster


async def _run(
    plugin: Plugin, variables: Mapping[str, str], seconds: float, say: Callable[[str], None] | None
) -> tuple[int, bytes, tuple[str, ...]]:
    process = await asyncio.create_subprocess_exec(
        plugin.command,
        *plugin.arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=dict(variables),
        limit=_LONGEST,
        start_new_session=True,  # without a terminal nothing can prompt there
    )
    words: list[str] = []
    try:
        async with asyncio.timeout(seconds):
            output, _ = await asyncio.gather(_output(process), _listen(process, words, say))
            return await process.wait(), output, tuple(words)
    except TimeoutError as error:
        evidence = tuple(words) or ("it said nothing",)
        raise _failed(plugin, f"did not end within {seconds:g} s", evidence) from error
    finally:
        await _end(process)


async def _output(process: Process) -> bytes:
    assert process.stdout is not None
    pieces, size = [], 0
    while piece := await process.stdout.read(65536):
        size += len(piece)
        if size <= _LONGEST:
            pieces.append(piece)
    return b"".join(pieces)


async def _listen(process: Process, words: list[str], say: Callable[[str], None] | None) -> None:
    assert process.stderr is not None
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:  # a line without end
            continue
        if not line:
            return
        if text := "".join(c for c in line.decode(errors="replace") if c.isprintable()).strip()[:500]:
            words.append(text)
            del words[:-_KEPT_LINES]
            if say is not None:
                say(text)


async def _end(process: Process) -> None:
    """Nothing that the plugin started outlives a question that was given up."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


def _failed(plugin: Plugin, what: str, evidence: tuple[str, ...], hint: str = "") -> CredentialsFailed:
    words = " ".join((plugin.command, *plugin.arguments))[:200]
    return CredentialsFailed(
        f"The credential plugin {plugin.command.rpartition('/')[2]} {what}.",
        evidence=(f"plugin: {words}", *evidence),
        hint=hint
        or "Log in with the cluster's own command first (any `kubectl get` asks for it), then again.",
    )
