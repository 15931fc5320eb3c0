"""Where a repository is: URLs, the scp form and bare `host/owner/repository`, taken apart and checked.

Every door that git leaves open is shut here: transport helpers, hosts and paths that ssh would read as flags,
and passwords, which are refused and never shown. Patterns are compiled on use; most starts need none of them.
"""

from __future__ import annotations

import re

import msgspec

from ..errors import UsageError

PORTS = {"http": 80, "https": 443, "ssh": 22, "git": 9418}
_ALIASES = {"git+ssh": "ssh", "ssh+git": "ssh", "git+https": "https", "git+http": "http", "git+file": "file"}
_HOST = r"(?:[A-Za-z0-9\u00a1-\uffff](?:[\w.-]*\w)?|\[[0-9A-Fa-f:.]+\])"
_URL = r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)([^?]*)(\?.*)?"
_SCP = rf"(?:([^@/:]+(?::[^@/]*)?)@)?({_HOST}):(?!:|//)(.+)"
_BARE = r"((?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63})(/[^?]+)(\?.*)?"
_IMAGE = r"[^@]*:[^/@]*(@.*)?|.*@sha256:[0-9a-f]{64}"
_AUTHORITY = rf"({_HOST})(?::([0-9]{{1,5}})?)?"
_USER = r"[A-Za-z0-9][\w.+%~@-]*"
_TOKEN = r"(?:gh[a-z]_|github_pat_|glpat-|x-token-|[0-9a-f]{40}$).*"  # noqa: S105 - how tokens begin, not one


class BadSource(UsageError):
    """The text names no folder, repository or image, or names something unsafe."""

    code = "bad-source"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a repository's address; `path` is as written, with its leading slash where it has one."""

    scheme: str
    user: str = ""
    host: str = ""
    port: int | None = None
    path: str
    query: str = ""
    scp: bool = False

    @property
    def plain_path(self) -> str:
        """The path with percent signs decoded."""
        return self.path if self.scp else unquoted(self.path)

    @property
    def url(self) -> str:
        """The form that git gets."""
        user = f"{self.user}@" if self.user else ""
        if self.scp:
            return f"{user}{self.host}:{self.path}"
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{self.host}{port}{self.path}"

    @property
    def shown(self) -> str:
        """The form for messages, without the user."""
        return msgspec.structs.replace(self, user="").url

    @property
    def canonical(self) -> str:
        """One text for all spellings: host in lower case, no default port, `.git`, user of http, scp form."""
        user = f"{self.user}@" if self.user and self.scheme == "ssh" else ""
        port = f":{self.port}" if self.port and self.port != PORTS.get(self.scheme) else ""
        return f"{self.scheme}://{user}{self.host.lower()}{port}/{quoted(self.repository)}"

    @property
    def repository(self) -> str:
        """The decoded path without slashes around it and without `.git`."""
        path = re.sub("/+", "/", self.plain_path).strip("/")
        return path.removesuffix(".git").rstrip("/") or path


def read(text: str) -> Address | None:
    """Take an address apart; None where the text has none of the forms. Raises BadSource."""
    if match := re.fullmatch(_URL, text):
        return _url(*match.groups(default=""))
    if match := re.fullmatch(_SCP, text):
        return _scp(*match.groups(default=""))
    if (match := re.fullmatch(_BARE, text)) and not re.fullmatch(_IMAGE, text):
        return _url("https", *match.groups(default=""))
    if re.match(r"[\w+.-]+::", text):
        raise BadSource(
            "Transport helpers of git (`name::...`) run programs.", hint="Use https, ssh, git or file."
        )
    return None


def quoted(path: str, *, keep: str = "") -> str:
    """Percent-encode a path, and `@` too, so that no part of it reads as a suffix."""
    if re.fullmatch(rf"[\w/.~+{keep}-]*", path, re.ASCII):
        return path
    from urllib.parse import quote  # paths with special characters only

    return quote(path, safe="/~+!$&'()*,;=:" + keep)


def unquoted(path: str) -> str:
    """Decode what `quoted` encodes."""
    if "%" not in path:
        return path
    from urllib.parse import unquote  # as above

    return unquote(path)


def without_secrets(text: str) -> str:
    """The text with users, passwords and queries of all URLs in it taken out, for messages and logs."""
    text = re.sub(r"(?<=://)[^/\s]*@", "", text)
    text = re.sub(r"[^\s/@:'\"]+:[^\s/@]+@(?=[\w.\[-]+:)", "", text)
    return re.sub(r"((?:https?|ssh)://[^\s?'\"]*)\?[^\s'\"]*", r"\1", text)


def _url(scheme: str, authority: str, path: str, query: str) -> Address:
    scheme = _ALIASES.get(scheme.lower(), scheme.lower())
    if scheme not in (*PORTS, "file"):
        raise BadSource(f"Repositories are not read over {scheme}://.", hint="Use https, ssh, git or file.")
    user, _, host = authority.rpartition("@")
    user = _checked_user(user)
    if scheme == "file":
        if host not in ("", "localhost"):
            raise BadSource(f"file:// reaches this machine only, not {host}.", hint="Write file:///path.")
        return Address(scheme=scheme, path=path)
    match = re.fullmatch(_AUTHORITY, host)
    port = int(match[2]) if match and match[2] else None
    if match is None or (port is not None and not 0 < port < 65536):
        raise BadSource(f"{host!r} is no host name with a port.", hint="Check the URL's host.")
    return Address(scheme=scheme, user=user, host=match[1], port=port, path=path, query=query)


def _scp(user: str, host: str, path: str) -> Address | None:
    """`host:path` without a user is read as ssh only where it cannot be an image, a port or a drive."""
    user = _checked_user(user)
    if not user and (re.match(r"[0-9]{1,5}(/|$)", path) or ("/" not in path and ".git" not in path)):
        return None
    if path.startswith("-"):
        raise BadSource(f"The path {path!r} looks like a flag.", hint="Write it like ssh://host/path.")
    return Address(scheme="ssh", user=user, host=host, path=path, scp=True)


def _checked_user(text: str) -> str:
    user, _, password = text.partition(":")
    if password or re.fullmatch(_TOKEN, user):
        raise BadSource(
            "The URL holds a password or token.",
            hint="Leave it out and let a credential helper of git keep it (`git config credential.helper`).",
        )
    if user and not re.fullmatch(_USER, user):
        raise BadSource(
            "The user in the URL has characters that no user name has.", hint="Check the URL before its `@`."
        )
    return user
