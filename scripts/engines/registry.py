"""Two real registries on loopback: an anonymous one (also Docker Hub's mirror) and one with basic auth."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from . import daemons, debs
from .layout import Layout

USER = "moorage"
PASSWORD = "correct-horse-battery"
# `htpasswd -nbB moorage correct-horse-battery`: the registry takes bcrypt only.
HTPASSWD = "moorage:$2y$05$w1C0gOQVXLZhktkvvcLO9OKIaHem92HN8VmXjXFL7GqFwdsRVulFG\n"


@dataclass(frozen=True)
class Registry:
    """One process: ``folder`` has its settings and log, ``data`` what it holds, also for another process."""

    name: str
    address: str
    folder: Path
    data: Path
    authenticated: bool = False
    # The names of a certificate and its key, without their endings: over TLS then.
    certificate: Path | None = None


def registries(layout: Layout) -> tuple[Registry, Registry]:
    anonymous, authenticated = layout.state / "registry", layout.state / "auth-registry"
    return (
        Registry("registry", layout.registry, anonymous, anonymous / "data"),
        Registry("auth-registry", layout.auth_registry, authenticated, authenticated / "data", True),
    )


def up(layout: Layout) -> None:
    for registry in registries(layout):
        start(layout, registry)


def down(layout: Layout) -> None:
    for registry in registries(layout):
        stop(registry)


def start(layout: Layout, registry: Registry) -> None:
    """Start ``registry`` unless it answers already."""
    if _answers(registry):
        return
    root = debs.unpacked(layout, "registry", "bookworm", ["docker-registry"])
    registry.folder.mkdir(parents=True, exist_ok=True)
    settings = registry.folder / f"{registry.name}.json"
    settings.write_text(json.dumps(_settings(registry), indent=1))
    daemons.ensure(
        daemons.Daemon(
            name=registry.name,
            folder=registry.folder,
            command=[str(root / "usr/bin/docker-registry"), "serve", str(settings)],
            env={"OTEL_TRACES_EXPORTER": "none"},
        ),
        lambda: _answers(registry),
        deadline=20,
    )


def stop(registry: Registry) -> None:
    daemons.stop(registry.folder, registry.name, grace=5)


def _settings(registry: Registry) -> dict[str, object]:
    """The registry's configuration: YAML, of which JSON is a part."""
    settings: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(registry.data)},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": registry.address, "secret": "only-for-tests", "tls": _certificate(registry)},
    }
    if registry.authenticated:
        passwords = registry.folder / "htpasswd"
        passwords.write_text(HTPASSWD)
        settings["auth"] = {"htpasswd": {"realm": "moorage tests", "path": str(passwords)}}
    return settings


def _certificate(registry: Registry) -> dict[str, str]:
    path = registry.certificate
    return {"certificate": f"{path}.crt", "key": f"{path}.key"} if path else {}


def _answers(registry: Registry) -> bool:
    """Whether a registry speaks there: 200, or 401 from the one that wants a login."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)
    )
    scheme = "https" if registry.certificate else "http"
    try:
        with opener.open(f"{scheme}://{registry.address}/v2/", timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        return answer.code == 401
    except OSError:
        return False
