"""doctor on real engines, and on a machine that has none."""

from __future__ import annotations

from pathlib import Path

from tests.outside import Cli


def checks(result: object) -> dict[str, dict[str, str]]:
    assert isinstance(result, dict)
    return {check["name"]: check for check in result["checks"]}


def test_a_real_engine(moorage: Cli) -> None:
    found = checks(moorage.ok("doctor", "--output", "json").json())
    assert found["engine"]["text"].endswith("(from DOCKER_HOST)")
    assert "API 1." in found["engine version"]["text"]
    assert found["bind mounts"]["level"] == "ok"
    assert not [check for check in found.values() if check["level"] == "fail"]


def test_the_old_engine(old_moorage: Cli) -> None:
    found = checks(old_moorage.ok("doctor", "--output", "json").json())
    assert "Docker 20.10" in found["engine version"]["text"]


def test_no_docker_at_all(moorage: Cli, tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    result = moorage("doctor", env=nothing)
    assert result.code == 5
    assert "✗ engine: " in result.stdout
    assert "! git: is not on PATH" in result.stdout
    assert "Traceback" not in result.stderr


def test_a_broken_config_is_one_of_the_checks(moorage: Cli, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[up]\ndotfile = 'x'")
    result = moorage("doctor", "--quiet", env={"MOORAGE_CONFIG": str(file)})
    assert result.code == 5
    assert "✗ config.toml: " in result.stdout
    assert "Did you mean dotfiles?" in result.stdout
    assert "✓" not in result.stdout


def test_a_wrong_option_is_refused(moorage: Cli) -> None:
    assert moorage("doctor", "-o", "paht=x").code == 2
    assert moorage("doctor", "--driver", "dokcer").code == 2
