"""Five `up`s at once make one workspace (design section 7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.endstate import HOOKS, temporary_folder
from tests.faults.examples import Example, dockerfile_example, each_once, hooks, image_example
from tests.integration.git.conftest import Repository
from tests.outside import Cli, Docker, Images, Traces

HOW_MANY = 5


def at_once(cli: Cli, source: str | Path) -> list[dict[str, object]]:
    """The results of all; each must end well."""
    processes = [cli.start("up", source, "--output", "json") for _ in range(HOW_MANY)]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [error for _, error, code in ended if code] == []
    return [json.loads(out) for out, _, _ in ended]


def check_one_workspace(results: list[dict[str, object]], docker: Docker, cleanup: Traces) -> None:
    assert len({result["container_id"] for result in results}) == 1
    assert [result["created"] for result in results].count(True) == 1
    [container] = cleanup.containers()
    assert container == results[0]["container_id"]
    assert tuple(docker.lines("exec", container, "cat", HOOKS)) == each_once()
    assert cleanup.networks() == []


@pytest.mark.parametrize("kind", ["image", "dockerfile"])
def test_of_a_folder(
    kind: str, moorage: Cli, docker: Docker, images: Images, cleanup: Traces, tmp_path: Path
) -> None:
    temporary = temporary_folder(moorage)
    example = _example(kind, tmp_path / "project", images, cleanup.token)
    check_one_workspace(at_once(moorage, example.folder), docker, cleanup)
    assert cleanup.volumes() == []
    assert list(temporary.iterdir()) == []


def test_of_a_repository(
    moorage: Cli,
    docker: Docker,
    images: Images,
    cleanup: Traces,
    make_repository: Callable[..., Repository],
) -> None:
    repository = make_repository(cleanup.token)
    repository.commit(
        {".devcontainer/devcontainer.json": json.dumps({"image": images.debian, **hooks()}), "a.txt": "a"}
    )
    results = at_once(moorage, repository.url)
    check_one_workspace(results, docker, cleanup)
    assert len(cleanup.volumes()) == 1
    assert docker("exec", cleanup.containers()[0], "cat", f"{results[0]['remote_folder']}/a.txt") == "a"


def _example(kind: str, folder: Path, images: Images, token: str) -> Example:
    if kind == "image":
        return image_example(folder, images.busybox)
    return dockerfile_example(folder, images.busybox, token)
