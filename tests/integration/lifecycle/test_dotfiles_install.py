"""Dotfiles: cloned by the container's own git, installed once, and a failure is told and tried again."""

from __future__ import annotations

import subprocess
from pathlib import Path

from moorage.events import Notice
from moorage.lifecycle.dotfiles import dotfiles_task
from tests.integration.lifecycle.place import Place, Recorder, stage


def repository(root: Path, **contents: str) -> str:
    """A Git repository with these files (two underscores stand for a dot, _in_ for a slash)."""
    folder = root / "their dotfiles"
    folder.mkdir()
    for name, text in contents.items():
        path = folder / name.replace("__", ".").replace("_in_", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    run = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(folder))
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "all")):
        subprocess.run([*run, *words], check=True)
    return f"file://{folder}"


async def test_files_are_linked_into_the_home_once(place: Place) -> None:
    url = repository(place.root, __bashrc="# mine", __config_in_tool="x", README="no")
    (place.home / ".config").mkdir()
    recorder = Recorder()
    await place.up(dotfiles=dotfiles_task(url), reporter=recorder)
    assert (place.home / ".bashrc").read_text() == "# mine"
    assert (place.home / ".bashrc").is_symlink()
    assert not (place.home / ".git").exists()
    assert any("stays" in line for line in recorder.text())
    assert place.journal().dotfiles
    assert (await place.up(dotfiles=dotfiles_task(url))).ended == ()


async def test_the_first_known_script_installs(place: Place) -> None:
    url = repository(
        place.root, script_in_setup="#!/bin/sh\necho script/setup", bootstrap="#!/bin/sh\npwd; echo boot"
    )
    recorder = Recorder()
    await place.up(dotfiles=dotfiles_task(url, target="~/a place/dot"), reporter=recorder)
    assert recorder.text()[-3:] == ["running bootstrap", str(place.home / "a place/dot"), "boot"]


async def test_a_command_of_their_own(place: Place) -> None:
    url = repository(place.root, go__sh="#!/bin/sh\necho went", install="#!/bin/sh\nexit 9")
    for number, command in enumerate(("go.sh", "./go.sh", "sh go.sh && echo and more")):
        recorder = Recorder()
        task = dotfiles_task(url, target=f"~/d{number}", install_command=command)
        (place.state / "journal").write_text("prepared\n")
        await place.up(dotfiles=task, reporter=recorder)
        assert "went" in recorder.text()


async def test_a_failure_is_a_warning_and_tried_again(place: Place) -> None:
    out = place.root / "out"
    hooks = (
        stage("postCreateCommand", f"printf 'a ' >>{out}"),
        stage("postStartCommand", f"printf 'b ' >>{out}"),
    )
    recorder = Recorder()
    wrong = f"file://{place.root}/their dotfiles"
    await place.up(*hooks, dotfiles=dotfiles_task(wrong), reporter=recorder)
    warning = next(event for event in recorder.events if isinstance(event, Notice))
    assert warning.code == "dotfiles-failed"
    assert "repository" in warning.text
    assert out.read_text() == "a b "
    assert not place.journal().dotfiles
    url = repository(place.root, __bashrc="# mine")
    await place.up(*hooks, dotfiles=dotfiles_task(url))
    assert place.journal().dotfiles
    assert out.read_text() == "a b "


async def test_without_git_it_is_said(place: Place) -> None:
    tools = place.root / "bin"
    for name in ("mkdir", "rm", "mv", "cat", "sleep", "ln", "setsid"):
        (tools / name).symlink_to(Path("/usr/bin") / name)
    recorder = Recorder()
    place.environment["PATH"] = str(tools)
    await place.up(dotfiles=dotfiles_task("owner/dots"), reporter=recorder)
    warning = next(event for event in recorder.events if isinstance(event, Notice))
    assert "no git in this container" in warning.text
