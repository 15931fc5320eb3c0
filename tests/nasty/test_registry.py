"""A registry that means harm: what it answers is never a place to go, nor words for the terminal."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.nasty.conftest import BUSYBOX, Attempt

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp"
BODY = json.dumps({"errors": [{"code": EVIL, "message": f"{EVIL}\n{EVIL}", "detail": {EVIL: EVIL}}]})
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def manifest(**layer: object) -> str:
    there = {
        "mediaType": "application/vnd.devcontainers.layer.v1+tar",
        "digest": f"sha256:{'0' * 64}",
        "size": 9,
    }
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [{**there, **layer}]})


ANSWERS: dict[str, tuple[int, dict[str, str], str]] = {
    "words for the terminal": (500, {}, BODY),
    "words in its refusal": (403, {}, BODY),
    "a login at a file": (401, {"WWW-Authenticate": 'Bearer realm="file:///etc/passwd",service="x"'}, ""),
    "a login with a line": (401, {"WWW-Authenticate": f'Bearer realm="http://127.0.0.1:1/{EVIL[:3]}"'}, ""),
    "a login that is nothing": (401, {"WWW-Authenticate": "Bearer " + "x=" * 20_000}, ""),
    "a way to a file": (307, {"Location": "file:///etc/passwd"}, ""),
    "a way to itself": (307, {"Location": "/v2/a/b/manifests/latest"}, ""),
    "a way to nowhere": (307, {"Location": "//\x7f@:99999/x"}, ""),
    "a manifest of brackets": (200, {"Content-Type": MANIFEST}, "[" * 100_000),
    "a manifest of nothing": (200, {"Content-Type": MANIFEST}, "null"),
    "a manifest of the wrong types": (200, {"Content-Type": MANIFEST}, '{"layers": {"digest": []}}'),
    "a digest that climbs": (200, {"Content-Type": MANIFEST}, manifest(digest="sha256:../../../../pwned")),
    "a size below nothing": (200, {"Content-Type": MANIFEST}, manifest(size=-5)),
    "metadata of brackets": (
        200,
        {"Content-Type": MANIFEST},
        json.dumps({**json.loads(manifest()), "annotations": {"dev.containers.metadata": "[" * 50_000}}),
    ),
    "metadata for the terminal": (
        200,
        {"Content-Type": MANIFEST},
        json.dumps(
            {**json.loads(manifest()), "annotations": {"dev.containers.metadata": json.dumps({"id": EVIL})}}
        ),
    ),
}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    answer: tuple[int, dict[str, str], str] = (404, {}, "")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        code, headers, body = self.server.answer
        data = body.encode()
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value.encode().decode("latin-1"))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("name", ANSWERS)
def test_what_it_answers(name: str, server: Server, attempt: Attempt) -> None:
    server.answer = ANSWERS[name]
    reference = f"localhost:{server.server_port}/a/b"
    attempt.write({"image": BUSYBOX, "features": {reference: {}}})
    result = attempt("plan", attempt.project)
    attempt.refused(result)
    assert len(result.stderr) < 10_000
    assert "root:" not in result.stdout + result.stderr
