"""Where the runtime is, and what of the image it goes by."""

from __future__ import annotations

import os

ROOT = "/.moorage"

PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch, distroless
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine without the package
)


def certificates(root: str = "/") -> str:
    """The file of trusted authorities: the image's, whose owner may have added to it, else our own.

    git and Python of the runtime know only our own: what should trust the image's needs to be told
    (`GIT_SSL_CAINFO`, `SSL_CERT_FILE`, a context).
    """
    for place in PLACES:
        path = os.path.join(root, place.lstrip("/"))  # noqa: PTH118 - pathlib adds nothing to it
        if os.path.isfile(path) and os.path.getsize(path):  # noqa: PTH113, PTH202
            return path
    return f"{ROOT}/ca/cert.pem"
