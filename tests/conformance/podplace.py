"""A case's project in a pod: its files are uploaded once, and from then on the workspace's own decide."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.conformance.place import OF_FOLDER, Place, nested
from tests.conformance.pods import PodBench
from tests.conformance.podwords import asks_for_containers, docker_words
from tests.outside import Result

FOLDER = "/workspaces/project"
"""Where cases that write later or read what was made have their project."""


class PodPlace(Place):
    """One project in a namespace of `bench`."""

    bench: PodBench

    def _process(self, command: str, user: str | None) -> Result:
        if user == "0":
            command = f'[ "$(id -u)" = 0 ] || {{ echo "this pod is not root\'s" >&2; exit 126; }}; {command}'
        return self._in_pod("/bin/sh", "-c", command)

    def _engine(self, *words: str) -> Result:
        """What a namespace can answer of Docker's client: with --format all that it knows."""
        assert asks_for_containers(words)
        [folder] = [word.removeprefix(OF_FOLDER) for word in words if word.startswith(OF_FOLDER)]
        found = self._workspaces(Path(folder))
        if found and "--format" in words:
            found.append(self._get("deployments,pods", f"--selector=dev.moorage.id in ({self._ids()})"))
        return Result(0, "".join(f"{json.dumps(each)}\n" for each in found), "")

    def _inspected(self) -> Any:
        found = self._workspaces(self.folder(None))
        assert found, "there is no workspace of this project"
        name = f"moorage-{found[0]['dev.moorage.id']}"
        deployment = self._get("deployment", name)
        secret = json.loads(
            self.bench.kubectl("get", "secret", f"{name}-environment", "--output=json").stdout or "{}"
        )
        environment = {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()}
        return docker_words(deployment, found[0], environment)

    def _made(self, paths: Mapping[str, Any]) -> dict[str, object]:
        read = {path: self._in_pod("cat", f"{FOLDER}/{path}") for path in paths}
        return nested({path: result.stdout for path, result in read.items() if result.code == 0})

    def _write_later(self, files: Mapping[str, str]) -> None:
        """Here, where `up` reads the configuration, and where the workspace has its own copy."""
        super()._write_later(files)
        if not self._pods():
            return
        for path, text in files.items():
            target = f"{FOLDER}/{path}"
            script = 'mkdir -p "${0%/*}" && printf %s "$2" > "$0" && chown "$(stat -c %u:%g "$1")" "$0"'
            done = self._in_pod("/bin/sh", "-c", script, target, FOLDER, self._filled(text))
            assert done.code == 0, done.stderr

    def _remove(self) -> None:
        for labels in self._workspaces():
            self.bench.client("delete", "--yes", labels["dev.moorage.name"])

    def _in_pod(self, *words: str) -> Result:
        done = self.bench.kubectl("exec", self._pod(), "--container=devcontainer", "--", *words)
        return Result(done.returncode, done.stdout, _without_exit(done.stderr))

    def _pod(self) -> str:
        found = self._pods()
        assert found, "there is no pod for this workspace"
        return found[0]

    def _pods(self) -> list[str]:
        """Names of those that are not on their way out."""
        found = self._get("pods", f"--selector=dev.moorage.role=workspace,dev.moorage.id in ({self._ids()})")
        return [
            pod["metadata"]["name"] for pod in found["items"] if "deletionTimestamp" not in pod["metadata"]
        ]

    def _ids(self) -> str:
        return ",".join(labels["dev.moorage.id"] for labels in self._workspaces(self.folder(None))) or "none"

    def _workspaces(self, folder: Path | None = None) -> list[dict[str, str]]:
        """What is remembered of those of one folder, or of all in the project."""
        roots = self._get("configmaps", "--selector=dev.moorage.role=root")["items"]
        every: list[dict[str, str]] = [json.loads(root["data"]["labels.json"]) for root in roots]
        of = "devcontainer.local_folder"
        if folder is not None:
            return [labels for labels in every if labels.get(of) == str(folder)]
        return [labels for labels in every if labels.get(of, "").startswith(str(self.project))]

    def _get(self, *what: str) -> Any:
        done = self.bench.kubectl("get", *what, "--output=json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def _without_exit(text: str) -> str:
    """kubectl tells the exit code in a line of its own."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith("command terminated with")
    )
