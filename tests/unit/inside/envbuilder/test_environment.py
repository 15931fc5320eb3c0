"""The container's environment and the remote one."""

from __future__ import annotations

from moorage.inside.envbuilder.environment import PATH, container, exported, remote

OURS = "/.moorage/bin:/usr/bin"


def test_the_order_of_the_layers() -> None:
    found = container(
        {"A": "given", "B": "given", "C": "given", "D": "given", "PATH": OURS, "HOME": "/root"},
        "# comment\nB=system\nexport C='sys tem'\nD=\"system\"\nnonsense\n",
        ["C=image", "D=image", "E=a=b", "broken"],
        {"D": "configured"},
        "/w/.devcontainer.json",
    )
    assert found == {
        "A": "given",
        "B": "system",
        "C": "image",
        "D": "configured",
        "E": "a=b",
        "PATH": PATH,
        "ENVBUILDER": "true",
        "DEVCONTAINER": "true",
        "DEVCONTAINER_CONFIG": "/w/.devcontainer.json",
    }


def test_path_is_the_images_without_the_runtime() -> None:
    assert container({}, "", [f"PATH={OURS}"], {}, "")["PATH"] == "/usr/bin"


def test_remote_variables_come_over_it_and_null_unsets() -> None:
    given = {"A": "1", "B": "2"}
    assert remote(given, {"A": None, "C": "3"}) == {"B": "2", "C": "3"}
    assert given == {"A": "1", "B": "2"}


def test_lines_for_others() -> None:
    assert exported({"B": "x y", "A": "1", "C": "two\nlines"}) == "A=1\nB=x y\n"
