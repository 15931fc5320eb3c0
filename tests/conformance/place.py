"""A case's project on one engine: its files, its container, and ways to look at them."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.conformance.bench import Bench, somebody
from tests.conformance.case import Step, Workspace, described
from tests.conformance.judge import all_at, differences
from tests.conformance.registry import packed, publish
from tests.conformance.tarballs import served
from tests.outside import Result

CONFIGURATION = ".devcontainer/devcontainer.json"
LABEL = "dev.moorage.test=conformance"
OF_FOLDER = "label=devcontainer.local_folder="
REFUSED = 9
INSTALL = "#!/bin/sh\nset -e\n"


class Place:
    """One project on one bench. `close` removes what it made there."""

    def __init__(
        self, bench: Bench, workspace: Workspace, folder: Path, options: tuple[str, ...] = ()
    ) -> None:
        self.workspace = workspace
        self.options = options
        self.token = f"t{uuid4().hex[:12]}"
        self.started: Result | None = None
        self._held = ExitStack()
        self.bench = self._held.enter_context(somebody(bench)) if workspace.somebody else bench
        self.project = self._held.enter_context(self.bench.folder(folder)) / "project"
        self.environment = dict(workspace.environment)
        self.words = self._words()
        self._files()

    def up(self) -> Result:
        """The first `moorage up`, with the arguments of the case."""
        if self.started is None:
            self.started = self._up(())
        return self.started

    def take(self, step: Step) -> list[str]:
        """Do what a step says; what is not as expected."""
        if step.inspect is not None:
            return all_at(self._inspected(), self._filled(step.inspect), "inspect")
        if step.host is not None:
            return all_at(self._texts(step.host), self._filled(step.host), "file")
        if step.project is not None:
            return all_at(self._made(step.project), self._filled(step.project), "file")
        if step.owner is not None:
            return all_at(self._owners(step.owner), self._filled(step.owner), "owner of")
        if step.write is not None:
            self._write_later(step.write)
            return []
        return self._judged(step, self._run(step))

    def refusal(self, words: str) -> list[str]:
        """`up` as the driver has to refuse it: nothing is made, and these words are the reason."""
        result = self._up(())
        found = [] if result.code == REFUSED else [f"exit code {result.code}, expected {REFUSED}"]
        found += differences(" ".join(result.stderr.split()), {"$contains": words}, "stderr")
        found += differences(
            self._engine("ps", "-aq", "--filter", f"{OF_FOLDER}{self.folder(None)}").stdout, "", "left"
        )
        return found

    def close(self) -> None:
        with self._held:
            self._remove()

    def folder(self, within: str | None) -> Path:
        """The project, or the folder within it that the case opens."""
        chosen = self.workspace.folder if within is None else within
        return self.project / chosen if chosen else self.project

    def _words(self) -> dict[str, str]:
        """What stands for the words in double braces."""
        uid, gid = self.bench.ids
        words = {"token": self.token, "project": str(self.project), "registry": self.bench.registry}
        inside = dict(zip(("uid.inside", "gid.inside"), map(str, self.bench.inside), strict=True))
        words |= {"uid": str(uid), "gid": str(gid), **inside, "id": devcontainer_id(self.folder(None))}
        images = {name: filled(text, words) for name, text in self.workspace.images.items()}
        if self.workspace.served:
            words["https"] = self._serve()
            words["https.key"] = words["https"].replace("/", "~")
        return words | {f"image.{name}": self._image(text) for name, text in images.items()}

    def _serve(self) -> str:
        """The address of the archives."""
        archives = {
            f"devcontainer-feature-{id}.tgz": gzip.compress(packed(*_parts(id, feature)))
            for id, feature in self.workspace.served.items()
        }
        folder = self.project.parent / "tls"
        folder.mkdir()
        self.bench.own(folder)
        self.environment["SSL_CERT_FILE"] = str(folder / "tls.crt")
        return self._held.enter_context(served(archives, folder))

    def _remove(self) -> None:
        docker = self.bench.docker
        self.bench.client("delete", "--yes", self.folder(None))
        ours = docker.lines("ps", "-aq", "--filter", f"label=devcontainer.local_folder={self.folder(None)}")
        ours += docker.lines("ps", "-aq", "--filter", f"name={self.token}")
        if ours:
            docker("rm", "--force", "--volumes", *ours, check=False)
        for kind in ("volume", "network"):
            if named := docker.lines(kind, "ls", "--quiet", "--filter", f"name={self.token}"):
                docker(kind, "rm", *named, check=False)

    def _judged(self, step: Step, result: Result) -> list[str]:
        found = []
        if result.code != step.code:
            found.append(f"exit code {result.code}, expected {step.code}")
        if step.stdout is not None:
            found += differences(result.stdout, self._filled(step.stdout), "stdout")
        if step.lines is not None:
            found += differences(result.stdout.splitlines(), [*self._filled(step.lines)], "stdout")
        if step.stderr is not None:
            found += differences(result.stderr, self._filled(step.stderr), "stderr")
        if step.json is not None and not found:
            found += all_at(json.loads(result.stdout), self._filled(step.json), "stdout")
        return (
            [*found, f"stdout: {result.stdout[-1500:]}", f"stderr: {result.stderr[-1500:]}"] if found else []
        )

    def _run(self, step: Step) -> Result:
        folder = self.folder(step.folder)
        environment = {**self.environment, **step.environment}
        if step.inside is not None:
            words: tuple[str | Path, ...] = ("exec", folder, "/bin/sh", "-c", self._filled(step.inside))
            return self.bench.client(*words, env=environment)
        if step.process is not None:
            return self._process(self._filled(step.process), None)
        if step.root is not None:
            return self._process(self._filled(step.root), "0")
        if step.engine is not None:
            return self._engine(*self._filled(step.engine))
        if step.up is not None:
            return self._up(step.up, environment, folder)
        if step.read is not None:
            words = ("--include-merged-configuration", *self._filled(step.read))
            command = ("devcontainer", "read-configuration", "--workspace-folder", folder, *words)
            return self.bench.client(*command, env=environment)
        return self.bench.client(*self._filled(step.moorage or ()), env=environment, cwd=folder)

    def _up(
        self, more: tuple[str, ...], environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> Result:
        options = [word for option in self.options for word in ("-o", option)]
        words = [*options, *self.workspace.arguments, *more]
        return self.bench.client(
            "up", folder or self.folder(None), "--output", "json", *self._filled(words),
            env=self.environment if environment is None else environment,
        )  # fmt: skip

    def _process(self, command: str, user: str | None) -> Result:
        """A shell command by the engine itself, as the container's user or another."""
        of = ("--user", user) if user else ()
        return self._engine("exec", *of, self.container, "/bin/sh", "-c", command)

    def _engine(self, *words: str) -> Result:
        done = subprocess.run(
            ["docker", "--host", self.bench.host, *words], capture_output=True, text=True, timeout=120
        )
        return Result(done.returncode, done.stdout, done.stderr)

    @property
    def container(self) -> str:
        """Its id now: `up` may have made another."""
        label = f"label=devcontainer.local_folder={self.folder(None)}"
        found = self.bench.docker.lines("ps", "--all", "--quiet", "--no-trunc", "--filter", label)
        assert found, "there is no container for this workspace"
        return found[0]

    def _inspected(self) -> Any:
        return json.loads(self.bench.docker("inspect", self.container))[0]

    def _owners(self, paths: Mapping[str, str]) -> dict[str, object]:
        found = {path: (self.project / path).stat() for path in paths}
        return nested({path: f"{stat.st_uid}:{stat.st_gid}" for path, stat in found.items()})

    def _texts(self, paths: Mapping[str, Any]) -> dict[str, object]:
        files = {path: self.project / path for path in paths}
        return nested(
            {path: file.read_text(errors="replace") for path, file in files.items() if file.is_file()}
        )

    def _made(self, paths: Mapping[str, Any]) -> dict[str, object]:
        """Files as the workspace has them, where the project is mounted."""
        return self._texts(paths)

    def _files(self) -> None:
        self.project.mkdir(parents=True, exist_ok=True)
        workspace = self.workspace
        for id, feature in workspace.published.items():
            metadata, script = _parts(id, feature)
            namespace = f"moorage-test/{self.token}"
            digest = publish(self.bench.registry, namespace, self._filled(metadata), script)
            self.words[f"digest.{id}"] = digest
        if workspace.configuration is not None:
            self._write(
                {f"{workspace.folder}/{CONFIGURATION}".lstrip("/"): described(workspace.configuration)}
            )
        for id, feature in workspace.features.items():
            self._write(_feature(f"{workspace.folder}/.devcontainer/{id}".lstrip("/"), id, feature))
        self._write(workspace.files)
        if workspace.repository:
            subprocess.run(["git", "init", "--quiet", self.project], check=True, capture_output=True)
        self.bench.own(self.project)

    def _write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            file = self.project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._filled(text))
            if text.startswith("#!"):
                file.chmod(0o755)

    def _write_later(self, files: Mapping[str, str]) -> None:
        """When the workspace may be there already."""
        self._write(files)
        self.bench.own(self.project)

    def _filled(self, value: Any) -> Any:
        return filled(value, self.words)

    def _image(self, dockerfile: str) -> str:
        """An image of a case: built once on an engine, known by its text."""
        name = f"{self.bench.images}:{hashlib.sha256(dockerfile.encode()).hexdigest()[:16]}"
        if not self.bench.has(name):
            self.bench.build(name, dockerfile, LABEL)
        return name


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """The value with its words in double braces filled in."""
    if isinstance(value, str):
        for name, text in words.items():
            value = value.replace("{{" + name + "}}", text)
        return value
    if isinstance(value, dict):
        return {filled(key, words): filled(one, words) for key, one in value.items()}
    return [filled(one, words) for one in value] if isinstance(value, list | tuple) else value


