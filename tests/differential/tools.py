"""One case asked of one tool, and its answers in a form that can be kept and compared."""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.differential.case import HERE, Case
from tests.differential.place import Place
from tests.outside import Docker

RECORDED = HERE / "recorded"
_PROJECT = "com.docker.compose.project"
_LABELS = ("devcontainer.", "com.docker.compose.")
_OWN_COMPOSE_LABELS = ("config_files", "config-hash", "image", "version", "environment_file", "replace")


class Tool(msgspec.Struct, frozen=True):
    """A command line that takes the reference's commands, in an environment, with an engine to look into."""

    words: Sequence[str]
    env: Mapping[str, str]
    docker: Docker

    def answers(self, place: Place) -> dict[str, Any]:
        """What it says to each question of the case, by the question's words."""
        return {" ".join(words): self._answer(place, words) for words in place.case.ask}

    def clear(self, place: Place) -> None:
        """Remove what `up` and `build` made of the case."""
        if not {words[0] for words in place.case.ask} & {"up", "build"}:
            return
        ours = [*dict.fromkeys(id for label in place.labels for id in self._with(label))]
        inspected = json.loads(self.docker("inspect", *ours)) if ours else []
        for project in {each["Config"]["Labels"].get(_PROJECT, "") for each in inspected} - {""}:
            self.docker("compose", "--project-name", project, "down", "--volumes", check=False)
        if ours:
            self.docker("rm", "--force", "--volumes", *ours, check=False)
        named = self.docker.lines("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"*{place.hash}*")
        if named:
            self.docker("image", "rm", "--force", *named, check=False)

    def _with(self, label: str) -> list[str]:
        return self.docker.lines("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={label}")

    def _answer(self, place: Place, words: tuple[str, ...]) -> Any:
        where = ["--workspace-folder", str(place.workspace)] if place.case.folder else []
        verbs = 2 if words[0] == "features" else 1
        filled = [place.filled(word) for word in words]
        done = subprocess.run(
            [*self.words, *filled[:verbs], *where, *filled[verbs:]],
            capture_output=True, text=True, timeout=180, cwd=place.workspace, stdin=subprocess.DEVNULL,
            env={**self.env, **{name: place.filled(value) for name, value in place.case.env.items()}},
        )  # fmt: skip
        said = _json(done.stdout)
        answer: dict[str, Any] = {"code": done.returncode, "stdout": _told(said)}
        if done.returncode == 0 and isinstance(said, dict):
            answer |= self._made(place, said)
        return place.neutral(answer)

    def _made(self, place: Place, said: dict[str, Any]) -> dict[str, Any]:
        """What is to be seen in the engine of a container or images that the result names."""
        if "containerId" in said:
            return {"container": self._container(place, str(said["containerId"]))}
        if "imageName" in said:
            names = said["imageName"]
            name = names if isinstance(names, str) else names[0]
            return {"image": _image(self._inspect(str(name)))}
        return {}

    def _container(self, place: Place, id: str) -> dict[str, Any]:
        body = _container(self._inspect(id))
        if place.case.inside:
            words = ("exec", id, "/bin/sh", "-c", place.filled(place.case.inside))
            body["inside"] = self.docker(*words).splitlines()
        return body

    def _inspect(self, name: str) -> dict[str, Any]:
        found = json.loads(self.docker("inspect", name))[0]
        return dict(found)


def recorded(case: Case) -> dict[str, Any] | None:
    """The reference's answers as they were recorded; None where they were not."""
    path = RECORDED / f"{case.topic}.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    answers = found.get(case.id)
    return dict(answers) if answers is not None else None


def record(case: Case, answers: Mapping[str, Any]) -> None:
    """Keep the reference's answers."""
    path = RECORDED / f"{case.topic}.json"
    with (HERE / "case.py").open() as lock:  # several workers write one file
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = json.loads(path.read_text()) if path.exists() else {}
        found[case.id] = answers
        path.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _json(stdout: str) -> Any:
    """The JSON of an answer. What features resolve-dependencies draws above it is for people."""
    start = stdout.find("{")
    if stdout.startswith("flowchart") and start < 0:
        return ""
    try:
        return json.loads(stdout[start:]) if start >= 0 else stdout
    except ValueError:
        return stdout


def _told(said: Any) -> Any:
    """Without what is each tool's own: ids, the words of errors, where Features were unpacked."""
    if isinstance(said, dict):
        own = {**_OWN, **_OF_FAILURES} if "outcome" in said else _OWN
        return {key: own[key](value) if key in own else _told(value) for key, value in said.items()}
    return [_told(each) for each in said] if isinstance(said, list) else said


def _unpacked(folder: object) -> object:
    """A Feature is to be there; where is nobody's matter."""
    there = Path(str(folder), "devcontainer-feature.json").exists()
    return "(the Feature)" if there else f"{folder} without a Feature"


_OWN: dict[str, Callable[[object], object]] = {
    "containerId": lambda value: "(an id)",
    "dstFolder": lambda value: "(a folder)" if Path(str(value)).is_dir() else value,
    "cachePath": _unpacked,
}
_OF_FAILURES: dict[str, Callable[[object], object]] = {
    "message": lambda value: "(words)",
    "description": lambda value: "(words)",
}


def _container(found: dict[str, Any]) -> dict[str, Any]:
    config, host = found["Config"], found["HostConfig"]
    return {
        "labels": _labels(config["Labels"]),
        "env": sorted(config["Env"]),
        "user": config["User"] or "root",
        "workdir": config["WorkingDir"],
        "mounts": sorted(([each["Type"], each.get("Name") or each["Source"], each["Destination"], each["RW"]]
                          for each in found["Mounts"]), key=lambda each: str(each[2])),
        "privileged": host["Privileged"],
        "init": bool(host.get("Init")),
        "capabilities": sorted(each.removeprefix("CAP_") for each in host["CapAdd"] or []),
        "security": sorted(host["SecurityOpt"] or []),
        "ports": host["PortBindings"] or {},
        "state": found["State"]["Status"],
    }  # fmt: skip


def _image(found: dict[str, Any]) -> dict[str, Any]:
    config = found["Config"]
    return {
        "labels": _labels(config.get("Labels") or {}),
        "env": sorted(config.get("Env") or []),
        "user": config.get("User") or "root",
        "command": config.get("Cmd"),
        "entrypoint": config.get("Entrypoint"),
    }


def _labels(labels: Mapping[str, str]) -> dict[str, Any]:
    """Those that both tools have something to say by; metadata as what it says."""
    return {
        name: _json_list(value) if name == "devcontainer.metadata" else value
        for name, value in labels.items()
        if name.startswith(_LABELS) and not name.endswith(_OWN_COMPOSE_LABELS)
    }


def _json_list(text: str) -> Any:
    found = json.loads(text)
    return found if isinstance(found, list) else [found]
