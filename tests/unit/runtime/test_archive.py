"""Equal trees give equal bytes, and all of a tree is in its archive."""

from __future__ import annotations

import gzip
import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from moorage.runtime.archive import archive
from moorage.runtime.tree import Entry, File, Link, digest

NAMES = st.text("abc", min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=2, max_size=4).map(lambda parts: "/".join(parts) + ".x")
ENTRIES = st.builds(File, st.binary(max_size=20), st.booleans()) | st.builds(Link, NAMES)
TREES = st.dictionaries(PATHS, ENTRIES, max_size=8)


@given(TREES)
def test_the_order_of_making_does_not_matter(tree: dict[str, Entry]) -> None:
    items = list(tree.items())
    shuffled = dict(reversed(items))
    assert archive(shuffled, "/.moorage") == archive(tree, "/.moorage")
    assert digest(shuffled) == digest(tree)


@given(TREES)
def test_everything_is_in_it_with_nothing_of_this_machine(tree: dict[str, Entry]) -> None:
    packed = archive(tree, "/.moorage")
    found: dict[str, Entry] = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed.data))) as opened:
        for member in opened:
            assert (member.uid, member.gid, member.mtime, member.uname) == (0, 0, 0, "")
            path = member.name.removeprefix(".moorage/")
            if member.issym():
                found[path] = Link(member.linkname)
            elif member.isreg():
                stream = opened.extractfile(member)
                assert stream is not None
                found[path] = File(stream.read(), member.mode == 0o755)
    assert found == tree


def test_another_content_is_another_digest() -> None:
    trees = (
        {"a": File(b"1")},
        {"a": File(b"2")},
        {"a": File(b"1", True)},
        {"b": File(b"1")},
        {"a": Link("1")},
    )
    assert len({digest(tree) for tree in trees}) == len(trees)


def test_folders_may_have_modes_of_their_own() -> None:
    packed = archive({"etc/a": File(b"")}, "", {"tmp": 0o1777})
    with tarfile.open(fileobj=io.BytesIO(packed.data), mode="r:gz") as opened:
        assert {each.name: each.mode for each in opened} == {"etc": 0o755, "etc/a": 0o644, "tmp": 0o1777}
