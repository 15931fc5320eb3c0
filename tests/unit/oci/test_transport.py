"""The small decisions of the transport; its behaviour is shown on sockets (tests/integration/oci)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moorage.oci.failures import explain
from moorage.oci.transport import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 0),
        ("7", 7),
        (" 7 ", 7),
        ("-7", 0),
        ("soon", 0),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sun, 06 Nov 1994 08:49:30 GMT", 0),
        ("Sun, 99 Nov 1994 08:49:30 GMT", 0),
        ("²", 0),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    assert retry_after(value, 784111777.0) == seconds


def test_evidence_cannot_steer_a_terminal() -> None:
    body = b'{"errors":[{"code":"DENIED","message":"\\u001b[2Jno\\u0000"},{"code":"X","message":"y"}]}'
    assert explain(403, body) == ("HTTP 403", "DENIED: [2Jno", "X: y")
    assert explain(500, b"\xff\x1b]0;x\x07" + b"a" * 1000)[1].startswith("\ufffd]0;xaaa")
    assert all(len(line) <= 300 for line in explain(500, b"a" * 1000))
    assert explain(404, b"") == ("HTTP 404",)


def test_references_load_nothing_heavy_and_the_client_no_http_library() -> None:
    program = (
        "import sys, moorage.oci.reference as r; r.parse('a')\n"
        "print(sorted({'asyncio', 'ssl', 'hashlib', 'httpx2', 'urllib.parse'} & set(sys.modules)))\n"
        "import moorage.oci.client\n"
        "print(sorted({'httpx2', 'rich', 'http.client', 'urllib.request'} & set(sys.modules)))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout.splitlines() == ["[]", "[]"]
