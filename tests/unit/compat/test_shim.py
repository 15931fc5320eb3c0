"""The `devcontainer` that is moorage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moorage.compat.reference import VERSION
from moorage.compat.reference.shim import ShimFolderUnusable, ShimInTheWay, install, on_path


def test_it_is_found_by_its_name_and_passes_everything_on(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with 'quotes' and spaces"
    interpreter = tmp_path / "an interpreter's place" / "python"
    interpreter.parent.mkdir()
    interpreter.symlink_to(sys.executable)
    install(folder, interpreter=str(interpreter))
    environment = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["devcontainer", "--version"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, f"{VERSION}\n"), done.stderr
    wrong = ["devcontainer", "exec", "--nonsense", "a b", "$HOME"]
    done = subprocess.run(wrong, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "nonsense" in done.stderr


def test_one_of_ours_is_replaced_and_another_only_by_force(tmp_path: Path) -> None:
    path = install(tmp_path, interpreter="/old")
    assert "/old" in path.read_text()
    assert "/new" in install(tmp_path, interpreter="/new").read_text()
    path.write_text("#!/usr/bin/env node\n")
    with pytest.raises(ShimInTheWay):
        install(tmp_path)
    assert path.read_text() == "#!/usr/bin/env node\n"
    install(tmp_path, force=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["devcontainer"]


def test_a_link_to_nowhere_is_somebody_s(tmp_path: Path) -> None:
    (tmp_path / "devcontainer").symlink_to("nowhere")
    with pytest.raises(ShimInTheWay):
        install(tmp_path)
    install(tmp_path, force=True)
    assert not (tmp_path / "devcontainer").is_symlink()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShimFolderUnusable):
        install(tmp_path / "file" / "below")


def test_it_is_said_how_the_shell_finds_it(tmp_path: Path) -> None:
    here, other = tmp_path / "here", tmp_path / "other"
    other.mkdir()
    install(here)
    assert on_path(here, f"/bin:{here}") == ""
    assert str(here) in on_path(here, "/bin")
    (other / "devcontainer").write_text("")
    assert str(here) in on_path(here, f"{other}:{here}")
    assert on_path(here, f"{here}:{other}") == ""
