from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.features.reference import (
    BadFeatureReference,
    GithubReference,
    LocalReference,
    OciReference,
    Reference,
    TarballReference,
    declared,
    local_folder,
    parse,
    remarks,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
HOME = "ghcr.io/devcontainers/features"


def oci(written: str, registry: str, path: str, tag: str = "", digest: str = "") -> OciReference:
    return OciReference(written=written, registry=registry, path=path, tag=tag, digest=digest)


@pytest.mark.parametrize(
    ("written", "registry", "path", "tag", "digest"),
    [
        (f"{HOME}/go", "ghcr.io", "devcontainers/features/go", "latest", ""),
        (f"{HOME}/go:1", "ghcr.io", "devcontainers/features/go", "1", ""),
        (f"{HOME}/go:1.2.3", "ghcr.io", "devcontainers/features/go", "1.2.3", ""),
        (f"{HOME}/go@{DIGEST}", "ghcr.io", "devcontainers/features/go", "", DIGEST),
        (f"{HOME}/go:1@{DIGEST}", "ghcr.io", "devcontainers/features/go", "1", DIGEST),
        ("GHCR.io/DevContainers/Features/Go:Latest", "ghcr.io", "devcontainers/features/go", "latest", ""),
        ("localhost:5000/a/b", "localhost:5000", "a/b", "latest", ""),
        ("localhost/a/b:2", "localhost", "a/b", "2", ""),
        ("registry:5000/a/b/c/d:2", "registry:5000", "a/b/c/d", "2", ""),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000", "a/b", "latest", ""),
        ("[::1]:5000/a/b", "[::1]:5000", "a/b", "latest", ""),
        ("ghcr.io/devcontainers-contrib/x/y:1", "ghcr.io", "devcontainers-extra/x/y", "1", ""),
        ("example.com/devcontainers-contrib/y:1", "example.com", "devcontainers-contrib/y", "1", ""),
    ],
)
def test_registries(written: str, registry: str, path: str, tag: str, digest: str) -> None:
    assert parse(written) == oci(written, registry, path, tag, digest)


def test_names_of_a_registry_reference() -> None:
    reference = parse(f"{HOME}/go:1")
    assert isinstance(reference, OciReference)
    assert (reference.id, reference.base, reference.namespace) == ("go", f"{HOME}/go", HOME)


@pytest.mark.parametrize(
    ("written", "path"),
    [("./a", "a"), ("./b/../a/", "a"), ("../x/a", "../x/a"), ("./ü", "ü")],
)
def test_local_folders(written: str, path: str) -> None:
    assert parse(written) == LocalReference(written=written, path=path)


def test_a_local_folder_is_relative_to_the_configuration() -> None:
    reference = parse("../shared/a")
    assert isinstance(reference, LocalReference)
    assert local_folder(reference, "/w/.devcontainer/x", "/w") == "/w/.devcontainer/shared/a"
    assert reference.id == "a"


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("../../a", "/w/.devcontainer"),
        ("./a", "/w"),
        ("../.devcontainer-not/a", "/w/.devcontainer"),
        ("./x/../../a", "/w/.devcontainer"),
    ],
)
def test_a_local_folder_outside_of_its_place_is_refused(written: str, base: str) -> None:
    reference = parse(written)
    assert isinstance(reference, LocalReference)
    with pytest.raises(BadFeatureReference, match=r"must be a child of the \.devcontainer/ folder"):
        local_folder(reference, base, "/w")


@pytest.mark.parametrize(
    ("written", "id"),
    [
        ("https://example.com/x/devcontainer-feature-my-tool.tgz", "my-tool"),
        ("https://example.com/devcontainer-feature-a.tgz?sig=a/b", "a"),
        ("http://localhost:8000/devcontainer-feature-a.tgz", "a"),
    ],
)
def test_archives(written: str, id: str) -> None:
    assert parse(written) == TarballReference(written=written, url=written, id=id)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("owner/repo/tool", ("owner", "repo", "tool", "")),
        ("owner/repo.x/tool@v1.2", ("owner", "repo.x", "tool", "v1.2")),
    ],
)
def test_releases_on_github(written: str, expected: tuple[str, str, str, str]) -> None:
    owner, repository, id, tag = expected
    reference = parse(written)
    assert reference == GithubReference(written=written, owner=owner, repository=repository, id=id, tag=tag)
    [remark] = remarks(reference)
    assert remark.code == "deprecated-feature-reference"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        *(
            (name, name)
            for name in ("node", "docker-in-docker", "kubectl-helm-minikube", "docker-from-docker")
        ),
        ("golang", "go"),
        ("common", "common-utils"),
        ("gradle", "java"),
        ("jupyterlab", "python"),
    ],
)
def test_short_names_of_the_first_features(written: str, path: str) -> None:
    reference = parse(written)
    assert reference == oci(written, "ghcr.io", f"devcontainers/features/{path}", "1")
    [remark] = remarks(reference)
    assert f'"{HOME}/{path}:1"' in remark.hint
    with pytest.raises(BadFeatureReference, match="prepend your Feature name with"):
        parse(written, auto_mapping=False)


