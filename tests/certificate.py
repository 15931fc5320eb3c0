"""A certificate that signs itself, for a server of a test's own: `tls.crt` and `tls.key`."""

from __future__ import annotations

import subprocess
from pathlib import Path


def self_signed(folder: Path, name: str) -> Path:
    """Make both in `folder`, which is returned; `name` is as in subjectAltName, such as `IP:127.0.0.1`."""
    options = f"-newkey rsa:2048 -nodes -days 2 -subj /CN=moorage-test -addext subjectAltName={name}"
    command = ["openssl", "req", "-x509", *options.split(), "-keyout", "tls.key", "-out", "tls.crt"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder
