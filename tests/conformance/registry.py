"""Features of cases in the registry, packed and sent by the specification's words, without the product."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin
from urllib.request import Request, urlopen

CONFIG = "application/vnd.devcontainers"
LAYER = "application/vnd.devcontainers.layer.v1+tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def publish(registry: str, namespace: str, metadata: Mapping[str, Any], script: str) -> str:
    """Put one Feature there under its version, each part of it, and latest; gives the manifest's digest."""
    base = f"http://{registry}/v2/{namespace}/{metadata['id']}"
    layer = packed(metadata, script)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _blob(base, b"{}", CONFIG),
            "layers": [_blob(base, layer, LAYER)],
            "annotations": {"dev.containers.metadata": json.dumps(metadata)},
        }
    ).encode()
    for tag in _tags(str(metadata["version"])):
        _send("PUT", f"{base}/manifests/{tag}", manifest, MANIFEST)
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def packed(metadata: Mapping[str, Any], script: str) -> bytes:
    """The archive of a Feature."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in (("devcontainer-feature.json", json.dumps(metadata)), ("install.sh", script)):
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mode = len(text.encode()), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _blob(base: str, data: bytes, media_type: str) -> dict[str, object]:
    """Upload a blob; its descriptor."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    place = urljoin(base, _send("POST", f"{base}/blobs/uploads/", b"", ""))
    _send("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", data, "application/octet-stream")
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _send(method: str, url: str, data: bytes, kind: str) -> str:
    request = Request(url, data=data, method=method, headers={"Content-Type": kind} if kind else {})
    with urlopen(request, timeout=30) as answer:
        return str(answer.headers.get("Location", ""))


def _tags(version: str) -> list[str]:
    parts = version.split(".")
    return [*(".".join(parts[:count]) for count in range(1, len(parts) + 1)), "latest"]
