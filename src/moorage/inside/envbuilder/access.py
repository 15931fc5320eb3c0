"""How git gets its login, key, proxy and authorities for one clone, and nothing of it afterwards.

There is no shell here, which credential helpers and GIT_SSH_COMMAND need; GIT_ASKPASS and GIT_SSH are
programs. They stand in a folder of ours; a login is in memory that git's processes inherit (memfd_create(2)),
and is told to no other host than the repository's, wherever a redirect or a submodule leads.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import msgspec

from moorage.errors import SourceError
from moorage.git.process import environment
from moorage.inside.envbuilder.options import Options
from moorage.inside.envbuilder.refs import split
from moorage.inside.environment import ROOT, certificates
from moorage.spec import giturl

_PROTOCOLS = "https:http:ssh:git"
_SOMEBODY = "git"
"""Servers that take a token want some name beside it, and any will do; over ssh it is the usual one."""

_ASKPASS = """\
import json, os, sys
login = json.loads(os.pread({login}, 1 << 20, 0))
asked, _, place = sys.argv[1].partition(" for '")
scheme, _, authority = place.rpartition("'")[0].partition("://")
if (scheme + "://" + authority.rpartition("@")[2]).lower() != login["origin"]:
    sys.exit(1)
print(login["username" if asked.startswith("Username") else "password"])
"""
_SSH = """\
import os, sys
os.execvp({ssh!r}, ["ssh", "-F", {configuration!r}, *sys.argv[1:]])
"""


class KeyUnreadable(SourceError):
    """The file with the key for ssh cannot be read."""

    code = "envbuilder-key-unreadable"


class Login(msgspec.Struct, frozen=True):
    """For one `scheme://host[:port]`. Prints without the password."""

    origin: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.origin!r})"

    __str__ = __repr__


class Access(msgspec.Struct, frozen=True):
    """`url` has no login and no `#…`; git's processes get `environment` and inherit `descriptors`."""

    url: str
    environment: Mapping[str, str]
    descriptors: tuple[int, ...]


@contextmanager
def access(options: Options, environ: Mapping[str, str]) -> Iterator[Access]:
    """For as long as git runs. `environ` has what counts of ssh and TLS. Raises BadSource, KeyUnreadable."""
    url, login = login_of(options)
    folder, descriptors = tempfile.mkdtemp(prefix="moorage-git-"), list[int]()
    try:
        settings = {**environment(environ), **_settings(url, options, environ, folder)}
        if login:
            descriptors.append(_in_memory(login))
            settings["GIT_ASKPASS"] = _program(folder, "askpass", _ASKPASS.format(login=descriptors[0]))
        if _is_ssh(url):
            settings |= _ssh(options, environ, folder)
        yield Access(url, settings, tuple(descriptors))
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)


def login_of(options: Options) -> tuple[str, Login | None]:
    """The URL without its login, and the login: the variables' before the URL's. Raises BadSource."""
    url, _ = split(options.git_url)
    scheme, separator, rest = url.partition("://")
    if scheme not in ("http", "https") or not separator:
        return url, None
    authority, slash, path = rest.partition("/")
    user, _, host = authority.rpartition("@")
    name, _, password = user.partition(":")
    plain = f"{scheme}://{host}{slash}{path}"
    giturl.read(plain)  # raises what git must not get
    if options.git_username or options.git_password:
        name, password = options.git_username, options.git_password
    if not name and not password:
        return plain, None
    return plain, Login(f"{scheme}://{host}".lower(), unquote(name) or _SOMEBODY, unquote(password))


def _settings(url: str, options: Options, environ: Mapping[str, str], folder: str) -> dict[str, str]:
    trusted = environ.get("SSL_CERT_FILE") or certificates()
    given = {
        "HOME": folder,
        "XDG_CONFIG_HOME": folder,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS if _is_remote(url) else f"{_PROTOCOLS}:file",
        "GIT_SSL_CAINFO": trusted,
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "advice.detachedHead",
        "GIT_CONFIG_VALUE_1": "false",
        "GIT_CONFIG_KEY_2": "gc.auto",
        "GIT_CONFIG_VALUE_2": "0",
    }
    if options.ssl_cert_base64:
        both = Path(trusted).read_bytes() if Path(trusted).is_file() else b""
        bundle = Path(folder, "authorities.pem")
        bundle.write_bytes(both + b"\n" + options.ssl_cert_base64 + b"\n")
        given["GIT_SSL_CAINFO"] = str(bundle)
    if options.insecure:
        given["GIT_SSL_NO_VERIFY"] = "1"
    if proxy := options.git_http_proxy_url:
        given |= dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), proxy)
    return given


def _ssh(options: Options, environ: Mapping[str, str], folder: str) -> dict[str, str]:
    """Keys of unknown hosts are taken and told, as the peer does, unless SSH_KNOWN_HOSTS names files."""
    known = environ.get("SSH_KNOWN_HOSTS", "").split(":")
    hosts = [path for path in known if path]
    lines = [
        "Host *",
        f"User {options.git_username or _SOMEBODY}",
        "BatchMode yes",
        "ConnectTimeout 20",
        "ControlMaster no",
        f"StrictHostKeyChecking {'yes' if hosts else 'accept-new'}",
        f"UserKnownHostsFile {' '.join(map(_quoted, hosts or [f'{folder}/known_hosts']))}",
        "GlobalKnownHostsFile /dev/null",
    ]
    if key := _key(options):
        path = Path(folder, "key")
        path.touch(0o600)
        path.write_bytes(key.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n")
        lines += [f"IdentityFile {_quoted(str(path))}", "IdentitiesOnly yes"]
    configuration = Path(folder, "ssh_config")
    configuration.write_text("\n".join(lines) + "\n")
    ssh = f"{ROOT}/bin/ssh" if Path(ROOT, "bin/ssh").exists() else "ssh"
    program = _program(folder, "ssh", _SSH.format(ssh=ssh, configuration=str(configuration)))
    return {"GIT_SSH": program, "GIT_SSH_VARIANT": "ssh"}


def _key(options: Options) -> bytes:
    if options.git_ssh_private_key_base64:
        return options.git_ssh_private_key_base64
    if not options.git_ssh_private_key_path:
        return b""
    try:
        return Path(options.git_ssh_private_key_path).read_bytes()
    except OSError as error:
        raise KeyUnreadable(
            f"The key for ssh cannot be read: {error.strerror}.",
            evidence=(options.git_ssh_private_key_path,),
            hint="Correct ENVBUILDER_GIT_SSH_PRIVATE_KEY_PATH, or mount the file there.",
        ) from error


def _in_memory(login: Login) -> int:
    descriptor = os.memfd_create("login")
    os.write(descriptor, msgspec.json.encode(login))
    return descriptor


def _program(folder: str, name: str, text: str) -> str:
    path = Path(folder, name)
    path.write_text(f"#!{sys.executable} -I\n{text}")
    path.chmod(0o700)
    return str(path)


def _quoted(path: str) -> str:
    return f'"{path}"'


def _is_ssh(url: str) -> bool:
    address = giturl.read(url)
    return address is not None and address.scheme == "ssh"


def _is_remote(url: str) -> bool:
    address = giturl.read(url)
    return address is not None and address.scheme != "file"
