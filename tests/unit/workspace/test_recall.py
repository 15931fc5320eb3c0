"""From labels back to what was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.planner.request import Host, Request
from moorage.spec import names
from moorage.spec.source import GitSource, ImageSource, LocalFolder, Source, canonical
from moorage.workspace.recall import identity, source_of

WORDS = st.from_regex(r"[a-z][a-z0-9._-]{0,8}[a-z0-9]", fullmatch=True).filter(lambda word: ".." not in word)
PATHS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
COMMITS = st.from_regex(r"[0-9a-f]{40}", fullmatch=True)
SOURCES = st.one_of(
    st.builds(LocalFolder, path=st.text(min_size=1, max_size=20).map(lambda text: f"/{text}")),
    st.builds(ImageSource, reference=WORDS),
    st.builds(
        GitSource,
        url=PATHS.map(lambda path: f"https://host.example/{path}"),
        branch=st.one_of(st.none(), PATHS),
        subfolder=st.one_of(st.none(), PATHS),
    ),
    st.builds(GitSource, url=PATHS.map(lambda path: f"git@host.example:{path}"), commit=COMMITS),
    st.builds(
        GitSource,
        url=PATHS.map(lambda path: f"file:///{path}"),
        pull_request=st.integers(min_value=1, max_value=10**6),
        subfolder=st.one_of(st.none(), st.text(min_size=1, max_size=10)),
    ),
)


@given(SOURCES)
def test_a_source_comes_back_from_its_canonical_text(source: Source) -> None:
    found = source_of(canonical(source))
    assert found is not None
    assert canonical(found) == canonical(source)
    assert type(found) is type(source)


@pytest.mark.parametrize("text", ["", "folder:", "image:", "svn:somewhere", "nothing"])
def test_other_texts_are_no_source(text: str) -> None:
    assert source_of(text) is None


@given(SOURCES, st.sampled_from(["", "dev"]), st.sampled_from(["", "other", "sub/dev.json", "default"]))
def test_name_and_configuration_are_known_by_the_id(source: Source, name: str, config: str) -> None:
    request = Request(source=source, host=Host(owner="ada"), name=name, config=config)
    path = {
        "": ".devcontainer/devcontainer.json",
        "default": ".devcontainer.json",
        "other": ".devcontainer/other/devcontainer.json",
    }.get(config, config)
    labels = {
        names.ID: request.workspace,
        names.NAME: name or "some-name",
        names.SOURCE: request.canonical,
        names.OWNER: "ada",
        names.CONFIG: path,
    }
    found = identity(labels)
    assert found is not None
    again = Request(source=source, host=Host(owner="ada"), name=found[0], config=found[1])
    assert again.workspace == request.workspace
    assert again.container == request.container


def test_labels_of_others_have_no_identity() -> None:
    assert identity({}) is None
    assert identity({names.ID: "0123456789abcdef", names.SOURCE: "folder:/x", names.OWNER: "eve"}) is None
