"""Two real registries on loopback: an anonymous one (also Docker Hub's mirror) and one with basic auth."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass

from . import daemons, debs
from .layout import Layout

USER = "moorage"
PASSWORD = "correct-horse-battery"
# `htpasswd -nbB moorage correct-horse-battery`: the registry takes bcrypt only.
HTPASSWD = "moorage:$2y$05$w1C0gOQVXLZhktkvvcLO9OKIaHem92HN8VmXjXFL7GqFwdsRVulFG\n"


@dataclass(frozen=True)
class Registry:
    name: str
    address: str
    authenticated: bool


def registries(layout: Layout) -> tuple[Registry, Registry]:
    return (
        Registry("registry", layout.registry, authenticated=False),
        Registry("auth-registry", layout.auth_registry, authenticated=True),
    )


def up(layout: Layout) -> None:
    for registry in registries(layout):
        if not _answers(registry.address):
            _start(layout, registry)


def down(layout: Layout) -> None:
    for registry in registries(layout):
        daemons.stop(layout.state / registry.name, registry.name, grace=5)


def _start(layout: Layout, registry: Registry) -> None:
    root = debs.unpacked(layout, "registry", "bookworm", ["docker-registry"])
    folder = layout.state / registry.name
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "config.json"
    settings.write_text(json.dumps(_settings(layout, registry), indent=1))
    daemons.ensure(
        daemons.Daemon(
            name=registry.name,
            folder=folder,
            command=[str(root / "usr/bin/docker-registry"), "serve", str(settings)],
            env={"OTEL_TRACES_EXPORTER": "none"},
        ),
        lambda: _answers(registry.address),
        deadline=20,
    )


def _settings(layout: Layout, registry: Registry) -> dict[str, object]:
    """The registry's configuration: YAML, of which JSON is a part."""
    folder = layout.state / registry.name
    settings: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": registry.address, "secret": "only-for-tests"},
    }
    if registry.authenticated:
        passwords = folder / "htpasswd"
        passwords.write_text(HTPASSWD)
        settings["auth"] = {"htpasswd": {"realm": "moorage tests", "path": str(passwords)}}
    return settings


def _answers(address: str) -> bool:
    """Whether a registry speaks there: 200, or 401 from the one that wants a login."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}/v2/", timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        return answer.code == 401
    except OSError:
        return False
