"""What drivers add to their objects, so that a container has the runtime."""

from __future__ import annotations

import pytest

from moorage.runtime.delivery import filling, in_pod, mount, mounts_images, volume

IMAGE = f"registry.example/moorage-runtime@sha256:{'ab' * 32}"


def test_one_image_has_one_volume() -> None:
    assert volume(IMAGE) == volume(f"other.example:5000/x:1@sha256:{'ab' * 32}")
    assert volume(IMAGE) != volume(f"registry.example/moorage-runtime@sha256:{'ac' * 32}")


@pytest.mark.parametrize("image", ["moorage-runtime", "moorage-runtime:1.0", "a@sha256:abcd"])
def test_a_tag_alone_names_no_volume(image: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        volume(image)


def test_what_is_filled_is_what_is_mounted() -> None:
    fill, mounted = filling(IMAGE), mount(IMAGE)
    assert fill.mount.source == mounted.source == volume(IMAGE)
    assert not fill.mount.read_only
    assert (mounted.read_only, mounted.target) == (True, "/.moorage")
    assert fill.argv == ("/.moorage/bin/moorage-inside", "install", fill.mount.target)


def test_a_node_that_can_mounts_the_image() -> None:
    pod = in_pod(IMAGE, mounted=True)
    assert pod.init is None
    assert pod.volume == {
        "name": "moorage-runtime",
        "image": {"reference": IMAGE, "pullPolicy": "IfNotPresent"},
    }
    assert pod.mount == {
        "name": "moorage-runtime",
        "mountPath": "/.moorage",
        "subPath": ".moorage",
        "readOnly": True,
    }


def test_elsewhere_an_init_container_copies() -> None:
    pod = in_pod(IMAGE, mounted=False)
    assert pod.volume == {"name": "moorage-runtime", "emptyDir": {}}
    assert pod.mount == {"name": "moorage-runtime", "mountPath": "/.moorage", "readOnly": True}
    assert pod.init == {
        "name": "moorage-runtime",
        "image": IMAGE,
        "command": ["/.moorage/bin/moorage-inside", "install", "/target"],
        "volumeMounts": [{"name": "moorage-runtime", "mountPath": "/target"}],
    }


@pytest.mark.parametrize(
    ("server", "runtimes", "possible"),
    [
        ("v1.36.3", ["containerd://2.3.5+unknown"], True),
        ("v1.35.0-eks-1", ["containerd://2.1.0", "cri-o://1.33.2"], True),
        ("v1.36.3", ["containerd://2.3.5", "containerd://1.7.27"], False),
        ("v1.34.1", ["containerd://2.3.5"], False),
        ("v1.36.3", [], False),
        ("v1.36.3", ["docker://29.1.0"], False),
        ("v2.0.0", ["containerd://10.0.0"], True),
        ("nonsense", ["containerd://2.3.5"], False),
    ],
)
def test_only_where_all_nodes_can_are_images_mounted(
    server: str, runtimes: list[str], possible: bool
) -> None:
    assert mounts_images(server, runtimes) is possible
