"""The build context on disk: what is selected, when the digest moves, what the cache saves, what is sent."""

from __future__ import annotations

import io
import os
import socket
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.dockerfile.evaluate import evaluate
from moorage.dockerfile.ignore import Ignore, read
from moorage.dockerfile.parse import parse
from moorage.dockerfile.reading import Reads
from moorage.dockerfile.reads import reads
from moorage.dockerfile.stages import reachable
from moorage.facts.context import (
    ContextChanged,
    ContextMissing,
    ContextTree,
    ContextUnreadable,
    hash_context,
    write_tar,
)
from moorage.facts.context import digest as digest_module

Make = Callable[..., Path]


def wanted(*instructions: str) -> Reads:
    dockerfile = parse("FROM a\n" + "\n".join(instructions))
    return reads(evaluate(dockerfile, reachable(dockerfile, None, {}, {}), {}, {}))


ALL = wanted("COPY . /app")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    fill(
        root,
        {
            "a.txt": "a",
            "src/main.py": "print()",
            "src/lib/x.py": "x",
            "docs/a.md": "d",
            "run.sh": "#!/bin/sh",
        },
    )
    (root / "run.sh").chmod(0o755)
    (root / "empty").mkdir()
    return root


def fill(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def age(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the files rest: the clock of the module under test is an hour ahead of theirs."""
    ahead = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr(digest_module.time, "time_ns", lambda: ahead)


def paths(tree: ContextTree) -> list[str]:
    return [entry.path for entry in tree.entries]


def selected(root: Path, *instructions: str, ignore: str = "") -> list[str]:
    tree = hash_context(str(root), wanted(*instructions), read(ignore))
    return [e.path for e in tree.entries if e.kind != "folder"]


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("COPY . /x", ["a.txt", "docs/a.md", "run.sh", "src/lib/x.py", "src/main.py"]),
        ("COPY src /x", ["src/lib/x.py", "src/main.py"]),
        ("COPY src/lib a.txt /x/", ["a.txt", "src/lib/x.py"]),
        ("COPY *.txt /x", ["a.txt"]),
        ("COPY */*.py /x", ["src/main.py"]),
        ("COPY s* /x", ["src/lib/x.py", "src/main.py"]),
        ("COPY src/**/*.py /x", ["src/lib/x.py", "src/main.py"]),
        ("COPY **/*.md /x", ["docs/a.md"]),
        ("COPY [a-r]* /x", ["a.txt", "docs/a.md", "run.sh"]),
        ("COPY ?.txt /x", ["a.txt"]),
        ("COPY --exclude=**/*.py . /x", ["a.txt", "docs/a.md", "run.sh"]),
        ("COPY --exclude=src . /x", ["a.txt", "docs/a.md", "run.sh"]),
        ("COPY --exclude=*.py src /x", ["src/lib/x.py", "src/main.py"]),
        ("RUN --mount=type=bind,source=docs,target=/d x", ["docs/a.md"]),
        ("COPY nothing /x", []),
        ("RUN x", []),
    ],
)
def test_what_is_selected(context: Path, instruction: str, expected: list[str]) -> None:
    assert selected(context, instruction) == expected


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        ("src", ["a.txt", "docs/a.md", "run.sh"]),
        ("*\n!src/lib", ["src/lib/x.py"]),
        ("**/*.py", ["a.txt", "docs/a.md", "run.sh"]),
        ("src\n!src/lib/x.py", ["a.txt", "docs/a.md", "run.sh", "src/lib/x.py"]),
        ("*", []),
    ],
)
def test_what_is_ignored(context: Path, ignore: str, expected: list[str]) -> None:
    assert selected(context, "COPY . /x", ignore=ignore) == expected


def test_ignored_sources_are_missing_and_named(context: Path) -> None:
    tree = hash_context(str(context), wanted("COPY a.txt gone* src /x/"), read("a.txt"))
    assert [(m.line, m.source) for m in tree.missing] == [(2, "a.txt"), (2, "gone*")]


def test_an_ignored_folder_is_not_looked_into(context: Path) -> None:
    (context / "locked").mkdir()
    (context / "locked/x").write_text("x")
    seen = hash_context(str(context), ALL, read("locked"))
    (context / "locked/x").write_text("changed")
    assert hash_context(str(context), ALL, read("locked")).digest == seen.digest


def test_empty_folders_count(context: Path) -> None:
    before = hash_context(str(context), ALL, Ignore())
    assert "empty" in paths(before)
    (context / "empty").rmdir()
    assert hash_context(str(context), ALL, Ignore()).digest != before.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.txt").write_text("b"),
        lambda root: (root / "a.txt").chmod(0o755),
        lambda root: (root / "a.txt").rename(root / "b.txt"),
        lambda root: (root / "new").write_text(""),
        lambda root: (root / "a.txt").unlink(),
        lambda root: (root / "link").symlink_to("a.txt"),
    ],
)
def test_a_change_moves_the_digest(context: Path, change: Callable[[Path], object]) -> None:
    before = hash_context(str(context), ALL, Ignore()).digest
    change(context)
    assert hash_context(str(context), ALL, Ignore()).digest != before


def test_times_umask_and_place_do_not_matter(context: Path, tmp_path: Path) -> None:
    before = hash_context(str(context), ALL, Ignore()).digest
    os.utime(context / "a.txt", (1, 1))
    (context / "a.txt").chmod(0o600)
    moved = context.rename(tmp_path / "elsewhere")
    assert hash_context(str(moved), ALL, Ignore()).digest == before


def test_a_digest_per_instruction(context: Path) -> None:
    asked = wanted("COPY docs /d", "RUN x", "COPY src /s")
    before = hash_context(str(context), asked, Ignore())
    (context / "src/main.py").write_text("other")
    after = hash_context(str(context), asked, Ignore())
    assert before.digests.keys() == {2, 4}
    assert before.digests[2] == after.digests[2]
    assert before.digests[4] != after.digests[4]


def test_links_are_kept_inside_folders_and_followed_where_named(context: Path) -> None:
    (context / "docs/link").symlink_to("../a.txt")
    (context / "current").symlink_to("src/lib")
    (context / "loop").symlink_to("loop")
    (context / "out").symlink_to("/etc/passwd")
    assert selected(context, "COPY docs /x") == ["docs/a.md", "docs/link"]
    assert selected(context, "COPY current /x") == ["current", "src/lib/x.py"]
    assert selected(context, "COPY current/x.py /x") == ["current", "src/lib/x.py"]
    assert selected(context, "COPY loop /x") == ["loop"]
    assert selected(context, "COPY out /x") == ["out"]


def test_a_link_counts_by_its_target(context: Path) -> None:
    (context / "link").symlink_to("a.txt")
    before = hash_context(str(context), ALL, Ignore()).digest
    (context / "link").unlink()
    (context / "link").symlink_to("run.sh")
    assert hash_context(str(context), ALL, Ignore()).digest != before


def test_special_files_are_left_out(context: Path) -> None:
    before = hash_context(str(context), ALL, Ignore()).digest
    os.mkfifo(context / "pipe")
    # A socket's path has a short limit, so it is bound from inside.
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        try:
            os.chdir(context)
            listening.bind("socket")
        finally:
            os.chdir(here)
    assert hash_context(str(context), ALL, Ignore()).digest == before


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ContextMissing, match="not a folder") as caught:
        hash_context(str(tmp_path / "gone"), ALL, Ignore())
    assert caught.value.exit_code == 3


# -- the cache ----------------------------------------------------------------------------------------------


def cached(context: Path, cache: Path, ignore: Ignore | None = None) -> ContextTree:
    return hash_context(str(context), ALL, ignore or Ignore(), str(cache))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose content was read."""
    read_files: list[str] = []
    real = digest_module._file
    monkeypatch.setattr(digest_module, "_file", lambda path: read_files.append(path) or real(path))
    return read_files


def test_an_unchanged_tree_is_not_read_again(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    age(context, monkeypatch)
    first = cached(context, tmp_path / "cache")
    assert len(counted) == 5
    second = cached(context, tmp_path / "cache")
    assert len(counted) == 5
    assert (first.cached, second.cached) == (False, True)
    assert (second.digest, second.digests, second.entries) == (first.digest, first.digests, first.entries)


def test_only_changed_files_are_read_again(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    age(context, monkeypatch)
    cached(context, tmp_path / "cache")
    (context / "a.txt").write_text("other")
    counted.clear()
    assert cached(context, tmp_path / "cache").digest == hash_context(str(context), ALL, Ignore()).digest
    assert counted[0].endswith("/a.txt")
    assert len([path for path in counted if path.endswith("/run.sh")]) == 1  # by the uncached look only


def test_a_file_that_was_just_written_is_not_trusted(
    context: Path, tmp_path: Path, counted: list[str]
) -> None:
    first = cached(context, tmp_path / "cache")
    state = os.stat(context / "a.txt")
    (context / "a.txt").write_text("b")  # same size, and with a coarse clock the same times
    os.utime(context / "a.txt", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert cached(context, tmp_path / "cache").digest != first.digest


def test_other_questions_do_not_share_an_answer(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(context, monkeypatch)
    whole = cached(context, tmp_path / "cache")
    part = cached(context, tmp_path / "cache", read("src"))
    assert part.digest == hash_context(str(context), ALL, read("src")).digest != whole.digest


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x80", b"\x81\xa1a\x01"])
def test_a_damaged_cache_is_no_harm(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, junk: bytes
) -> None:
    age(context, monkeypatch)
    first = cached(context, tmp_path / "cache")
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(junk)
    again = cached(context, tmp_path / "cache")
    assert (again.digest, again.cached) == (first.digest, False)
    assert cached(context, tmp_path / "cache").cached


def test_a_cache_that_cannot_be_written_is_no_harm(context: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert cached(context, tmp_path / "file/cache").digest == hash_context(str(context), ALL, Ignore()).digest


def test_the_cache_leaves_nothing_beside_its_files(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(context, monkeypatch)
    cached(context, tmp_path / "cache")
    cached(context, tmp_path / "cache")
    assert sorted(p.suffix for p in (tmp_path / "cache").iterdir()) == [".files", ".tree"]


def test_a_file_that_vanishes_is_looked_for_again(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = digest_module._file
    attempts: list[str] = []

    def vanishing(path: str) -> bytes:
        attempts.append(path)
        if len(attempts) == 1:
            raise FileNotFoundError(path)
        return real(path)

    monkeypatch.setattr(digest_module, "_file", vanishing)
    assert hash_context(str(context), ALL, Ignore()).entries


def test_a_file_that_never_rests_is_an_error(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: str) -> bytes:
        raise FileNotFoundError(path)

    monkeypatch.setattr(digest_module, "_file", gone)
    with pytest.raises(ContextChanged, match=r"changed while the build context was read"):
        hash_context(str(context), ALL, Ignore())


def test_an_unreadable_file_is_named(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: str) -> bytes:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(digest_module, "_file", locked)
    with pytest.raises(ContextUnreadable, match=r"a\.txt cannot be read: Permission denied"):
        hash_context(str(context), ALL, Ignore())


# -- the archive --------------------------------------------------------------------------------------------


def archive(tree: ContextTree, root: Path, extra: dict[str, bytes] | None = None) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(b"".join(write_tar(tree, str(root), extra))))


def test_the_archive_has_one_normal_form(context: Path, tmp_path: Path) -> None:
    (context / "link").symlink_to("a.txt")
    tree = hash_context(str(context), ALL, Ignore())
    sent = archive(tree, context)
    members = {member.name: member for member in sent}
    assert list(members) == paths(tree)
    assert {(m.uid, m.gid, m.uname, m.mtime) for m in members.values()} == {(0, 0, "", 499162500)}
    assert members["run.sh"].mode == 0o755
    assert members["a.txt"].mode == 0o644
    assert members["empty"].isdir()
    assert members["link"].linkname == "a.txt"
    assert sent.extractfile("src/main.py").read() == b"print()"  # type: ignore[union-attr]

    copy = tmp_path / "copy"
    sent.extractall(copy, **({"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}))
    other = hash_context(str(copy), ALL, Ignore())
    assert other.digest == tree.digest
    assert b"".join(write_tar(other, str(copy))) == b"".join(write_tar(tree, str(context)))


def test_folders_on_the_way_are_in_the_archive(context: Path) -> None:
    tree = hash_context(str(context), wanted("COPY src/lib/x.py /x"), Ignore())
    assert archive(tree, context).getnames() == ["src", "src/lib", "src/lib/x.py"]


def test_a_dockerfile_from_elsewhere_is_added(context: Path) -> None:
    tree = hash_context(str(context), ALL, Ignore())
    sent = archive(tree, context, {"a.txt": b"replaced", ".dev/Dockerfile": b"FROM a\n"})
    assert sent.getnames()[:2] == [".dev", ".dev/Dockerfile"]
    assert sent.extractfile("a.txt").read() == b"replaced"  # type: ignore[union-attr]
    assert sent.getnames().count("a.txt") == 1
    assert not tree.holds(".dev/Dockerfile")
    assert tree.holds("a.txt")


@pytest.mark.parametrize(
    "name", ["n" * 99, "n" * 100, "n" * 101, "n" * 250, "é" * 60, "d/" * 80 + "x", " a'b\"=\n"]
)
def test_any_name_survives(tmp_path: Path, name: str) -> None:
    root = tmp_path / "c"
    fill(root, {name: "content"})
    (root / "link").symlink_to(name)
    tree = hash_context(str(root), ALL, Ignore())
    sent = archive(tree, root)
    assert sent.extractfile(name).read() == b"content"  # type: ignore[union-attr]
    assert sent.getmember("link").linkname == name


def test_a_name_that_is_no_text_survives(tmp_path: Path) -> None:
    root = tmp_path / "c"
    root.mkdir()
    for name in (b"\xff\xfe", b"\xff" * 120):
        (root / os.fsdecode(name)).write_text("x")
    tree = hash_context(str(root), ALL, Ignore(), str(tmp_path / "cache"))
    sent = b"".join(write_tar(tree, str(root)))
    with tarfile.open(fileobj=io.BytesIO(sent), errors="surrogateescape") as archived:
        names = archived.getnames()
    assert {os.fsencode(name) for name in names} >= {b"\xff\xfe"}
    assert b"\xff" * 120 in sent


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_any_size_survives(tmp_path: Path, size: int) -> None:
    root = tmp_path / "c"
    root.mkdir()
    (root / "f").write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    tree = hash_context(str(root), ALL, Ignore())
    assert tree.size == size
    assert archive(tree, root).extractfile("f").read() == (root / "f").read_bytes()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("longer than before"),
        lambda path: path.write_text(""),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
        lambda path: os.utime(path, ns=(1, 1)),
    ],
)
def test_a_file_that_is_not_what_was_hashed_is_not_sent(
    context: Path, change: Callable[[Path], object]
) -> None:
    tree = hash_context(str(context), ALL, Ignore())
    change(context / "a.txt")
    with pytest.raises(ContextChanged, match=r"a\.txt changed"):
        b"".join(write_tar(tree, str(context)))


_names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.dictionaries(_names.filter(lambda n: n not in (".", "..")), st.binary(max_size=600), max_size=5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_sent_is_what_is_there(tmp_path: Path, files: dict[str, bytes]) -> None:
    root = Path(os.path.realpath(tmp_path)) / os.urandom(8).hex()
    root.mkdir()
    for name, content in files.items():
        (root / name).write_bytes(content)
    tree = hash_context(str(root), ALL, Ignore())
    sent = archive(tree, root)
    assert {m.name: sent.extractfile(m).read() for m in sent} == files  # type: ignore[union-attr]


def test_five_thousand_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "c"
    for folder in range(50):
        (root / f"d{folder}").mkdir(parents=True)
        for name in range(100):
            (root / f"d{folder}/f{name}.py").write_bytes(b"x" * name)
    age(root, monkeypatch)
    ignore = read(".git\nnode_modules\n**/*.pyc\n")
    started = time.process_time()
    cold = hash_context(str(root), ALL, ignore, str(tmp_path / "cache"))
    between = time.process_time()
    warm = hash_context(str(root), ALL, ignore, str(tmp_path / "cache"))
    after = time.process_time()
    sent = sum(map(len, write_tar(warm, str(root))))
    end = time.process_time()
    assert warm.cached
    assert warm.digest == cold.digest
    assert sent > 5000 * 512
    # Far above what is measured here (0.07, 0.025 and 0.08 s), so that a busy machine does not fail the test.
    assert between - started < 1
    assert after - between < 0.3
    assert end - after < 1
