import os
import subprocess
import sys

from moorage.builders.engine.folder import private_folder, sweep


def test_it_is_ours_alone_and_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with private_folder() as folder:
        assert os.stat(folder).st_mode & 0o777 == 0o700
        (tmp_path / folder / "Dockerfile").write_text("FROM x\n")
        assert os.listdir(tmp_path)
    assert not os.listdir(tmp_path)


def test_what_was_unpacked_goes_too(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with private_folder() as folder:
        os.makedirs(f"{folder}/context/a")
    assert not os.listdir(tmp_path)


def test_folders_of_killed_runs_are_swept(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f"moorage-build-{owner}-x" for owner in (ended.pid, os.getpid(), 1, "me")]
    for name in names:
        (tmp_path / name / "context").mkdir(parents=True)
    sweep()
    assert sorted(os.listdir(tmp_path)) == sorted(names[1:])


def test_a_place_that_is_not_there_is_no_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    with private_folder() as folder:
        assert os.path.isdir(folder)
