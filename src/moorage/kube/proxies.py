"""The way through a proxy: which one (as Go's programs choose), and the words that open it.

HTTP's CONNECT (RFC 9110, 9.3.6) and SOCKS 5 (RFC 1928, 1929).
"""

from __future__ import annotations

import asyncio
from binascii import b2a_base64
from collections.abc import Mapping

import msgspec

from .errors import ClusterUnreachable


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """`scheme`: http, https or socks5."""

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.name})"

    @property
    def name(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def proxy_for(scheme: str, host: str, port: int, chosen: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy to take: `chosen` (the cluster's proxy-url), else what the environment says for this host."""
    if chosen:
        return parse(chosen, "proxy-url")
    name = "HTTPS_PROXY" if scheme == "https" else "HTTP_PROXY"
    url = environ.get(name) or environ.get(name.lower()) or ""
    if not url or direct(host, port, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    return parse(url, name)


def direct(host: str, port: int, exceptions: str) -> bool:
    """Whether NO_PROXY, or that it is this machine, says to go without one."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.startswith("127.") or name == "::1":
        return True
    return any(_matches(each.strip().lower(), name, port) for each in exceptions.split(",") if each.strip())


def parse(url: str, origin: str) -> Proxy:
    """Raises ClusterUnreachable for what is no proxy's address."""
    from urllib.parse import unquote, urlsplit  # only where there is a proxy

    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        scheme = "socks5" if parts.scheme == "socks5h" else parts.scheme
        port = parts.port or {"http": 80, "https": 443, "socks5": 1080}[scheme]
        if not parts.hostname:
            raise ValueError("no host")
    except (ValueError, KeyError) as error:
        raise ClusterUnreachable(
            f"{origin} names no proxy that moorage can use.",
            evidence=(f"{origin}={url.rpartition('@')[2][:200]}",),
            hint="Write it like http://proxy.example:3128, https://… or socks5://….",
        ) from error
    return Proxy(
        scheme=scheme,
        host=parts.hostname,
        port=port,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


async def pass_through(
    proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    """Have the proxy connect us with `host`. Raises ClusterUnreachable, OSError."""
    try:
        if proxy.scheme == "socks5":
            await _socks(proxy, reader, writer, host, port)
        else:
            await _connect(proxy, reader, writer, host, port)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise _refused(proxy, "it broke off") from error


async def _connect(
    proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", "User-Agent: moorage"]
    if proxy.username:
        pair = b2a_base64(f"{proxy.username}:{proxy.password}".encode(), newline=False).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line = head.splitlines()[0]
    words = line.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].startswith("2"):
        raise _refused(proxy, line[:200])


async def _socks(
    proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    writer.write(b"\x05\x01\x02" if proxy.username else b"\x05\x01\x00")
    version, method = await reader.readexactly(2)
    if version != 5 or method not in (0, 2):
        raise _refused(proxy, "no way to log in that both know")
    if method == 2:
        name, word = proxy.username.encode()[:255], proxy.password.encode()[:255]
        writer.write(b"\x01" + bytes([len(name)]) + name + bytes([len(word)]) + word)
        if (await reader.readexactly(2))[1] != 0:
            raise _refused(proxy, "it does not accept the password")
    name = host.encode("idna")
    writer.write(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big"))
    _, answer, _, kind = await reader.readexactly(4)
    if answer != 0:
        raise _refused(proxy, _SOCKS.get(answer, f"answer {answer}"))
    length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
    await reader.readexactly(length + 2)


_SOCKS = {
    1: "general failure",
    2: "its rules do not allow it",
    3: "the network cannot be reached",
    4: "the host cannot be reached",
    5: "the host refuses the connection",
    6: "it took too long",
}


def _matches(pattern: str, name: str, port: int) -> bool:
    if pattern == "*":
        return True
    if "/" in pattern:
        return _in_network(name, pattern)
    place, colon, number = pattern.rpartition(":")
    if colon and number.isdecimal() and (":" not in place or place.endswith("]")):
        if int(number) != port:
            return False
        pattern = place
    pattern = pattern.strip("[]").removeprefix("*")
    if pattern.startswith("."):
        return name.endswith(pattern)
    return name == pattern or name.endswith(f".{pattern}")


def _in_network(name: str, pattern: str) -> bool:
    from ipaddress import ip_address, ip_network  # only for NO_PROXY with networks

    try:
        return ip_address(name) in ip_network(pattern, strict=False)
    except ValueError:
        return False


def _refused(proxy: Proxy, why: str) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"The proxy {proxy.name} does not lead to the API server.",
        evidence=(why,),
        hint="Check proxy-url, HTTPS_PROXY and NO_PROXY, and what the proxy allows.",
    )
