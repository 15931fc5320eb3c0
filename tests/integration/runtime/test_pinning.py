"""Pins are made only from what Debian has signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from moorage.runtime.errors import RuntimeToolFailed, RuntimeUntrusted
from moorage.runtime.pinning import KEYRING, pin

FORGED = """\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Debian
Date: Sat, 12 Sep 2026 07:55:41 UTC
SHA256:
 0000000000000000000000000000000000000000000000000000000000000000 1 main/binary-amd64/Packages.xz
-----BEGIN PGP SIGNATURE-----

iHUEARYKAB0WIQRhf0E6AAAAAAAAAAAAAAAAAAAAAAUCAAAAAAoJEAAAAAAAAAAA
=AAAA
-----END PGP SIGNATURE-----
"""


@pytest.mark.skipif(not Path(KEYRING).exists(), reason="Debian's keys are not on this machine")
@pytest.mark.parametrize("release", [FORGED, "Origin: Debian\n", ""], ids=["forged", "not signed", "empty"])
async def test_an_index_that_debian_did_not_sign_is_refused(httpserver: HTTPServer, release: str) -> None:
    for archive, suite in (
        ("debian", "trixie"),
        ("debian", "trixie-updates"),
        ("debian-security", "trixie-security"),
    ):
        httpserver.expect_request(f"/{archive}/dists/{suite}/InRelease").respond_with_data(release)
    with pytest.raises(RuntimeUntrusted, match="is not signed by Debian"):
        await pin(debian=httpserver.url_for("").rstrip("/"))


async def test_missing_keys_are_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeToolFailed, match="keys are not at"):
        await pin(keyring=str(tmp_path / "none.gpg"))
