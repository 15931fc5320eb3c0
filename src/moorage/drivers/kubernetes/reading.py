"""The cluster in the words of the spec: what its nodes are and offer."""

from __future__ import annotations

import msgspec

from ...kube.client import Cluster
from ...kube.objects import decoded
from ...spec.observation import EngineFacts
from .causes.reading import Node
from .options import Options
from .values import BadValue, amount


class _Version(msgspec.Struct, frozen=True):
    gitVersion: str = ""


async def version(cluster: Cluster) -> str:
    """Of the API server, such as v1.36.3. Everybody may ask."""
    return decoded(await cluster.call("GET", "/version"), _Version, "GET /version").gitVersion


def as_facts(nodes: tuple[Node, ...], served: str, machine: str, options: Options) -> EngineFacts:
    """The most that one node offers. 0 is not known: few may see nodes."""
    linux = _linux(nodes)
    return EngineFacts(
        product="kubernetes",
        version=served.removeprefix("v"),
        platform=f"linux/{machine}",
        cpus=int(_most(linux, "cpu")),
        memory=int(_most(linux, "memory")),
        gpu=_most(linux, options.gpu_resource) > 0,
        local=False,
        buildkit=False,
        furnishes=True,
    )


def architecture(nodes: tuple[Node, ...]) -> str:
    """That of all nodes, or of most where they differ; "" where no node can be seen."""
    found = [each.status.node_info.architecture for each in _linux(nodes)]
    found = [each for each in found if each]
    return max(sorted(set(found)), key=found.count, default="")


def _linux(nodes: tuple[Node, ...]) -> list[Node]:
    return [each for each in nodes if each.status.node_info.operating_system in ("", "linux")]


def _most(nodes: list[Node], resource: str) -> float:
    return max((_amount((each.status.allocatable or {}).get(resource, "0")) for each in nodes), default=0.0)


def _amount(text: str) -> float:
    try:
        return amount(text)
    except BadValue:
        return 0.0
