"""Variables, environment and user on the way through the stages."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from moorage.dockerfile.errors import BrokenDockerfile
from moorage.dockerfile.evaluate import Evaluation, evaluate
from moorage.dockerfile.parse import parse
from moorage.dockerfile.platform import platform_arguments
from moorage.dockerfile.stages import reachable

PLATFORM = platform_arguments("linux/amd64")


def run(
    text: str,
    target: str | None = None,
    environments: Mapping[str, Mapping[str, str]] | None = None,
    **arguments: str,
) -> Evaluation:
    dockerfile = parse(text)
    needed = reachable(dockerfile, target, arguments, PLATFORM)
    return evaluate(dockerfile, needed, arguments, PLATFORM, environments)


def last_words(text: str, **arguments: str) -> tuple[str, ...]:
    return run(text, **arguments).instructions[-1].words


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("FROM a\nUSER dev", "dev"),
        ("FROM a\nUSER one\nUSER two:group", "two:group"),
        ("FROM a", None),
        ("FROM a AS b\nUSER dev\nFROM b", "dev"),
        ("FROM a AS b\nUSER dev\nFROM c\nCOPY --from=b x y", None),
        ("FROM a\nARG U=dev\nUSER $U", "dev"),
        ("ARG U=dev\nFROM a\nARG U\nUSER ${U}", "dev"),
        ("ARG U=dev\nFROM a\nUSER ${U:-other}", "other"),
        ("FROM a\nENV U=dev\nUSER $U", "dev"),
        ("FROM a AS b\nENV U=dev\nFROM b\nUSER $U", "dev"),
        ("FROM a AS b\nARG U=dev\nFROM b\nUSER ${U:-gone}", "dev"),  # a stage that continues another
        ("FROM a\nRUN <<EOF\nUSER nobody\nEOF", None),
        ("FROM a\nONBUILD USER later", None),
    ],
)
def test_the_final_user(text: str, user: str | None) -> None:
    assert run(text).user == user


def test_the_user_of_a_target_in_the_middle() -> None:
    assert run("FROM a AS b\nUSER one\nFROM b AS c\nUSER two", "b").user == "one"


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("FROM a\nENV A=1 B='x y'", {"A": "1", "B": "x y"}),
        ("FROM a\nENV A hello  world", {"A": "hello  world"}),
        ('FROM a\nENV A="q \\"z\\" w"', {"A": 'q "z" w'}),
        ("FROM a\nENV A=hello\nENV A=bye B=$A", {"A": "bye", "B": "hello"}),
        ("FROM a\nENV A=1\nENV A=$A:2", {"A": "1:2"}),
        ("FROM a AS b\nENV A=1\nFROM b\nENV B=2", {"A": "1", "B": "2"}),
        ("FROM a\nARG A=1", {}),
        ("FROM a\nARG X\nENV X=${X:-d}", {"X": "d"}),
        ("FROM a\nENV A=\\$B", {"A": "$B"}),
        ("FROM a\nARG N=K\nENV $N=v", {"K": "v"}),
    ],
)
def test_the_environment(text: str, env: dict[str, str]) -> None:
    assert run(text).env == env


def test_the_environment_of_a_base_image_is_expanded_from() -> None:
    found = run(
        "FROM a\nENV PATH=/x:$PATH\nCOPY $HOME_DIR /y", environments={"a": {"PATH": "/bin", "HOME_DIR": "h"}}
    )
    assert found.env == {"PATH": "/x:/bin", "HOME_DIR": "h"}
    assert found.instructions[-1].words == ("h", "/y")
    assert found.instructions[-1].certain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM a\nARG X", ("X",)),
        ("FROM a\nARG X=1 Y=$X", ("X=1", "Y=1")),
        ("ARG X=g\nFROM a\nARG X", ("X=g",)),
        ("ARG X=g\nFROM a\nARG X=s", ("X=s",)),
        ("FROM a\nARG TARGETARCH", ("TARGETARCH=amd64",)),
        ("FROM a\nARG TARGETARCH=mine", ("TARGETARCH=mine",)),
        ("FROM a\nENV X=e\nARG X=g\nCOPY $X /", ("g", "/")),
        ("FROM a\nARG X=g\nENV X=e\nCOPY $X /", ("e", "/")),
        ('FROM a\nARG D=s\nCOPY ["$D/a b", "/x"]', ("s/a b", "/x")),
        ("FROM a\nARG D=s\nRUN echo $D", ("echo", "$D")),
        ('FROM a\nLABEL a=1 b="2 3"', ("a=1", "b=2 3")),
        ("FROM a\nCOPY <<$X /x\n$X", ("<<$X", "/x")),
    ],
)
def test_which_words_expand(text: str, words: tuple[str, ...]) -> None:
    assert last_words(text) == words


def test_given_arguments() -> None:
    assert last_words("FROM a\nARG X=1", X="2") == ("X=2",)
    assert last_words("FROM a\nARG TARGETARCH", TARGETARCH="mine") == ("TARGETARCH=mine",)


def test_flags_expand_where_the_builder_does() -> None:
    found = run(
        "FROM a\nARG U=dev S=src\n"
        "COPY --chown=$U --exclude=$S x y\n"
        "RUN --mount=type=bind,source=$S,target=/s z"
    )
    assert found.instructions[-2].flags == (("chown", "dev"), ("exclude", "$S"))
    assert found.instructions[-1].flags == (("mount", "type=bind,source=src,target=/s"),)


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("FROM a\nCOPY $X /", False),
        ("FROM a\nARG X=1\nCOPY $X /", True),
        ("FROM a\nENV X=$Y\nCOPY $X /", False),
        ("FROM a\nENV X=$Y\nENV X=1\nCOPY $X /", True),
        ("FROM scratch\nCOPY $X /", True),
        ("FROM a AS b\nENV X=1\nFROM b\nCOPY $X /", True),
        ("FROM a AS b\nENV X=$Y\nFROM b\nCOPY $X /", False),
        ("FROM a\nCOPY x /", True),
    ],
)
def test_what_only_the_base_image_knows_is_marked(text: str, certain: bool) -> None:
    assert run(text).instructions[-1].certain is certain


def test_triggers_are_noted() -> None:
    assert run("FROM a\nONBUILD COPY . /x").onbuild
    assert not run("FROM a").onbuild


def test_a_bad_substitution_names_the_line() -> None:
    with pytest.raises(BrokenDockerfile, match="Dockerfile:3: cannot expand: X: missing"):
        run("FROM a\nARG X\nCOPY ${X:?missing} /")
