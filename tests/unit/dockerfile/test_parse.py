"""Lines become instructions as BuildKit's reference says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.dockerfile.errors import BrokenDockerfile
from moorage.dockerfile.instruction import Dockerfile, Instruction
from moorage.dockerfile.parse import KEYWORDS, parse


def second(text: str) -> Instruction:
    """The instruction after a FROM."""
    return parse(f"FROM a\n{text}").instructions[1]


@pytest.mark.parametrize(
    ("text", "keyword", "arguments"),
    [
        ("RUN make", "RUN", "make"),
        ("run make", "RUN", "make"),
        ("   RUN   make  ", "RUN", "make"),
        ("RUN\tmake", "RUN", "make"),
        ("RUN make\r\n", "RUN", "make"),
        ("RUN a \\\n  b", "RUN", "a   b"),
        ("RUN a \\\r\n  b\r\n", "RUN", "a   b"),
        ("RUN a \\   \nb", "RUN", "a b"),
        ("RUN a \\\n# comment\n  # another\nb", "RUN", "a b"),
        ("RUN a \\\n\n\nb", "RUN", "a b"),
        ("RUN a \\\\\nRUN b", "RUN", "a \\\\"),
        ("RUN a # not a comment", "RUN", "a # not a comment"),
        ("RUN a \\", "RUN", "a"),
        ('RUN echo "\\\n   hello"', "RUN", 'echo "   hello"'),
        ("\\\nRUN x", "RUN", "x"),
        ("USER a b", "USER", "a b"),
        ("CMD", "CMD", ""),
        ("EXPOSE 80 443/udp", "EXPOSE", "80 443/udp"),
        ("MAINTAINER me <me@example.com>", "MAINTAINER", "me <me@example.com>"),
    ],
)
def test_arguments_are_one_logical_line(text: str, keyword: str, arguments: str) -> None:
    found = second(text)
    assert (found.keyword, found.arguments) == (keyword, arguments)


@pytest.mark.parametrize(
    ("text", "words", "json"),
    [
        ('COPY ["a b", "c"]', ("a b", "c"), True),
        ('COPY  [ "a" , "b" ] ', ("a", "b"), True),
        ('CMD ["a", "\\u00e9\\n"]', ("a", "é\n"), True),
        ("CMD []", (), True),
        ('COPY ["a", "b"] c', ('["a",', '"b"]', "c"), False),
        ("RUN [ -f x ]", ("[", "-f", "x", "]"), False),
        ("CMD ['a']", ("['a']",), False),
        ('COPY "a b" c', ('"a', 'b"', "c"), False),
        ('USER ["a"]', ('["a"]',), False),
        ('ENTRYPOINT ["sh", "-c", "x"]', ("sh", "-c", "x"), True),
    ],
)
def test_words_come_from_json_or_white_space(text: str, words: tuple[str, ...], json: bool) -> None:
    found = second(text)
    assert (found.words, found.json) == (words, json)


@pytest.mark.parametrize(
    ("text", "flags", "arguments"),
    [
        ("COPY --from=b x y", (("from", "b"),), "x y"),
        ("COPY --link --chown=1:2 x y", (("link", None), ("chown", "1:2")), "x y"),
        ('COPY --chown="a b" x y', (("chown", "a b"),), "x y"),
        ("COPY --chown=a\\ b x y", (("chown", "a b"),), "x y"),
        (
            "RUN --mount=type=cache,target=/c --network=none x",
            (("mount", "type=cache,target=/c"), ("network", "none")),
            "x",
        ),
        ("RUN -- --x", (), "--x"),
        ("RUN echo --x=y", (), "echo --x=y"),
        ("HEALTHCHECK --interval=5s CMD x", (("interval", "5s"),), "CMD x"),
        ("COPY --from=b \\\n --link x y", (("from", "b"), ("link", None)), "x y"),
        ("ENTRYPOINT --x", (), "--x"),
    ],
)
def test_flags_stand_in_front(text: str, flags: object, arguments: str) -> None:
    found = second(text)
    assert (found.flags, found.arguments) == (flags, arguments)


@pytest.mark.parametrize(
    ("text", "heredocs"),
    [
        ("RUN <<EOF\nFROM b\nEOF", [("EOF", "FROM b\n", True)]),
        ("RUN <<-EOF\n\ta\n\t\tb\n\tEOF", [("EOF", "a\nb\n", True)]),
        ("RUN <<'EOF'\n$a\nEOF", [("EOF", "$a\n", False)]),
        ('RUN <<"E F"\na\nE F', [("E F", "a\n", False)]),
        ("COPY <<a <<b /x/\n1\na\n2\nb", [("a", "1\n", True), ("b", "2\n", True)]),
        ("RUN 3<<EOF cat\na\nEOF", [("EOF", "a\n", True)]),
        ("RUN <<EOF\na\r\nEOF\r\n", [("EOF", "a\r\n", True)]),
        ("RUN <<EOF\nEOF", [("EOF", "", True)]),
        ("RUN <<EOF \\\n && x\na\nEOF", [("EOF", "a\n", True)]),
        ("ONBUILD RUN <<EOF\na\nEOF", [("EOF", "a\n", True)]),
        ("RUN echo '<<EOF'", []),
        ("RUN cat<<EOF", []),
        ("RUN echo it's <<EOF", []),
        ("RUN echo $((1<<2))", []),
        ('CMD ["<<EOF"]', []),
        ("ENV a=<<EOF", []),
    ],
)
def test_here_documents(text: str, heredocs: list[object]) -> None:
    found = second(text + "\nUSER last\n")
    assert [(h.name, h.content, h.expand) for h in found.heredocs] == heredocs
    assert parse(f"FROM a\n{text}\nUSER last\n").instructions[-1].keyword == "USER"


def test_lines_and_original_text() -> None:
    text = "# syntax=docker/dockerfile:1\n\nFROM a\n  RUN x \\\n   y\nCOPY <<E /\nz\nE\n"
    found = parse(text).instructions
    assert [(i.line, i.end) for i in found] == [(3, 3), (4, 5), (6, 8)]
    assert found[1].original == "  RUN x \\\n   y\n"


@pytest.mark.parametrize(
    ("text", "syntax", "escape"),
    [
        ("# syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1", "\\"),
        ("#syntax = x\n#ESCAPE=`\nFROM a", "x", "`"),
        ("\ufeff# syntax=x\nFROM a", "x", "\\"),
        ("#!/usr/bin/env docker\n# syntax=x\nFROM a", "x", "\\"),
        ("# hello\n# syntax=x\nFROM a", None, "\\"),
        ("# unknown=1\n# syntax=x\nFROM a", None, "\\"),
        ("\n# syntax=x\nFROM a", None, "\\"),
        ("FROM a\n# syntax=x", None, "\\"),
        ("# check=skip=all\n# escape=`\nFROM a", None, "`"),
    ],
)
def test_directives_come_first(text: str, syntax: str | None, escape: str) -> None:
    found = parse(text)
    assert (found.syntax, found.escape) == (syntax, escape)


def test_the_escape_directive_changes_continuations() -> None:
    found = parse("# escape=`\nFROM a\nRUN c:\\\nRUN a `\n b\n").instructions
    assert [i.arguments for i in found] == ["a", "c:\\", "a  b"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "no FROM"),
        ("# only a comment\n", 1, "no FROM"),
        ("ARG a\n", 1, "no FROM"),
        ("RUN x\nFROM a\n", 1, "before the first FROM"),
        ("FROM a\nRUNN x\n", 2, "unknown instruction RUNN"),
        ("FROM a\nRUN <<EOF\nx\n", 2, "never closed"),
        ("# escape=x\nFROM a\n", 1, "escape"),
        ("# syntax=a\n# syntax=b\nFROM a\n", 2, "only one syntax"),
        ("FROM a\nENV a=1 b\n", 2, "name=value"),
        ("FROM a\nENV a\n", 2, "name=value"),
        ("FROM a\n\\\n", 2, "no instruction"),
    ],
)
def test_what_no_builder_accepts(text: str, line: int, says: str) -> None:
    with pytest.raises(BrokenDockerfile, match=says) as caught:
        parse(text, "dev/Dockerfile")
    assert caught.value.line == line
    assert str(caught.value).startswith(f"dev/Dockerfile:{line}: ")
    assert caught.value.code == "dockerfile-broken"


def test_a_misspelt_instruction_is_named() -> None:
    with pytest.raises(BrokenDockerfile) as caught:
        parse("FROM a\nCOPPY x y\n")
    assert caught.value.hint == "Did you mean COPY?"
    assert caught.value.evidence == ("Dockerfile:2: COPPY x y",)


def test_nothing_is_shown_of_a_file_that_is_no_dockerfile() -> None:
    with pytest.raises(BrokenDockerfile, match="no Dockerfile") as caught:
        parse("# comment\nhunter2 is the password\nFROM a\n")
    assert caught.value.evidence == ("Dockerfile:2",)
    assert "hunter2" not in str(caught.value).lower()


_LINES = (
    "FROM a|FROM a AS b|RUN x \\|RUN <<E|E|\tE|# c||  y|COPY <<-'E' <<F /x|F|RUN [\"a\"]|ENV a=b \\"
    "|ARG X=${Y:-z}|# escape=`|RUN b `|# syntax=x|LABEL a b|\\|\r|USER u\r|ONBUILD RUN <<E"
)
_lines = st.sampled_from(_LINES.split("|"))
_texts = st.one_of(
    st.text(), st.lists(_lines).map("\n".join), st.lists(_lines).map(lambda ls: "FROM a\n" + "\n".join(ls))
)


def _tried(text: str) -> Dockerfile | None:
    try:
        return parse(text)
    except BrokenDockerfile:
        return None


@given(_texts)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    found = _tried(text)
    assert found is None or all(i.keyword in KEYWORDS for i in found.instructions)


@given(_texts)
def test_every_line_is_an_instruction_or_a_comment(text: str) -> None:
    found = _tried(text)
    if found is None:
        return
    lines = text.removeprefix("\ufeff").split("\n")
    rebuilt, at = [], 0
    for i in found.instructions:
        between = lines[at : i.line - 1]
        assert all(not line.strip() or line.lstrip().startswith("#") for line in between)
        rebuilt += [f"{line}\n" for line in between] + [i.original]
        at = i.end
    rest = lines[at:]
    assert all(not line.strip() or line.lstrip().startswith("#") for line in rest)
    assert ("".join(rebuilt) + "\n".join(rest)).rstrip("\n") == "\n".join(lines).rstrip("\n")
