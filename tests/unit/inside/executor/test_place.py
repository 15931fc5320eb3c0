"""Which root may be taken, and what of it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.inside.executor.errors import RootTaken
from moorage.inside.executor.place import Place, State, check, guards, here, tell

MOUNTS = """\
22 1 0:20 / / rw,relatime - overlay overlay rw
23 22 0:21 / /proc rw - proc proc rw
24 22 8:1 /x /etc/hosts rw - ext4 /dev/sda rw
25 22 8:1 /y /work\\040spaces rw - ext4 /dev/sda rw
"""


def test_every_mount_is_left_alone() -> None:
    found = guards(MOUNTS, "/store")
    assert {"/proc", "/sys", "/dev", "/.moorage", "/store", "/etc/hosts", "/work spaces"} <= set(found)
    assert "/" not in found


def test_this_machine_is_never_taken() -> None:
    with pytest.raises(RootTaken):
        here()


def test_an_image_that_nobody_gave_away_is_not_deleted(tmp_path: Path) -> None:
    place = Place(root=str(tmp_path), store=str(tmp_path / "store"))
    check(place)
    (tmp_path / "usr").symlink_to("nowhere")
    with pytest.raises(RootTaken, match="holds an image") as caught:
        check(place)
    assert caught.value.evidence == ("/usr is there",)
    tell(place, State(root="failed", said="why"))
    check(place)


def test_a_folder_above_a_mount_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "usr/share").mkdir(parents=True)
    check(Place(root=str(tmp_path), store=str(tmp_path / "store"), guarded=("/usr/share",)))
