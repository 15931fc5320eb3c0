"""Which files a COPY means. Pure: trees are made up."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.dockerfile.ignore import Ignore
from moorage.inside.executor.copying.errors import CopySourceMissing, CopyWrong
from moorage.inside.executor.copying.select import Filter, matches, members, pivot, resolved
from moorage.inside.executor.copying.tree import Kind, Visible
from moorage.inside.layers.entry import joined

NAMES = st.sampled_from(["a", "b", "ab", "c.txt"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
TARGETS = st.lists(st.sampled_from(["a", "b", "..", ".", ""]), max_size=4).map("/".join)


class Made:
    """A tree from its files; the value of a link is where it points."""

    def __init__(self, files: dict[str, str | None]) -> None:
        self.kinds: dict[str, Kind] = {"": "folder"}
        self.links: dict[str, str] = {}
        for path, target in files.items():
            above = posixpath.dirname(path)
            if path in self.kinds or not self._makes(above):
                continue
            self.kinds[path] = "file" if target is None else "link"
            self.links[path] = target or ""

    def look(self, path: str) -> Kind | None:
        return self.kinds.get(path)

    def names(self, folder: str) -> list[str]:
        return sorted(
            posixpath.basename(path) for path in self.kinds if path and posixpath.dirname(path) == folder
        )

    def target(self, link: str) -> str:
        return self.links[link]

    def _makes(self, folder: str) -> bool:
        parts = folder.split("/") if folder else []
        for count in range(1, len(parts) + 1):
            if self.kinds.setdefault("/".join(parts[:count]), "folder") != "folder":
                return False
        return True


TREES = st.dictionaries(PATHS, st.none() | TARGETS, max_size=12).map(Made)
TREE = Made(
    {
        "dir/a": None,
        "dir/sub/c.txt": None,
        "dir/b.txt": None,
        "link": "dir/sub",
        "out": "../../dir",
        "loop": "loop",
    }
)


@given(TREES)
def test_without_a_filter_it_is_everything_and_folders_come_first(tree: Made) -> None:
    found = [member.path for member in members(tree, "", Filter())]
    assert sorted(found) == sorted(path for path in tree.kinds if path)
    assert all(found.index(posixpath.dirname(path)) < at for at, path in enumerate(found) if "/" in path)


@given(TREES, PATHS, st.lists(PATHS, max_size=2))
def test_a_filter_takes_what_it_says_and_the_folders_on_the_way(
    tree: Made, include: str, exclude: list[str]
) -> None:
    found = list(members(tree, "", Filter(include, tuple(exclude))))
    wanted = {
        path for path in tree.kinds if below(path, include) and not any(below(path, each) for each in exclude)
    }
    assert {member.path for member in found if not member.implied} == wanted
    needed = {path[:at] for path in wanted for at, letter in enumerate(path) if letter == "/"}
    assert {member.path for member in found if member.implied} == needed - wanted


@given(TREES, TARGETS)
def test_no_link_leads_out_and_none_is_left(tree: Made, path: str) -> None:
    found = resolved(tree, path)
    if found is None:
        return
    parts = found.split("/") if found else []
    assert ".." not in parts
    assert all(tree.kinds["/".join(parts[:count])] == "folder" for count in range(len(parts)))
    assert tree.kinds[found] != "link"


@given(TREES, st.lists(PATHS | PATHS.map("!{}".format), max_size=4))
def test_what_is_ignored_does_not_show(tree: Made, patterns: list[str]) -> None:
    ignore = Ignore(patterns)
    seen = {member.path for member in members(Visible(tree, ignore), "", Filter())}
    files = {path for path, kind in tree.kinds.items() if kind != "folder" and not ignore.ignores(path)}
    assert {path for path in seen if tree.kinds[path] != "folder"} == files
    assert all(posixpath.dirname(path) in seen for path in files if "/" in path)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("dir/*.txt", ["dir/b.txt"]),
        ("/dir/*/*", ["dir/sub/c.txt"]),
        ("dir/**/c.txt", ["dir/sub/c.txt"]),
        ("link/*", ["dir/sub/c.txt"]),
        ("d[a-i]r", ["dir"]),
        ("nothing*", []),
        ("../../dir/a", ["dir/a"]),
        ("out/a", ["dir/a"]),
        ("", [""]),
    ],
)
def test_sources(source: str, found: list[str]) -> None:
    assert [match.path for match in matches(TREE, source)] == found


def test_a_link_that_is_named_gives_its_name_to_what_it_points_at() -> None:
    (match,) = matches(TREE, "lin?")
    assert (match.path, match.name, match.kind) == ("dir/sub", "link", "folder")


@pytest.mark.parametrize("source", ["nothing", "dir/a/x", "loop", "nothing/*", "dir/nothing"])
def test_what_is_not_there(source: str) -> None:
    with pytest.raises(CopySourceMissing):
        matches(TREE, source)


def test_a_broken_pattern() -> None:
    with pytest.raises(CopyWrong):
        matches(TREE, "dir/[")


@pytest.mark.parametrize(
    ("source", "parts"),
    [("a/b", ("", "a/b")), ("./a/./b/c", ("a", "b/c")), ("/a/./b/../c", ("a", "c")), ("./a", ("", "a"))],
)
def test_pivots(source: str, parts: tuple[str, str]) -> None:
    assert pivot(source) == parts


def below(path: str, folder: str) -> bool:
    return joined(path, "").startswith(joined(folder, "")) and bool(path)
