"""Where the cases take place: one namespace, moorage on folders in it, and bare pods beside them."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from bench.measure import Sample, measure
from bench.stage import write
from bench.tools import moorage
from scripts.cluster.provision import Cluster
from scripts.engines.layout import REPOSITORY

IMAGE = "debian:bookworm-slim"
SIZE = "1Gi"
LIMIT = "--timeout=600s"


class Stage:
    """Both sides have the same image, which the nodes hold, and claims of the same size and class."""

    def __init__(self, cluster: Cluster, namespace: str, root: Path) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.root = root
        self.tool = moorage("unix:///nonexistent.sock", root)
        self.environment: Mapping[str, str] = {
            **self.tool.environment,
            "KUBECONFIG": cluster.kubeconfig,
            "MOORAGE_CONFIG": str(_config(root, cluster.registry)),
        }

    def folder(self, name: str) -> Path:
        """A project with an image: a bare pod has no hooks either."""
        folder = self.root / "projects" / name
        write(folder / ".devcontainer/devcontainer.json", json.dumps({"image": IMAGE}))
        write(folder / "README", "hello\n")
        return folder

    def moorage(self, command: str, *arguments: str | Path) -> Sample:
        options = ["--driver", "kubernetes", "-o", f"namespace={self.namespace}"]
        options += ["-o", f"persistentVolumeSize={SIZE}"] if command == "up" else []
        words = [*self.tool.words, command, *options, *map(str, arguments)]
        return measure(words, self.environment)

    def up_many(self, folders: Iterable[Path]) -> Sample:
        """All at once, from one process through the Python API."""
        words = [sys.executable, "-m", "bench.kubernetes.many", self.namespace, SIZE, *map(str, folders)]
        return measure(words, {**self.environment, "PYTHONPATH": str(REPOSITORY)})

    def kubectl(self, *arguments: str) -> Sample:
        return measure([self.cluster.kubectl, "--namespace", self.namespace, *arguments], self.environment)

    def bare(self, *names: str) -> Sample:
        """Pods from nothing until all are ready; a claim that is there already stays."""
        manifests = [manifest for name in names for manifest in (_claim(name), _pod(name))]
        path = self.root / "bare.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        applied = self.kubectl("apply", "--server-side", "--filename", str(path))
        pods = [f"pod/{name}" for name in names]
        waited = self.kubectl("wait", "--for=condition=Ready", LIMIT, *pods)
        return Sample(applied.seconds + waited.seconds, max(applied.megabytes, waited.megabytes))

    def remove_pods(self, *names: str) -> None:
        self.kubectl("delete", "pod", "--grace-period=1", "--ignore-not-found", LIMIT, *names)

    def remove_bare(self, *names: str) -> None:
        self.remove_pods(*names)
        self.kubectl("delete", "persistentvolumeclaim", "--ignore-not-found", LIMIT, *names)

    def remove_workspaces(self) -> None:
        """All of the namespace's at once: the root of each owns the rest."""
        roots = "--selector=dev.moorage.role=root"
        self.kubectl("delete", "configmap", roots, "--cascade=foreground", LIMIT)


@contextmanager
def stage(cluster: Cluster, root: Path) -> Iterator[Stage]:
    """A stage in a namespace of its own, which goes in the end with all that is in it."""
    name = f"bench-{uuid4().hex[:8]}"
    kubectl = [cluster.kubectl, f"--kubeconfig={cluster.kubeconfig}"]
    subprocess.run([*kubectl, "create", "namespace", name], check=True, capture_output=True)
    try:
        yield Stage(cluster, name, root)
    finally:
        subprocess.run([*kubectl, "delete", "namespace", name, "--wait=false"], capture_output=True)


def _config(root: Path, registry: str | None) -> Path:
    """What stands for the public registry beside our own cluster."""
    path = root / "config.toml"
    text = f'[registries]\ninsecure = ["{registry}"]\n[registries.mirrors]\n"docker.io" = ["http://{registry}"]\n'
    path.write_text(text if registry else "")
    return path


def _claim(name: str) -> dict[str, object]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": SIZE}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def _pod(name: str) -> dict[str, object]:
    container = {
        "name": "bare",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "infinity"],
        "volumeMounts": [{"name": "files", "mountPath": "/workspaces"}],
    }
    spec = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [{"name": "files", "persistentVolumeClaim": {"claimName": name}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
