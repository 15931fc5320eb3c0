"""Who a process or a file belongs to, by the image's own files; as runc and BuildKit have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.inside.executor import users
from moorage.inside.executor.users import Identity, UnknownUser, Users
from moorage.inside.layers.root import Root

FILES = Users(
    "root:x:0:0:root:/root:/bin/sh\njoe:x:55:1000::/home/joe:\nbroken\n42:x:7:8::/x:\nhomeless:x:9:9:::\n",
    "joe:x:1000:\nextra:x:77:root,joe\naudio:x:29:joe\nbad:x:y:\n",
)


@pytest.mark.parametrize(
    ("written", "identity"),
    [
        ("", Identity(uid=0, gid=0, groups=(0, 77), home="/root")),
        ("joe", Identity(uid=55, gid=1000, groups=(1000, 77, 29), home="/home/joe")),
        ("55", Identity(uid=55, gid=1000, groups=(1000, 77, 29), home="/home/joe")),
        ("joe:audio", Identity(uid=55, gid=29, groups=(29,), home="/home/joe")),
        ("4321", Identity(uid=4321, gid=0, groups=(0,), home="/")),
        ("4321:7", Identity(uid=4321, gid=7, groups=(7,), home="/")),
        (":extra", Identity(uid=0, gid=77, groups=(77,), home="/root")),
        ("42", Identity(uid=7, gid=8, groups=(8,), home="/x")),
        ("homeless", Identity(uid=9, gid=9, groups=(9,), home="/")),
    ],
)
def test_a_process(written: str, identity: Identity) -> None:
    assert FILES.identity(written) == identity


@pytest.mark.parametrize(
    ("written", "owner"),
    [
        ("joe", (55, 1000)),
        ("55", (55, 55)),
        ("4321", (4321, 4321)),
        ("joe:extra", (55, 77)),
        (":audio", (0, 29)),
    ],
)
def test_a_file(written: str, owner: tuple[int, int]) -> None:
    assert FILES.owner(written) == owner


@pytest.mark.parametrize("written", ["nosuch", "joe:nosuch", "99999999999"])
def test_who_is_not_there(written: str) -> None:
    with pytest.raises(UnknownUser, match=r"nosuch|99999999999"):
        FILES.identity(written)


def test_the_files_are_found_through_links_but_not_out_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr").mkdir()
    (root / "usr/passwd").write_text("joe:x:5:6::/:\n")
    (root / "etc/passwd").symlink_to("/usr/../../usr/passwd")
    (root / "etc/group").symlink_to("/etc/group")
    with Root(str(root)) as opened:
        found = users.read(opened)
    assert found.owner("joe") == (5, 6)
    with pytest.raises(UnknownUser):
        found.owner(":root")
