"""A cluster as a bench: a namespace of its own, and a client whose config.toml names it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.cluster.cluster import Cluster
from tests.conformance.bench import Bench, Client
from tests.conformance.registry import MANIFEST

NOT_FOUND = 404
KINDS = (
    MANIFEST,
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
NO_ENGINE = "unix:///nonexistent.sock"
CONFIG = """[driver.kubernetes]
namespace = "{namespace}"
buildRepository = "{registry}/{namespace}"
buildkitCacheSize = "0"

[registries]
insecure = ["{registry}"]
mirrors = {{ "docker.io" = ["http://{registry}"] }}
"""


class PodClient(Client):
    """`moorage` where no engine answers. What stands in for the reference CLI knows no drivers."""

    def command(self, *arguments: str | Path) -> list[str]:
        first, *rest = arguments
        driver = () if first == "devcontainer" else ("--driver", "kubernetes")
        return super().command(first, *driver, *rest)


class PodBench(Bench, frozen=True, kw_only=True):
    """One namespace. `host` is the engine that builds images of cases and pushes them for the nodes."""

    cluster: Cluster
    namespace: str

    @property
    def inside(self) -> tuple[int, int]:
        """The ids of vscode inside are the image's, whoever the client runs as."""
        return (1000, 1000)

    @property
    def images(self) -> str:
        return f"{self.cluster.registry}/moorage-conformance"

    @property
    def client(self) -> PodClient:
        self._settle()
        client = PodClient(self.home, NO_ENGINE, self.become, self.python)
        client.env.pop("KUBECONFIG", None)
        return client

    def has(self, tag: str) -> bool:
        """The cluster's registry starts empty, also where the engine has the image already."""
        path = tag.removeprefix(f"{self.cluster.registry}/").replace(":", "/manifests/")
        kinds = {"Accept": ", ".join(KINDS)}
        request = Request(f"http://{self.cluster.registry}/v2/{path}", method="HEAD", headers=kinds)
        try:
            with urlopen(request, timeout=30):
                return True
        except HTTPError as error:
            if error.code == NOT_FOUND:
                return False
            raise

    def build(self, tag: str, dockerfile: str, label: str) -> None:
        super().build(tag, dockerfile, label)
        push = ["docker", "--host", self.host, "push", "--quiet", tag]
        subprocess.run(
            push, check=True, capture_output=True, env={**os.environ, "DOCKER_CONFIG": "/nonexistent"}
        )

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.cluster.run("--namespace", self.namespace, *arguments)

    def _settle(self) -> None:
        """Where the client looks by itself, readable for a client that is not root."""
        files = {
            ".kube/config": self.cluster.kubeconfig.read_text(),
            ".config/moorage/config.toml": CONFIG.format(
                namespace=self.namespace, registry=self.cluster.registry
            ),
        }
        for name, text in files.items():
            file = self.home / name
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
                self.own(self.home)
