"""Programs that some tests talk to: another shell, an SSH server, git-lfs. Installed, never started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import debs
from .phase import Failed

PROGRAMS = {
    "busybox": "busybox-static",
    "ssh": "openssh-client",
    "/usr/sbin/sshd": "openssh-server",
    "git-lfs": "git-lfs",
    "openssl": "openssl",
}
_POLICY = Path("/usr/sbin/policy-rc.d")


def ensure() -> None:
    """Have all of them on a Debian machine where we may install; elsewhere the tests say what they miss."""
    if not debs.is_debian() or os.geteuid() != 0:
        return
    try:
        with nothing_starts():
            debs.install(PROGRAMS)
    except Failed as error:
        print(f"programs: {error}; the tests that need them will say so", flush=True)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


@contextmanager
def nothing_starts() -> Iterator[None]:
    """A package's installation must not start its service: Debian asks this file first (policy-rc.d)."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
