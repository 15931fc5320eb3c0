"""config.toml through the real command line, on a real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.outside import Cli, Docker, Images, Traces


def config(moorage: Cli, text: str) -> Path:
    file = moorage.home / ".config/moorage/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_defaults_reach_the_container_and_the_command_line_wins(
    moorage: Cli, workspace: Callable[..., Path], images: Images, cleanup: Traces, docker: Docker
) -> None:
    config(moorage, '[up]\nenv = { FROM_FILE = "yes" }\noutput = "json"\n')
    folder = workspace({"image": images.busybox}, name=cleanup.token)
    made = moorage.ok("up", folder).json()
    assert isinstance(made, dict)
    environment = docker("inspect", "--format", "{{json .Config.Env}}", made["container"])
    assert '"FROM_FILE=yes"' in environment
    assert moorage.ok("up", folder, "--output", "text").stdout.startswith("Workspace ")


def test_the_drivers_options_come_from_the_file_too(moorage: Cli) -> None:
    config(moorage, '[driver.docker]\npath = "/no/such/program"\n')
    refused = moorage("list")
    assert refused.code == 5
    assert "/no/such/program" in refused.stderr
    assert moorage("list", "-o", "path=").code == 0


def test_a_mirror_from_the_file_is_asked(
    moorage: Cli, workspace: Callable[..., Path], registry: str, images: Images, cleanup: Traces
) -> None:
    config(moorage, f'[registries]\nmirrors = {{ "none.invalid" = ["http://{registry}"] }}\n')
    image = f"none.invalid/library/{images.busybox}"
    folder = workspace({"image": image}, name=cleanup.token)
    plan = moorage.ok("plan", folder, "--output", "json").json()
    assert isinstance(plan, dict)
    assert plan["steps"][0]["step"] == "pull-image"


@pytest.mark.parametrize("arguments", [("list",), ("up", "."), ("status", "x")])
def test_a_broken_file_is_one_clear_error(moorage: Cli, arguments: tuple[str, ...]) -> None:
    file = config(moorage, "[registries]\nmirors = {}\n")
    result = moorage(*arguments)
    assert result.code == 3
    assert result.stderr.count(str(file)) == 1
    assert "Did you mean mirrors?" in result.stderr
