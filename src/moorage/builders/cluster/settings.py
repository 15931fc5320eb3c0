"""How a builder pod is to be: `Settings`, and buildkitd's own file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from moorage.errors import UsageError
from moorage.oci.configuration import Registries
from moorage.spec import names

Json = dict[str, object]
Mode = Literal["user-namespace", "rootless", "privileged"]

OWN_LABELS = {"app.kubernetes.io/managed-by": "moorage", names.ROLE: "builder"}
"""Of everything that is made for building."""
ROOTLESS_USER = 1000
"""Whom the rootless images of BuildKit run as."""


class BadBuildkitAddress(UsageError):
    """The address of a BuildKit says something that it cannot be reached by."""

    code = "buildkit-address"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What decides a builder pod; equal settings share one. Sizes as quantities, times in seconds.

    `address`: of a buildkitd that is there already; then the pod only talks to it. `cache_size` "": what is
    cached goes with the pod. `authorities`: certificates in PEM that registries may be signed by.
    """

    namespace: str
    image: str
    mode: Mode = "user-namespace"
    address: str = ""
    cache_size: str = "20Gi"
    storage_class: str = ""
    idle: int = 900
    registries: Registries = Registries()
    authorities: str = ""
    node_selector: tuple[tuple[str, str], ...] = ()
    tolerations: tuple[Json, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


class Given(msgspec.Struct, frozen=True):
    """A pod of somebody's own in which buildkitd runs: kube-pod://NAME?namespace=N&container=C."""

    pod: str
    namespace: str = ""
    container: str = ""


def mode(image: str, *, privileged: bool) -> Mode:
    """How BuildKit gets its rights. A rootless image says so in its tag, as the public ones do."""
    if privileged:
        return "privileged"
    return "rootless" if "rootless" in image.rpartition("/")[2] else "user-namespace"


def given(address: str) -> Given | None:
    """The pod that an address names; None where it is an address of the network.

    Raises BadBuildkitAddress.
    """
    scheme, _, rest = address.partition("://")
    if scheme != "kube-pod":
        return None
    name, _, query = rest.partition("?")
    words = dict(word.partition("=")[::2] for word in query.split("&") if word)
    unknown = set(words) - {"namespace", "container", "context"}
    if not name or "/" in name or unknown:
        raise BadBuildkitAddress(
            f"{address} does not name a pod of a buildkitd.",
            hint="Give kube-pod://NAME, or kube-pod://NAME?namespace=NAMESPACE&container=CONTAINER.",
        )
    return Given(name, words.get("namespace", ""), words.get("container", ""))


def buildkitd(settings: Settings) -> str:
    """buildkitd.toml: which registries are spoken to in plain HTTP, and which mirrors are asked first."""
    registries = settings.registries
    addresses = [each for mirrors in registries.mirrors.values() for each in mirrors]
    plain = {_host(each) for each in addresses if each.startswith("http://")} | set(registries.insecure)
    lines = [*_worker(settings)]
    for name in sorted({*registries.mirrors, *plain}):
        mirrors = [_host(each) for each in registries.mirrors.get(name, ())]
        lines += ["", f"[registry.{_quoted(name)}]"]
        lines += [f"mirrors = [{', '.join(map(_quoted, mirrors))}]"] if mirrors else []
        lines += ["http = true"] if name in plain else []
    return "\n".join(lines) + "\n"


def _worker(settings: Settings) -> Iterator[str]:
    yield "[worker.oci]"
    yield 'networkMode = "host"'
    if settings.mode == "rootless":
        yield "noProcessSandbox = true"


def _host(address: str) -> str:
    return address.partition("://")[2].rstrip("/") if "://" in address else address


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's is one."""
    return msgspec.json.encode(text).decode()


def labels(settings: Settings) -> Mapping[str, str]:
    """Of the pod and the claim."""
    return {**dict(settings.labels), **OWN_LABELS}
