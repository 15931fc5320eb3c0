"""Which files of the context a target reads."""

from __future__ import annotations

import pytest

from moorage.dockerfile.evaluate import evaluate
from moorage.dockerfile.parse import parse
from moorage.dockerfile.reading import Reads
from moorage.dockerfile.reads import reads
from moorage.dockerfile.stages import reachable


def read(text: str, target: str | None = None, triggers: dict[str, list[str]] | None = None) -> Reads:
    dockerfile = parse(text)
    return reads(
        evaluate(dockerfile, reachable(dockerfile, target, {}, {}), {}, {}, {"a": {"BASE": "b"}}), triggers
    )


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("COPY . /app", (".",)),
        ("COPY ./ /app", (".",)),
        ("COPY / /app", (".",)),
        ("COPY src/ lib /app/", ("src", "lib")),
        ("COPY /src/../lib /app/", ("lib",)),
        ("COPY ../../x /app/", ("x",)),
        ("COPY *.txt src/?.py /app/", ("*.txt", "src/?.py")),
        ('COPY ["a b", "/x"]', ("a b",)),
        ("COPY --from=x a b", ()),
        ("COPY --parents ./x/./y/*.txt /d/", ("x/y/*.txt",)),
        ("COPY $BASE/x /d", ("b/x",)),
        ("COPY <<EOF /x\na\nEOF", ()),
        ("COPY <<EOF y /x/\na\nEOF", ("y",)),
        ("ADD src.tar /x", ("src.tar",)),
        ("ADD https://example.com/x.tgz /x", ()),
        ("ADD https://example.com/x.tgz y /x/", ("y",)),
        ("ADD git@github.com:a/b.git /x", ()),
        ("ADD https://github.com/a/b.git#v1 /x", ()),
        ("ADD github.com/a /x", ("github.com/a",)),
        ("RUN --mount=type=bind,target=/s make", (".",)),
        ("RUN --mount=target=/s make", (".",)),
        ("RUN --mount=type=bind,source=go.mod,target=/s make", ("go.mod",)),
        ("RUN --mount=type=bind,src=a*,target=/s make", ("a\\*",)),
        ("RUN --mount=type=bind,from=x,target=/s make", ()),
        ("RUN --mount=type=cache,target=/s make", ()),
        ("RUN --mount=type=secret,id=x make", ()),
        ("RUN make", ()),
        ("WORKDIR /app", ()),
        ("ONBUILD COPY . /x", ()),
        ("COPY x", ()),
    ],
)
def test_patterns(text: str, patterns: tuple[str, ...]) -> None:
    found = read(f"FROM a\n{text}\n")
    assert found.patterns == patterns
    assert found.everything is ("." in patterns)


def test_only_reachable_stages_read() -> None:
    text = "FROM a AS b\nCOPY one /\nFROM a AS c\nCOPY two /\nFROM b\nCOPY three /\n"
    assert read(text).patterns == ("one", "three")
    assert read(text, "c").patterns == ("two",)


def test_an_item_per_instruction() -> None:
    found = read("FROM a\nCOPY --exclude=*.md --exclude=x . /app\nRUN --mount=source=y,target=/y z\n")
    assert [(item.line, item.keyword, item.sources, item.exclude) for item in found.items] == [
        (2, "COPY", (".",), ("*.md", "x")),
        (3, "RUN", ("y",), ()),
    ]


@pytest.mark.parametrize(
    ("text", "git", "pin"),
    [
        ("ADD https://e.org/x /", False, None),
        ("ADD --checksum=sha256:ab https://e.org/x /", False, "sha256:ab"),
        ("ADD https://e.org/x.git /", True, None),
        ("ADD https://e.org/x.git#main /", True, None),
        (f"ADD https://e.org/x.git#{'a' * 40} /", True, "a" * 40),
        (f"ADD git@e.org:x#{'a' * 40}:sub /", True, "a" * 40),
        ("ADD HTTP://e.org/x /", False, None),
    ],
)
def test_downloads_and_their_pins(text: str, git: bool, pin: str | None) -> None:
    (remote,) = read(f"FROM a\n{text}").remote
    assert (remote.git, remote.pin) == (git, pin)


def test_a_source_that_only_the_base_image_knows_is_everything() -> None:
    dockerfile = parse("FROM a\nCOPY $APP/x /\n")
    unknown = evaluate(dockerfile, reachable(dockerfile, None, {}, {}), {}, {})
    assert reads(unknown).everything


def test_triggers_of_a_base_image_read_everything() -> None:
    assert read("FROM a\nRUN x", triggers={"a": ["COPY . /app"]}).items[0].line == 1
    assert not read("FROM a\nRUN x", triggers={"a": ["RUN make", "ENV A=1"]}).everything
    assert read("FROM a\nONBUILD COPY . /app").onbuild
