"""Certificates and kubeconfigs of one cluster, made afresh at each start."""

import json
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from scripts.engines.phase import run

from .place import DOMAIN, Node, Place

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")
ADMINISTRATORS = "system:masters"
_REGISTRY = "registry"


def make(place: Place) -> None:
    """The authority, and what the programs of the control plane show one another."""
    place.certificates.mkdir(parents=True, mode=0o700)
    ca = ["-keyout", _path(place, "ca.key"), "-out", _path(place, "ca.crt"), "-subj", "/CN=moorage-test"]
    run(["openssl", "req", "-x509", *_KEY, *ca])
    run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-out", _path(place, "accounts.key")])  # fmt: skip
    run(["openssl", "pkey", "-in", _path(place, "accounts.key"), "-pubout",
         "-out", _path(place, "accounts.pub")])  # fmt: skip
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}"]
    addresses = [place.address, place.api_service, "127.0.0.1"]
    _sign(place, "apiserver", "/CN=kube-apiserver", names=[*names, "localhost"], addresses=addresses)
    _sign(place, "apiserver-kubelet", f"/O={ADMINISTRATORS}/CN=kube-apiserver-kubelet-client")
    kubeconfig(place, "administrator", f"/O={ADMINISTRATORS}/CN=administrator", place.kubeconfig)
    for program in ("kube-controller-manager", "kube-scheduler", "kube-proxy"):
        kubeconfig(place, program, f"/CN=system:{program}")


def of_registry(place: Place) -> Path:
    """What the registry over TLS shows: the path of certificate and key, without their endings."""
    if not (place.certificates / f"{_REGISTRY}.crt").exists():
        _sign(place, _REGISTRY, "/CN=registry", addresses=[place.address])
    return place.certificates / _REGISTRY


def of_node(node: Node) -> Path:
    """The kubeconfig of a kubelet, whose name decides what it may do."""
    return kubeconfig(node.place, node.name, f"/O=system:nodes/CN=system:node:{node.name}")


def kubeconfig(place: Place, name: str, subject: str, path: Path | None = None) -> Path:
    """Write how ``subject`` reaches the API server, everything in one file."""
    _sign(place, name, subject)
    user = {
        "client-certificate-data": _encoded(place, f"{name}.crt"),
        "client-key-data": _encoded(place, f"{name}.key"),
    }
    cluster = {"server": place.api_server, "certificate-authority-data": _encoded(place, "ca.crt")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "moorage-test", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "moorage-test", "context": {"cluster": "moorage-test", "user": name}}],
        "current-context": "moorage-test",
    }
    path = path or place.certificates / f"{name}.kubeconfig"
    path.write_text(json.dumps(content, indent=1))
    path.chmod(0o600)
    return path


def _sign(
    place: Place, name: str, subject: str, *, names: Sequence[str] = (), addresses: Sequence[str] = ()
) -> None:
    alternatives = ",".join([*(f"DNS:{each}" for each in names), *(f"IP:{each}" for each in addresses)])
    extensions = [
        "basicConstraints=critical,CA:FALSE",
        "extendedKeyUsage=serverAuth,clientAuth",
        *([f"subjectAltName={alternatives}"] if alternatives else []),
    ]
    run(
        [
            "openssl", "req", "-x509", *_KEY,
            "-CA", _path(place, "ca.crt"), "-CAkey", _path(place, "ca.key"), "-subj", subject,
            "-keyout", _path(place, f"{name}.key"), "-out", _path(place, f"{name}.crt"),
            *(word for each in extensions for word in ("-addext", each)),
        ]
    )  # fmt: skip


def _path(place: Place, name: str) -> str:
    return str(place.certificates / name)


def _encoded(place: Place, name: str) -> str:
    return b64encode((place.certificates / name).read_bytes()).decode()
