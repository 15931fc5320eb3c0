"""Features in a real registry, as somebody with bad intentions packs them, without the product."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from urllib.parse import urljoin
from urllib.request import Request, urlopen

CONFIG = "application/vnd.devcontainers"
LAYER = "application/vnd.devcontainers.layer.v1+tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def published(registry: str, layer: bytes, metadata: Mapping[str, object], **said: object) -> str:
    """Put it at a place of its own; its reference. `said` is what the manifest says of the layer instead."""
    place = f"moorage-nasty/{secrets.token_hex(6)}/{metadata['id']}"
    base = f"http://{registry}/v2/{place}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _blob(base, b"{}", CONFIG),
        "layers": [{**_blob(base, layer, LAYER), **said}],
        "annotations": {"dev.containers.metadata": json.dumps(metadata)},
    }
    _send("PUT", f"{base}/manifests/latest", json.dumps(manifest).encode(), MANIFEST)
    return f"localhost:{registry.rpartition(':')[2]}/{place}"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _blob(base: str, data: bytes, media_type: str) -> dict[str, object]:
    place = urljoin(base, _send("POST", f"{base}/blobs/uploads/", b"", ""))
    mark = "&" if "?" in place else "?"
    _send("PUT", f"{place}{mark}digest={digest(data)}", data, "application/octet-stream")
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def _send(method: str, url: str, data: bytes, kind: str) -> str:
    request = Request(url, data=data, method=method, headers={"Content-Type": kind} if kind else {})
    with urlopen(request, timeout=30) as answer:
        return str(answer.headers.get("Location", ""))
