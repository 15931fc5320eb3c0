"""What decides whether Compose is asked again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from moorage.compose import program
from moorage.compose.errors import BadComposeFile
from moorage.devcontainer.compose import Project
from moorage.engine.endpoint import Endpoint
from moorage.facts.compose import project
from moorage.planner.questions import ReadStack

ENDPOINT = Endpoint(host="unix:///engine.sock", origin="test", socket="/engine.sock")


class Place:
    """A folder with a stand-in for Compose that counts how often it resolves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.cache = folder / "cache"
        self.log = folder / "log"
        self.answer = folder / "answer.json"
        (folder / "bin").mkdir()
        self.folder.mkdir()
        docker = folder / "bin/docker"
        docker.write_text(
            f'#!/bin/sh\ncase "$*" in *version*) echo 2.30.0; exit;; esac\n'
            f'echo "$@" >> {self.log}; cat {self.answer}\n'
        )
        docker.chmod(0o755)
        self.environ = {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(folder)}
        self.says({"name": "project", "services": {}})
        self.write("compose.yml", "services: {app: {image: x, env_file: app.env, environment: [PASSED]}}\n")

    def says(self, answer: dict[str, object]) -> None:
        self.answer.write_text(json.dumps(answer))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    async def ask(self, *files: str, **environ: str) -> Project:
        question = ReadStack(files=tuple(str(self.folder / each) for each in files), folder=str(self.folder))
        return await project(question, ENDPOINT, {**self.environ, **environ}, self.cache)

    @property
    def runs(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(program, "_PLUGINS", program._PLUGINS[:1])
    return Place(tmp_path)


async def test_unchanged_files_start_no_process(place: Place) -> None:
    first = await place.ask("compose.yml")
    assert await place.ask("compose.yml") == first
    assert len(place.runs) == 1


@pytest.mark.parametrize("change", ["compose.yml", ".env", "app.env"])
async def test_a_changed_or_new_file_has_it_resolved_again(place: Place, change: str) -> None:
    await place.ask("compose.yml")
    text = (place.folder / change).read_text() if (place.folder / change).exists() else ""
    place.write(change, f"{text}# more\n")
    await place.ask("compose.yml")
    assert len(place.runs) == 2


async def test_files_that_files_name_count_too(place: Place) -> None:
    place.write(
        "compose.yml", 'include: ["sub/more.yml"]\nservices: {app: {extends: {file: base.yml, service: b}}}\n'
    )
    (place.folder / "sub").mkdir()
    place.write("sub/more.yml", "services: {x: {env_file: [deep.env]}}\n")
    place.write("sub/deep.env", "A=1\n")
    place.write("base.yml", "services: {b: {image: x}}\n")
    await place.ask("compose.yml")
    for number, name in enumerate(("sub/more.yml", "sub/deep.env", "base.yml"), 2):
        place.write(name, (place.folder / name).read_text() + "# more\n")
        await place.ask("compose.yml")
        assert len(place.runs) == number, name


async def test_variables_that_the_files_may_mean_count_and_others_do_not(place: Place) -> None:
    await place.ask("compose.yml")
    await place.ask("compose.yml", UNRELATED="1")
    assert len(place.runs) == 1
    await place.ask("compose.yml", PASSED="1")
    await place.ask("compose.yml", COMPOSE_PROFILES="dev")
    assert len(place.runs) == 3


async def test_names_with_variables_in_them_are_followed(place: Place) -> None:
    place.write("compose.yml", "services: {app: {env_file: '${STAGE}.env'}}\n")
    place.write("dev.env", "A=1\n")
    await place.ask("compose.yml", STAGE="dev")
    place.write("dev.env", "A=2\n")
    await place.ask("compose.yml", STAGE="dev")
    assert len(place.runs) == 2


async def test_the_answer_is_kept_for_its_user_alone(place: Place) -> None:
    await place.ask("compose.yml")
    kept = [path for path in place.cache.glob("*.json") if path.name != "program.json"]
    assert len(kept) == 1
    assert os.stat(kept[0]).st_mode & 0o077 == 0
    kept[0].write_text("broken")
    await place.ask("compose.yml")
    assert len(place.runs) == 2


async def test_the_default_files_are_those_of_compose_with_their_override(place: Place) -> None:
    found = await place.ask()
    assert found.files == (str(place.folder / "compose.yml"),)
    place.write("compose.override.yml", "services: {}\n")
    found = await place.ask()
    assert [Path(each).name for each in found.files] == ["compose.yml", "compose.override.yml"]
    found = await place.ask(COMPOSE_FILE="compose.override.yml")
    assert [Path(each).name for each in found.files] == ["compose.override.yml"]
    place.write(".env", "COMPOSE_FILE=compose.yml:compose.override.yml\nCOMPOSE_PROJECT_NAME=From.Dotenv\n")
    found = await place.ask()
    assert [Path(each).name for each in found.files] == ["compose.yml", "compose.override.yml"]
    assert found.name == "fromdotenv"


async def test_no_file_at_all_is_told(place: Place) -> None:
    (place.folder / "compose.yml").unlink()
    with pytest.raises(BadComposeFile, match="no Compose file"):
        await place.ask()


async def test_named_files_are_not_given_way_to_the_environments(place: Place) -> None:
    await place.ask("compose.yml", COMPOSE_FILE="/elsewhere.yml")
    assert "/elsewhere.yml" not in place.runs[0]


async def test_profiles_come_from_the_environment_or_dotenv(place: Place) -> None:
    assert (await place.ask("compose.yml", COMPOSE_PROFILES="a, b")).active == ("a", "b")
    place.write(".env", "COMPOSE_PROFILES=c\n")
    assert (await place.ask("compose.yml")).active == ("c",)


async def test_an_inline_dockerfile_becomes_a_file(place: Place) -> None:
    place.says({"services": {"app": {"build": {"context": "/c", "dockerfile_inline": "FROM x\n"}}}})
    for _ in range(2):
        build = (await place.ask("compose.yml")).service("app").build
        assert build is not None
        assert Path(str(build["dockerfile"])).read_text() == "FROM x\n"
        assert "dockerfile_inline" not in build