@pytest.mark.parametrize("written", ["fish", "my-tool", "nodee", "node:18", "", "-rf", "--privileged"])
def test_a_name_alone_is_explained(written: str) -> None:
    with pytest.raises(BadFeatureReference, match=r'prepend your Feature name with "\./"') as caught:
        parse(written)
    assert caught.value.hint


def test_a_name_alone_has_the_nearest() -> None:
    with pytest.raises(BadFeatureReference) as caught:
        parse("node:18")
    assert caught.value.hint == f'Did you mean "{HOME}/node:1"?'


@pytest.mark.parametrize(
    "written",
    [
        "/etc/feature",
        "./",
        "..//",
        "../..",
        "./-rf",
        "./a\x00b",
        "./a b",
        ".\\a/b",
        "ghcr.io/go",
        "ghcr.io//go",
        "ghcr.io/a/../b",
        "ghcr.io/a/b:",
        "ghcr.io/a/b:-x",
        "ghcr.io/a/b@sha256:12",
        "ghcr.io/a/-b",
        "-x.io/a/b",
        "gh cr.io/a/b",
        "ghcr.io/a/b\n",
        "ghcr.io/a/b:1\x1b[2J",
        "https://example.com/tool.tgz",
        "http://example.com/devcontainer-feature-a.tgz",
        "https://example.com/devcontainer-feature-../a.tgz",
        "https:///devcontainer-feature-a.tgz",
        "file:///x/devcontainer-feature-a.tgz",
        "owner/tool",
        "owner/repo/tool/more",
        "owner/../tool",
        "owner/repo/-tool",
        "-owner/repo/tool",
        "owner/repo/tool@-x",
    ],
)
def test_what_names_nothing_is_refused(written: str) -> None:
    with pytest.raises(BadFeatureReference, match="Could not resolve Feature") as caught:
        parse(written)
    assert caught.value.hint
    assert "\x1b" not in str(caught.value)


def test_a_moved_namespace_is_told() -> None:
    [remark] = remarks(parse("ghcr.io/devcontainers-contrib/features/x:1"))
    assert remark.hint == "Write devcontainers-extra in its place."


@pytest.mark.parametrize("written", [f"{HOME}/go:1", "./a", "https://x.io/devcontainer-feature-a.tgz"])
def test_nothing_to_say_about_usual_references(written: str) -> None:
    assert remarks(parse(written)) == ()


@given(st.text())
def test_any_text_is_a_reference_or_a_bad_one(text: str) -> None:
    try:
        reference: Reference = parse(text)
    except BadFeatureReference:
        return
    assert reference.written == text
    assert not reference.id.startswith("-")
    assert ".." not in reference.id.split("/")


def test_additional_features_come_last_and_lose() -> None:
    assert list(declared({"b/c/d": 1, "./a": {}}, {"./x": True, "./a": {"o": "1"}}).items()) == [
        ("b/c/d", 1),
        ("./a", {}),
        ("./x", True),
    ]


def test_features_that_became_options() -> None:
    assert declared({"gradle": {"version": "7"}, "maven": "latest", "./a": {}}) == {
        f"{HOME}/java:1": {
            "installGradle": True,
            "gradleVersion": "7",
            "installMaven": True,
            "mavenVersion": "latest",
        },
        "./a": {},
    }


@pytest.mark.parametrize("java", ["java", f"{HOME}/java:1", f"{HOME}/java", f"{HOME.upper()}/java:1.2"])
def test_they_join_the_feature_that_is_there(java: str) -> None:
    expected = {java: {"version": "17", "installGradle": True}}
    assert declared({"gradle": {}, java: "17"}) == expected
    assert declared({java: {"version": "17"}, "gradle": {}}) == expected


def test_no_mapping_where_it_is_off() -> None:
    assert declared({"gradle": {}}, auto_mapping=False) == {"gradle": {}}
