"""Later copies between a folder here and a workspace in a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.kubernetes.person import Person


class Pair:
    """A folder here and its workspace."""

    def __init__(self, person: Person, folder: Path) -> None:
        self.person, self.folder = person, folder

    def sync(self, *words: str, code: int = 0) -> dict[str, object]:
        """What was done, without paths that tell of nothing here."""
        result = self.person("sync", self.folder, "--output", "json", *words)
        assert result.code == code, result.stderr + result.stdout
        found: dict[str, object] = result.json()
        return found

    def inside(self, script: str) -> str:
        return self.person.ok("exec", self.folder, "--", "sh", "-c", script).stdout

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)


@pytest.fixture(params=["moorage-test/devcontainer:latest", "busybox:latest"], ids=["debian", "busybox"])
def pair(person: Person, project: Callable[..., Path], request: pytest.FixtureRequest) -> Pair:
    user = {"remoteUser": "vscode" if "devcontainer" in request.param else "root"}
    folder = project(image=request.param, **user)
    for name in ("one", "two", "three", "four", "five"):
        (folder / name).write_text(f"{name}\n")
    (folder / ".moorageignore").write_text("local\n")
    person.ok("up", folder)
    return Pair(person, folder)


def reasons(found: dict[str, object]) -> dict[str, str]:
    conflicts = found["conflicts"]
    assert isinstance(conflicts, list)
    return {each["path"]: each["reason"] for each in conflicts}


def test_up_and_down(pair: Pair) -> None:
    assert pair.sync()["copied"] == []
    assert pair.sync("--download")["copied"] == []
    odd = "a new\nfolder/-x 'y' \\n"
    pair.write(odd, "odd\n")
    pair.write("one", "changed here\n")
    pair.write("local/secret", "stays\n")
    (pair.folder / "src/tool").chmod(0o644)
    (pair.folder / "link").symlink_to("src/tool")
    (pair.folder / "two").unlink()
    assert pair.sync("--dry-run")["copied"] == (expected := ["a new\nfolder", odd, "link", "one", "src/tool"])
    assert pair.inside("cat one") == "one\n"
    assert pair.sync()["copied"] == expected
    shown = pair.inside("cat one 'a new\nfolder'/*; readlink link; ls local; stat -c %a src/tool")
    assert shown.split("\n") == [
        "changed here", "odd", "src/tool", "644", "",
    ]  # fmt: skip
    assert pair.inside("stat -c %U one src/tool 'a new\nfolder' 'a new\nfolder'/*; id -un").split() == (
        [pair.inside("id -un").strip()] * 5
    )
    left = pair.inside("cat two; ls ../.moorage; ls -d ../*").split()
    assert left[:2] == ["two", "project"]
    assert not any("partial" in each for each in left)
    assert pair.sync("--delete")["deleted"] == ["two"]
    assert pair.inside("test -e two || echo gone") == "gone\n"
    assert pair.sync("--delete")["deleted"] == []

    pair.inside(
        "echo changed there >three; mkdir -p made/in; echo x >made/in/tool; chmod +x made/in/tool; rm four"
    )
    pair.inside("ln three hard; ln -s in made/lead; mkdir -p local; echo there >local/there")
    found = pair.sync("--download", "--delete")
    assert (found["copied"], found["deleted"]) == (
        ["hard", "made", "made/in", "made/in/tool", "made/lead", "three"],
        ["four"],
    )
    assert (pair.folder / "three").read_text() == (pair.folder / "hard").read_text() == "changed there\n"
    assert os.access(pair.folder / "made/in/tool", os.X_OK)
    assert os.readlink(pair.folder / "made/lead") == "in"
    assert not (pair.folder / "four").exists()
    assert sorted(each.name for each in (pair.folder / "local").iterdir()) == ["secret"]
    assert [pair.sync(*words)["copied"] for words in ((), ("--download",))] == [[], []]


def test_what_changed_on_both_sides_is_left_alone(pair: Pair) -> None:
    pair.write("one", "here\n")
    pair.write("two", "the same\n")
    pair.write("five", "only here\n")
    pair.write("new", "mine\n")
    (pair.folder / "three").unlink()
    pair.inside("echo there >one; echo the same >two; rm four; echo theirs >new; echo kept >three")
    pair.write("four", "here\n")
    found = pair.sync("--delete", code=9)
    assert (found["copied"], found["deleted"], found["code"]) == (["five"], [], "sync-conflict")
    assert reasons(found) == {
        "four": "it was deleted in the workspace",
        "new": "another one was made in the workspace",
        "one": "it was changed in the workspace",
        "three": "it was changed in the workspace",
    }
    assert pair.inside("cat one two three new five; test -e four || echo gone").split("\n")[:-1] == [
        "there", "the same", "kept", "theirs", "only here", "gone",
    ]  # fmt: skip
    down = pair.sync("--download", code=9)
    assert reasons(down)["one"] == "it was changed here"
    assert (pair.folder / "one").read_text() == "here\n"
    told = pair.person("sync", pair.folder, "one")
    assert (told.code, "one: it was changed in the workspace" in told.stderr) == (9, True)
    assert pair.sync("--force", "one", "four")["copied"] == ["four", "one"]
    assert pair.inside("cat one four new") == "here\nhere\ntheirs\n"
    assert pair.sync("--download", "--force", "new", "three")["copied"] == ["new", "three"]
    assert (pair.folder / "new").read_text() == "theirs\n"
    assert pair.sync()["conflicts"] == []


def test_nothing_is_written_through_links(pair: Pair, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    pair.inside(
        "mkdir deep && echo x >deep/file; ln -s /etc/passwd out; ln -s ../../up out2; ln -s deep fine"
    )
    (pair.folder / "deep").symlink_to(outside)
    found = pair.sync("--download", "--force", code=9)
    assert found["copied"] == ["fine"]
    assert reasons(found) == {
        "deep": "it is a folder on one side only",
        "deep/file": "it would be behind something that is no folder",
        "out": "it is a link that leads out of the folder",
        "out2": "it is a link that leads out of the folder",
    }
    assert list(outside.iterdir()) == []
    (pair.folder / "deep").unlink()
    pair.inside("rm -r deep src && mkdir /tmp/elsewhere && ln -s /tmp/elsewhere src")
    pair.write("src/new", "x\n")
    assert reasons(pair.sync("--force", "src", code=9)) == {
        "src/new": "it would be behind something that is no folder"
    }
    assert pair.inside("ls /tmp/elsewhere") == ""


def test_paths_and_places_that_there_are_not(pair: Pair, tmp_path: Path) -> None:
    for path in ("nowhere", "../project", "/etc", "local"):
        assert pair.sync(path, code=2)["code"] == "bad-sync-path"
    pair.write("src/more", "x\n")
    pair.write("one", "y\n")
    assert pair.sync(str(pair.folder / "src"))["copied"] == ["src/more"]
    assert pair.sync("./")["copied"] == ["one"]


def test_a_new_pod_knows_what_was_copied(pair: Pair) -> None:
    pair.write("one", "here\n")
    assert pair.sync()["copied"] == ["one"]
    pair.person.ok("stop", pair.folder)
    pair.write("one", "again\n")
    assert pair.sync()["copied"] == ["one"]
    assert pair.inside("cat one") == "again\n"
    pair.person.ok("exec", "--user", "root", pair.folder, "--", "rm", "-r", "/workspaces/.moorage")
    pair.write("one", "without memory\n")
    assert reasons(pair.sync(code=9)) == {"one": "another one was made in the workspace"}


def test_many_and_large_files(pair: Pair) -> None:
    for number in range(3000):
        pair.write(f"many/{number % 30}/file {number}", str(number))
    (pair.folder / "large").write_bytes(os.urandom(30 << 20))
    assert len(pair.sync()["copied"]) == 3032  # type: ignore[arg-type]
    pair.inside("cp -r many again; cp large large2; echo x >many/1/file\\ 1")
    assert len(pair.sync("--download")["copied"]) == 3033  # type: ignore[arg-type]
    assert (pair.folder / "large2").read_bytes() == (pair.folder / "large").read_bytes()
    assert (pair.folder / "again/7/file 7").read_text() == "7"
