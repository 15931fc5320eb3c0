"""The commands in the guides to clusters and prebuilds, one after the other, with names that exist here."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.engines.provision import Engine
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.person import IMAGE, Person
from tests.outside import Result

GUIDES = Path(__file__).resolve().parents[2] / "docs/guides"
COMMAND = re.compile(r"^    (moorage .*)$", re.M)
ENDLESS = ("forward",)
"""Commands that go on until they are ended; their options are tried by asking for help."""


@pytest.fixture
def here(cluster: Cluster, namespace: str, tmp_path: Path) -> Person:
    """A person in a project's folder, whose Git repository and image registry are the ones that are named."""
    home = tmp_path / "home"
    home.mkdir()
    person = Person(cluster, namespace, home)
    person.cli.env["KUBECONFIG"] = str(contexts(cluster, namespace, home))
    project = home / "project"
    (project / ".devcontainer").mkdir(parents=True)
    (project / ".devcontainer/devcontainer.json").write_text(
        json.dumps({"build": {"dockerfile": "Dockerfile"}, "forwardPorts": [3000]})
    )
    (project / ".devcontainer/Dockerfile").write_text(f"FROM {IMAGE}\nRUN echo built > /built\n")
    for name in ("Makefile", "src/main.c", "docs/page.md"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("all:\n")
    return person


def contexts(cluster: Cluster, namespace: str, folder: Path) -> Path:
    """The administrator's kubeconfig with the contexts and the namespace that the guides name."""
    shown = cluster.kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json")
    config = json.loads(shown)
    config["contexts"][0]["context"]["namespace"] = namespace
    config["contexts"].append({"name": "work", "context": dict(config["contexts"][0]["context"])})
    path = folder / "guides.kubeconfig"
    path.write_text(json.dumps(config))
    return path


def commands(page: str) -> list[str]:
    found = COMMAND.findall((GUIDES / f"{page}.md").read_text())
    assert len(found) >= 3
    return found


def run(person: Person, command: str) -> Result:
    """As written, with what exists here in the place of names of the outside."""
    known = {
        "https://github.com/org/project": ".",
        "ghcr.io/me/workspaces": f"{person.cluster.registry}/{person.namespace}/images",
        "ghcr.io/org/workspaces": f"{person.cluster.registry}/{person.namespace}/images",
        "namespace=dev": f"namespace={person.namespace}",
        "namespace=ci": f"namespace={person.namespace}",
        "make test": "test -e Makefile",
    }
    for name, value in known.items():
        command = command.replace(name, value)
    words = shlex.split(command.partition("|")[0], comments=True)[1:]
    if words[0] in ENDLESS:
        words = [words[0], "--help"]
    return person.cli(*words, cwd=person.cli.home / "project", timeout=150)


def test_the_commands_of_the_guide_to_clusters(here: Person) -> None:
    config = Path(here.cli.env["MOORAGE_CONFIG"])
    repository = f"{here.cluster.registry}/{here.namespace}/images"
    driver = f'[driver.kubernetes]\nbuildRepository = "{repository}"\nbuildkitCacheSize = "0"\n'
    config.write_text(driver + config.read_text())
    for command in commands("kubernetes"):
        if " delete " in command:
            continue  # last of all, below
        done = run(here, command)
        assert done.code == 0, (command, done.stderr)
    done = run(here, "moorage delete --driver kubernetes --yes project")
    assert done.code == 0, done.stderr


def test_the_commands_of_the_guide_to_templates(here: Person) -> None:
    config = Path(here.cli.env["MOORAGE_CONFIG"])
    config.write_text('[driver.kubernetes]\nbuildkitCacheSize = "0"\n' + config.read_text())
    for command in commands("templates"):
        done = run(here, command)
        assert done.code == 0, (command, done.stderr)


def test_the_commands_of_the_guide_to_prebuilds(here: Person, engine: Engine) -> None:
    here.cli.env["DOCKER_HOST"] = engine.host
    for command in commands("prebuilds"):
        done = run(here, command)
        assert done.code == 0, (command, done.stderr)
    tag = f"{here.cluster.registry}/{here.namespace}/images"
    images = subprocess.run(
        ["docker", "--host", engine.host, "images", "--quiet", tag],
        capture_output=True,
        text=True,
        check=True,
    )
    for image in set(images.stdout.split()):
        subprocess.run(["docker", "--host", engine.host, "rmi", "--force", image], capture_output=True)
    shutil.rmtree(here.cli.home / "project")
