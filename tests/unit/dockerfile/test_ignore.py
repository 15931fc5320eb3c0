"""A .dockerignore means to moorage what it means to moby's patternmatcher."""

from __future__ import annotations

import posixpath
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.dockerfile.errors import BrokenIgnoreFile
from moorage.dockerfile.ignore import Ignore, read


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("node_modules", ["node_modules", "node_modules/a/b"], ["a/node_modules", "node_modules2"]),
        ("/build", ["build", "build/x"], ["a/build"]),
        ("build/", ["build", "build/x"], []),
        ("./build", ["build/x"], []),
        ("a/../build", ["build/x"], ["a"]),
        ("*.log", ["x.log", "x.log/y"], ["a/x.log", "xlog"]),
        ("**/*.log", ["x.log", "a/b/x.log"], ["x.logs"]),
        ("**/cache", ["cache", "a/cache/b"], ["mycache", "a/mycache"]),
        ("**cache", ["cache", "mycache", "a/mycache"], ["cache2"]),
        ("docs/**", ["docs/a", "docs/a/b"], ["docs", "docs2/a"]),
        ("docs/**/x", ["docs/x", "docs/a/b/x"], ["docs/xx"]),
        ("**", ["a", "a/b"], []),
        ("*", ["a", "a/b"], []),
        ("*/x", ["a/x", "a/x/y"], ["x", "a/b/x"]),
        ("fil?", ["file", "fila"], ["files", "fil"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("[c-a]x", [], ["bx"]),
        ("[^c-a]x", ["bx"], []),
        ("[^^]x", ["bx"], ["^x"]),
        ("\\*x", ["*x"], ["ax"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a+(b)", ["a+(b)"], ["aab"]),
        ("# comment\n\n  a  \n", ["a"], ["# comment"]),
        (" # no comment", ["# no comment"], []),
        ("*.md\n!README.md", ["a.md"], ["README.md"]),
        ("!README.md\n*.md", ["README.md"], []),
        ("*\n!src", ["a"], ["src", "src/a"]),
        ("*\n! src\nsrc/tmp", ["a", "src/tmp/x"], ["src/a"]),
        ("docs\n!docs/keep", ["docs", "docs/a"], ["docs/keep", "docs/keep/x"]),
        ("\ufeffa\r\nb\r\n", ["a", "b"], []),
        ("", [], ["a", "."]),
        (".", [], ["a"]),
        ("/", [], ["a"]),
        ("é*", ["était"], ["etait"]),
    ],
)
def test_patterns(text: str, ignored: list[str], kept: list[str]) -> None:
    rules = read(text)
    assert {path: rules.ignores(path) for path in ignored + kept} == {
        **dict.fromkeys(ignored, True),
        **dict.fromkeys(kept, False),
    }


@pytest.mark.parametrize("text", ["[", "a[b", "!", "! ", "!/", "[]a]", "[a-]", "[^]", "[^]a]", "a\\"])
def test_broken_patterns(text: str) -> None:
    with pytest.raises(BrokenIgnoreFile, match="broken pattern") as caught:
        read(text, "Dockerfile.dockerignore")
    assert caught.value.code == "dockerfile-broken-ignore"


@pytest.mark.parametrize(
    ("text", "folder", "prunes"),
    [
        ("node_modules", "node_modules", True),
        ("*\n!src", "lib", True),
        ("*\n!src/a", "src", False),
        ("*\n!src/a/b", "src", False),
        ("*\n!src/a/b", "src/a", False),
        ("*\n!src/a/b", "src/c", True),
        ("*\n!*/keep", "x", False),
        ("*\n!*/keep", "x/y", True),
        ("*\n!**/keep", "x/y", False),
        ("*\n!src/**/keep", "src/x", False),
        ("*\n!src/**/keep", "src", False),
        ("*\n!src/**/keep", "lib", True),
    ],
)
def test_pruning_stops_where_nothing_can_come_back(text: str, folder: str, prunes: bool) -> None:
    assert read(text).prunes(folder) is prunes


def reference(patterns: list[str], path: str) -> bool:
    """The rule as documented, one pattern and one parent folder at a time."""
    matched = False
    parts = path.split("/")
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if any(_match(bare.split("/"), candidate.split("/")) for candidate in above):
            matched = not pattern.startswith("!")
    return matched


def _match(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        rest = pattern[1:]
        return bool(path) if not rest else any(_match(rest, path[n:]) for n in range(len(path) + 1))
    regex = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern[0])
    return bool(path) and re.fullmatch(regex, path[0]) is not None and _match(pattern[1:], path[1:])


_names = st.sampled_from(["a", "b", "ab", "x.py", "c"])
_parts = st.sampled_from(["a", "b", "ab", "*", "?", "a*", "**", "*.py", "?b"])
_patterns = st.builds(
    lambda mark, parts: mark + "/".join(parts),
    st.sampled_from(["", "", "!"]),
    st.lists(_parts, min_size=1, max_size=3),
)
_paths = st.lists(_names, min_size=1, max_size=4).map("/".join)


@given(st.lists(_patterns, max_size=5), _paths)
def test_the_compiled_rules_agree_with_the_slow_ones(patterns: list[str], path: str) -> None:
    assert Ignore(patterns).ignores(path) == reference(patterns, path)


@given(st.lists(_patterns, min_size=1, max_size=5), _paths, _paths)
def test_nothing_is_lost_by_pruning(patterns: list[str], folder: str, below: str) -> None:
    rules = Ignore(patterns)
    if rules.ignores(folder) and rules.prunes(folder):
        assert rules.ignores(posixpath.join(folder, below))


@given(st.text(alphabet="ab*?[]!\\/.# ^-\n"), _paths)
def test_any_text_is_read_or_refused(text: str, path: str) -> None:
    try:
        read(text).ignores(path)
    except BrokenIgnoreFile:
        return


def test_a_slash_in_brackets_parts_no_components() -> None:
    rules = read("*\n![/]\n![a/]b\n")
    assert rules.ignores("a")
    assert not rules.prunes("a")


def test_many_paths_are_cheap() -> None:
    rules = read("\n".join(f"dir{n}/**/*.tmp" for n in range(40)) + "\n.git\nnode_modules\n**/*.pyc\n")
    paths = [f"src/pkg{n % 50}/sub/file_{n}.py" for n in range(5000)]
    started = time.process_time()
    assert not any(map(rules.ignores, paths))
    assert time.process_time() - started < 0.5
