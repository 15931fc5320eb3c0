"""The cluster as tests use it: kubectl, namespaces of their own, a second node, an absent API server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from scripts.cluster import control_plane, provision
from scripts.cluster.place import Place
from scripts.engines import registry
from scripts.engines.layout import Layout


class Cluster:
    """A real cluster. What only our own can do skips the test on the tester's."""

    user = registry.USER
    password = registry.PASSWORD

    def __init__(self, layout: Layout, found: provision.Cluster) -> None:
        self.layout = layout
        self.found = found
        self.kubeconfig = Path(found.kubeconfig)

    @property
    def registry(self) -> str:
        """``host:port`` of an open plain-HTTP registry: the same from here, from nodes and from pods."""
        if self.found.registry is None:
            pytest.skip(f"no registry beside the given cluster: {provision.GIVEN_REGISTRY} names one")
        return self.found.registry

    @property
    def auth_registry(self) -> str:
        """As ``registry``, with the same images, for ``user`` and ``password``."""
        if self.found.auth_registry is None:
            pytest.skip("the given cluster has no registry with a login")
        return self.found.auth_registry

    @property
    def host(self) -> str:
        """The address under which pods and nodes reach this machine, for servers that a test starts."""
        self._must_be_ours("an address of this machine in pods")
        return Place(self.layout).address

    @property
    def tls_registry(self) -> str:
        """As ``registry``, over TLS, with a certificate of ``authority``, which only the nodes know."""
        if self.found.tls_registry is None:
            pytest.skip("the given cluster has no registry with a certificate of its own authority")
        return self.found.tls_registry

    @property
    def authority(self) -> Path:
        """The file of the authority behind ``tls_registry``."""
        assert self.tls_registry
        return Path(str(self.found.authority))

    def kubectl(
        self, *arguments: str | Path, check: bool = True, stdin: str | None = None, timeout: float = 120
    ) -> str:
        """Standard output of one kubectl command as administrator, without the last newline."""
        done = self.run(*arguments, stdin=stdin, timeout=timeout)
        assert not check or done.returncode == 0, f"kubectl {arguments}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def run(
        self, *arguments: str | Path, stdin: str | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        cache = f"--cache-dir={self.layout.cache / 'kubectl'}"
        command = [self.found.kubectl, f"--kubeconfig={self.kubeconfig}", cache, *map(str, arguments)]
        return subprocess.run(command, input=stdin or "", capture_output=True, text=True, timeout=timeout)

    def get(self, namespace: str, *what: str) -> Any:
        """One object, or a list's items: ``get(ns, "pod", "name")``, ``get(ns, "pods")``."""
        found = json.loads(self.kubectl("--namespace", namespace, "get", *what, "--output=json"))
        return found["items"] if found["kind"] == "List" else found

    def apply(self, namespace: str, *objects: Mapping[str, Any]) -> None:
        """Create ``objects``, or change them to what they are here."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("--namespace", namespace, "apply", "--server-side", "-f", "-", stdin=text)

    def wait(self, namespace: str, what: str, condition: str, seconds: int = 60) -> None:
        """Until ``condition`` holds: ``condition=Ready``, ``create``, ``jsonpath={.status.phase}``…"""
        limit = f"--timeout={seconds}s"
        done = self.run(
            "--namespace", namespace, "wait", f"--for={condition}", what, limit, timeout=seconds + 20
        )
        assert done.returncode == 0, done.stderr + self._story(namespace)

    @contextmanager
    def namespace(self, labels: Mapping[str, str] | None = None) -> Iterator[str]:
        """A namespace of one's own, in which pods can be made at once; deleted afterwards with all in it."""
        name = f"t{uuid4().hex[:12]}"
        metadata = {"name": name, "labels": {"moorage.test": "true", **(labels or {})}}
        self.apply("default", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        try:
            self.wait(name, "serviceaccount/default", "create")
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")

    @contextmanager
    def second_node(self) -> Iterator[str]:
        """The name of another node, there until the block ends. For tests that are ``serial``."""
        self._must_be_ours("a second node")
        name = provision.add_node(self.layout)
        try:
            yield name
        finally:
            provision.remove_node(self.layout, name)

    @contextmanager
    def power_cut(self, node: str) -> Iterator[None]:
        """``node`` is without power until the block ends, when it boots with its disk as it was."""
        self._must_be_ours("a power cut")
        provision.stop_node(self.layout, node)
        try:
            yield
        finally:
            provision.start_node(self.layout, node)

    @contextmanager
    def api_server_gone(self) -> Iterator[None]:
        """No API server until the block ends. For tests that are ``serial``."""
        self._must_be_ours("a stop of the API server")
        place = Place(self.layout)
        control_plane.stop_api_server(place)
        try:
            yield
        finally:
            control_plane.start_api_server(place)

    def nodes(self) -> list[str]:
        return [each["metadata"]["name"] for each in self.get("default", "nodes")]

    def _must_be_ours(self, what: str) -> None:
        if not self.found.ours:
            pytest.skip(f"{what} is possible on our own cluster only")

    def _story(self, namespace: str) -> str:
        """What happened there, for a failure's message."""
        events = self.run("--namespace", namespace, "get", "events", "--sort-by=.lastTimestamp").stdout
        return events + self.run("--namespace", namespace, "get", "all,pvc", "--output=wide").stdout
