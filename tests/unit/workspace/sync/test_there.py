"""What `sync.sh` tells of files, read whatever they are called; run here by every shell that there is."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from moorage.workspace.sync import there
from moorage.workspace.sync.there import SyncFailed, told

SCRIPT = (Path(there.__file__).parent / "sync.sh").read_text()
SHELLS = [words for words in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(words[0])]
ODD = ["plain", "-n", "a b", "new\nline", "back\\slash", "\\n", "quote'\"", "end\n", "r\re", "*", "\udcff"]


def run(
    shell: list[str], folder: Path, verb: str, *more: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    argv = [*shell, "-c", SCRIPT, "sync", verb, str(folder), *more]
    return subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=30)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: words[0])
def test_words_of_odd_names(shell: list[str], tmp_path: Path) -> None:
    for name in ODD:
        (tmp_path / name).write_text(name, errors="surrogateescape")
    (tmp_path / "plain").chmod(0o755)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("to\n")
    os.mkfifo(tmp_path / "pipe")
    absent = [f"{number} {'x' * 200}" for number in range(2000)]  # more than one call can take
    names = [*ODD, *absent, "folder", "link", "pipe"]
    stdin = b"".join(there.listed(names))
    done = run(shell, tmp_path, "words", stdin=stdin)
    found = told(names, done.stdout)
    digests = {name: hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest() for name in ODD}
    assert found == {
        **{name: ("x" if name == "plain" else "f") + digest for name, digest in digests.items()},
        "folder": "d",
        "link": "lto\n",
        "pipe": "o",
    }


def test_a_file_without_a_digest_is_like_nothing() -> None:
    one = hashlib.sha256(b"").hexdigest()
    assert told(["a", "b"], f"ff\n{one}  ./b\n\0".encode()) == {"a": "f", "b": f"f{one}"}


@pytest.mark.parametrize("data", [b"f\nnonsense\n\0", b"l\nno end", b"ff\n\0", b"", b"f"])
def test_an_answer_that_is_none_is_told(data: bytes) -> None:
    with pytest.raises(SyncFailed):
        told(["a"], data)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: words[0])
def test_nothing_is_taken_that_is_cut_off_or_that_changed(shell: list[str], tmp_path: Path) -> None:
    folder, sent = tmp_path / "project", tmp_path / "sent"
    (sent / "new").mkdir(parents=True)
    folder.mkdir()
    (sent / "new/a").write_text("new")
    (folder / "a").write_text("old")
    for name, text in {
        "paths": "./a\0",
        "seen": "f\nother  ./a\n\0",
        "gone": "./a\0",
        "manifest": "",
    }.items():
        (sent / name).write_text(text)
    archive = ["tar", "-C", str(sent), "-cf", "-"]
    for wanted, code in (("new", 7), (".", 7)):
        data = subprocess.run([*archive, wanted], capture_output=True, check=True).stdout
        assert run(shell, folder, "take", "", "last", stdin=data).returncode == code
    (sent / "last").touch()
    data = subprocess.run([*archive, "."], capture_output=True, check=True).stdout
    assert run(shell, folder, "take", "", "last", stdin=data[:1024]).returncode == 7
    assert run(shell, folder, "take", "", "last", stdin=data).returncode == 6
    assert (folder / "a").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir() if "partial" in each.name] == []
    (sent / "seen").write_bytes(run(shell, folder, "words", stdin=b"./a\0").stdout)
    (sent / "gone").write_text("")
    data = subprocess.run([*archive, "."], capture_output=True, check=True).stdout
    assert run(shell, folder, "take", "", "last", stdin=data).returncode == 0
    assert (folder / "a").read_text() == "new"
