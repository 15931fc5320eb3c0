"""What the runtime finds where it is: for people who wonder whether it works in their image."""

from __future__ import annotations

import os
import platform
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage import __version__
from moorage.inside.environment import ROOT, certificates

_INFLUENCE = ("LD_", "PYTHON", "GIT_", "SSL_CERT_")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`parts` are those that are there; `influence` names variables that act on the runtime."""

    version: str
    python: str
    machine: str
    libc: str
    tls: str
    root: str
    parts: tuple[str, ...]
    user: int
    certificates: str
    influence: tuple[str, ...]


def report(environ: Mapping[str, str], root: str = ROOT) -> str:
    """The report as JSON, one value a line."""
    parts = Path(root, "parts")
    found = Report(
        version=__version__,
        python=platform.python_version(),
        machine=platform.machine(),
        libc=os.confstr("CS_GNU_LIBC_VERSION") or "",
        tls=ssl.OPENSSL_VERSION,
        root=sys.prefix,
        parts=tuple(sorted(each.name for each in parts.iterdir())) if parts.is_dir() else (),
        user=os.getuid(),
        certificates=certificates(),
        influence=tuple(sorted(name for name in environ if name.startswith(_INFLUENCE))),
    )
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
