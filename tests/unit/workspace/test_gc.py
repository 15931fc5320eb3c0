"""What gc takes and what it leaves: decided from what was seen alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.spec import names
from moorage.workspace.gc import ContainerSeen, Garbage, ImageSeen, Seen, VolumeSeen, caches, decide

NOW = 1_000_000.0
OWN = "moorage/devcontainer:0123"
LABELLED = {names.IMAGE_INPUTS: "{}"}


def image(*tags: str, identity: str = "sha256:1", labels: dict[str, str] | None = None) -> ImageSeen:
    return ImageSeen(identity, list(tags), LABELLED if labels is None else labels, 1000, 900)


def helper(state: str, age: float, owner: str = "me") -> ContainerSeen:
    labels = {names.ROLE: "helper", names.OWNER: owner, names.ID: "w"}
    return ContainerSeen("c1", ["/h"], State=state, Created=int(NOW - age), Labels=labels)


def volume(age: float = 1e6, owner: str = "me") -> VolumeSeen:
    labels = {names.ID: "w", names.OWNER: owner, names.SOURCE: "git:https://x/y"}
    return VolumeSeen(name="v", labels=labels, created=NOW - age, size=7)


def found(seen: Seen, owner: str = "me") -> list[tuple[str, str, int]]:
    return [(each.kind, each.name, each.size) for each in decide(seen, owner=owner)]


def test_an_unused_image_of_ours_goes_with_the_bytes_that_it_alone_has() -> None:
    assert found(Seen(images=(image(OWN),), now=NOW)) == [("image", OWN, 100)]


def test_a_nameless_image_with_our_label_goes_by_its_id() -> None:
    assert found(Seen(images=(image(),), now=NOW)) == [("image", "sha256:1", 100)]
    assert found(Seen(images=(image("<none>:<none>"),), now=NOW)) == [("image", "sha256:1", 100)]


@pytest.mark.parametrize(
    "used",
    [
        ContainerSeen("c", Image=OWN),
        ContainerSeen("c", ImageID="sha256:1"),
        ContainerSeen("c", Image="sha256:1", State="exited"),
    ],
)
def test_an_image_that_a_container_has_stays(used: ContainerSeen) -> None:
    assert found(Seen(images=(image(OWN),), containers=(used,), now=NOW)) == []


@pytest.mark.parametrize(
    "other",
    [
        image("registry.example.com/team/app:0123"),
        image("moorage/devcontainers:1"),
        image("moorage/other:1", labels={}),
        image(labels={}),
    ],
)
def test_images_that_are_not_ours_stay(other: ImageSeen) -> None:
    """An image built FROM one of ours inherits its label, so the label alone says nothing."""
    assert found(Seen(images=(other,), now=NOW)) == []


def test_of_an_image_with_a_users_name_only_our_name_goes() -> None:
    assert found(Seen(images=(image("mine:1", OWN),), now=NOW)) == [("image", OWN, 0)]


def test_an_engine_that_does_not_tell_shared_layers() -> None:
    whole = ImageSeen("sha256:1", [OWN], LABELLED, 1000)
    assert found(Seen(images=(whole,), now=NOW)) == [("image", OWN, 1000)]


@pytest.mark.parametrize(
    ("state", "age", "goes"),
    [
        ("running", 60, False),
        ("running", 3700, True),
        ("created", 5, False),
        ("created", 120, True),
        ("exited", 120, True),
    ],
)
def test_helpers_left_behind(state: str, age: float, goes: bool) -> None:
    assert found(Seen(containers=(helper(state, age),), now=NOW)) == ([("helper", "h", 0)] if goes else [])


def test_other_containers_are_never_taken() -> None:
    mine = ContainerSeen("c", ["/c"], State="exited", Created=0, Labels={names.ID: "w", names.OWNER: "me"})
    assert found(Seen(containers=(mine,), now=NOW)) == []


def test_a_volume_whose_workspace_has_no_container() -> None:
    assert found(Seen(volumes=(volume(),), now=NOW)) == [("volume", "v", 7)]
    assert found(Seen(volumes=(volume(age=60),), now=NOW)) == []
    alive = ContainerSeen("c", Labels={names.ID: "w"}, State="exited")
    assert found(Seen(volumes=(volume(),), containers=(alive,), now=NOW)) == []


def test_things_of_others_stay_unless_asked() -> None:
    seen = Seen(volumes=(volume(owner="you"),), containers=(helper("exited", 120, "you"),), now=NOW)
    assert found(seen) == []
    assert [kind for kind, _, _ in found(seen, owner="")] == ["helper"]
    assert found(Seen(volumes=(volume(owner="you"),), now=NOW), owner="") == [("volume", "v", 7)]


def test_only_known_folders_of_the_cache_are_ours(tmp_path: Path) -> None:
    for name in ("contexts", "features", "git", ".git.12.removed", "photos"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x" * 5000)
    taken = caches(tmp_path)
    assert [Path(each.name).name for each in taken] == ["contexts", "features", "git", ".git.12.removed"]
    assert all(each.size >= 5000 for each in taken)
    assert caches(tmp_path / "none") == ()
    assert all(isinstance(each, Garbage) for each in taken)