def devcontainer_id(folder: Path) -> str:
    """`${devcontainerId}` of a project by the specification's words: SHA-256 of the labels, in base 32."""
    labels = {
        "devcontainer.config_file": str(folder / CONFIGURATION),
        "devcontainer.local_folder": str(folder),
    }
    text = json.dumps(labels, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    number = int(hashlib.sha256(text.encode()).hexdigest(), 16)
    digits = ""
    while number:
        number, digit = divmod(number, 32)
        digits = "0123456789abcdefghijklmnopqrstuv"[digit] + digits
    return digits.rjust(52, "0")


def nested(by_path: Mapping[str, object]) -> dict[str, object]:
    """By folder and name: a slash in the path of an expectation is a step into what is there."""
    tree: dict[str, Any] = {}
    for path, value in by_path.items():
        *above, last = path.split("/")
        inner = tree
        for name in above:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return tree


def _feature(folder: str, id: str, feature: Mapping[str, Any]) -> dict[str, str]:
    metadata, script = _parts(id, feature)
    return {f"{folder}/devcontainer-feature.json": json.dumps(metadata), f"{folder}/install.sh": script}


def _parts(id: str, feature: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Metadata and script; `install` is what the script does."""
    rest = {key: value for key, value in feature.items() if key != "install"}
    return {"id": id, "version": "1.0.0", "name": id, **rest}, INSTALL + str(feature.get("install", ""))
