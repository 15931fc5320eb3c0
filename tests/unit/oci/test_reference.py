"""References mean to moorage what they mean to Docker."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.oci.reference import BadReference, Reference, is_digest, parse

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "whole", "familiar"),
    [
        ("python", "docker.io/library/python", "python"),
        ("python:3.12", "docker.io/library/python:3.12", "python:3.12"),
        ("library/python", "docker.io/library/python", "python"),
        ("docker.io/python", "docker.io/library/python", "python"),
        ("index.docker.io/python", "docker.io/library/python", "python"),
        ("acme/app", "docker.io/acme/app", "acme/app"),
        ("docker.io/acme/app:1", "docker.io/acme/app:1", "acme/app:1"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app", "localhost:5000/app", "localhost:5000/app"),
        ("registry:5000/app:1", "registry:5000/app:1", "registry:5000/app:1"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        ("ghcr.io/a/b/c:1.2-x_y", "ghcr.io/a/b/c:1.2-x_y", "ghcr.io/a/b/c:1.2-x_y"),
        ("mcr.microsoft.com/base:12",) * 3,
        ("Example/app", "Example/app", "Example/app"),
        (f"python:3@{DIGEST}", f"docker.io/library/python:3@{DIGEST}", f"python:3@{DIGEST}"),
        (f"python@{DIGEST}", f"docker.io/library/python@{DIGEST}", f"python@{DIGEST}"),
        ("docker.io/localhost/app", "docker.io/localhost/app", "docker.io/localhost/app"),
        ("library/" + "a" * 64, "docker.io/library/" + "a" * 64, "library/" + "a" * 64),
    ],
)
def test_docker_normalisation(text: str, whole: str, familiar: str) -> None:
    reference = parse(text)
    assert str(reference) == whole
    assert reference.familiar == familiar


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no repository name"),
        ("Python", "lower case"),
        ("acme/App", "lower case"),
        ("a" * 64, "image id"),
        ("python:", "no tag"),
        ("python:-x", "no tag"),
        ("python:" + "x" * 129, "no tag"),
        ("python@sha256:abc", "no digest"),
        ("python@md5:" + "a" * 32, "no digest"),
        ("python@", "no digest"),
        (f"python@{DIGEST}@{DIGEST}", "no digest"),
        ("a//b", "no repository name"),
        ("a/../b", "no repository name"),
        ("a/b/", "no repository name"),
        ("/a", "no repository name"),
        ("python\n", "no repository name"),
        ("python :1", "no repository name"),
        ("https://ghcr.io/a/b", "no repository name"),
        ("-x.io/app", "no registry"),
        ("a.b:port/app", "no registry"),
        ("a/" * 130 + "b", "255"),
    ],
)
def test_refusals_name_the_wrong_part(text: str, cause: str) -> None:
    with pytest.raises(BadReference, match=cause) as caught:
        parse(text)
    assert caught.value.hint
    assert caught.value.exit_code == 3


def test_target_is_digest_then_tag_then_latest() -> None:
    assert parse("a").target == "latest"
    assert parse("a:1").target == "1"
    assert parse(f"a:1@{DIGEST}").target == DIGEST
    assert parse("a:1").pinned(DIGEST) == parse(f"a@{DIGEST}")


def test_is_digest_wants_the_whole_text() -> None:
    assert is_digest(DIGEST)
    assert not is_digest(DIGEST + "\n")
    assert not is_digest("sha256:" + "AB" * 32)


_component = st.from_regex(r"[a-z0-9]{1,5}([._-][a-z0-9]{1,4})?", fullmatch=True)
_registry = st.sampled_from(["docker.io", "localhost", "ghcr.io", "127.0.0.1:5000", "r:1", "[::1]", "A"])
_tag = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", fullmatch=True)
_digest = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:".__add__)
_repository = st.lists(_component, min_size=1, max_size=4).map("/".join)


@given(_registry, _repository, _tag, _digest)
def test_a_reference_survives_both_of_its_texts(
    registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    if registry == "docker.io" and "/" not in repository:
        repository = f"library/{repository}"
    reference = Reference(registry, repository, tag, digest)
    assert parse(str(reference)) == reference
    assert parse(reference.familiar) == reference


@given(st.text(string.ascii_letters + string.digits + "._-:/@[]\n \x00é", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reference = parse(text)
    except BadReference:
        return
    assert parse(str(reference)) == reference
    assert not set("\n \x00é").intersection(str(reference))
