"""Reads a Dockerfile line by line: directives, comments, continuations, here-documents.

The rules are those of BuildKit's Dockerfile reference (https://docs.docker.com/reference/dockerfile/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from moorage.dockerfile import words
from moorage.dockerfile.errors import BrokenDockerfile
from moorage.dockerfile.instruction import Dockerfile, Heredoc, Instruction

_WITH_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_WITH_FLAGS = _WITH_HEREDOCS | {"FROM", "HEALTHCHECK"}
_JSON_FORM = _WITH_HEREDOCS | {"CMD", "ENTRYPOINT", "SHELL", "VOLUME"}
_OTHERS = frozenset(
    {"ARG", "ENV", "EXPOSE", "LABEL", "MAINTAINER", "ONBUILD", "STOPSIGNAL", "USER", "WORKDIR"}
)
KEYWORDS = _WITH_FLAGS | _JSON_FORM | _OTHERS
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*\Z")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)\Z")
_QUOTE = re.compile(r"['\"]")
_BLANKS = re.compile(r"[\t\v\f\r ]+")


def parse(text: str, file: str = "Dockerfile") -> Dockerfile:
    """The instructions of a Dockerfile, so that images, files and users are known before a builder runs.

    `file` is the name in messages. Raises BrokenDockerfile with the line.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    lines = [f"{line}\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
    directives = _directives(lines, file)
    escape = directives.get("escape", "\\")
    if escape not in ("\\", "`"):
        raise BrokenDockerfile(
            f"the escape directive must be ` or \\, not {escape!r}", file=file, line=1, text=text
        )
    instructions = tuple(_Reader(lines, escape, file).instructions())
    _check(instructions, file)
    return Dockerfile(
        file=file,
        text=text,
        syntax=directives.get("syntax"),
        escape=escape,
        check=directives.get("check"),
        instructions=instructions,
    )


def _directives(lines: list[str], file: str) -> dict[str, str]:
    found: dict[str, str] = {}
    start = 1 if lines and lines[0].startswith("#!") else 0
    for number, line in enumerate(lines[start:], start + 1):
        match = _DIRECTIVE.match(line.rstrip("\r\n"))
        if match is None or match[1].lower() not in ("syntax", "escape", "check"):
            return found
        name = match[1].lower()
        if name in found:
            raise BrokenDockerfile(
                f"only one {name} directive can be used",
                file=file,
                line=number,
                text=line,
                hint="Remove one.",
            )
        found[name] = match[2]
    return found


class _Reader:
    """A place in the lines. `at` is the index of the next line, so it is also the number of the last one."""

    def __init__(self, lines: list[str], escape: str, file: str) -> None:
        self.lines = lines
        self.at = 0
        self.begun = False
        self.escape = escape
        self.file = file
        mark = re.escape(escape)
        self.continued = re.compile(rf"(?:(?<={'[^' + mark + ']'})|^){mark}[ \t]*\Z")

    def instructions(self) -> Iterator[Instruction]:
        while self.at < len(self.lines):
            line = self.next().lstrip()
            if line and not line.startswith("#"):
                yield self.instruction(line)
                self.begun = True

    def next(self) -> str:
        self.at += 1
        return self.lines[self.at - 1].rstrip("\r\n")

    def instruction(self, first: str) -> Instruction:
        start = self.at
        keyword, rest = _keyword(self.join(first))
        if keyword not in KEYWORDS:
            raise self.unknown(keyword, start)
        self.check_pairs(keyword, rest, start)
        made = _instruction(keyword, rest, start)
        heredocs = tuple(self.heredocs(made, start))
        return Instruction(
            keyword=made.keyword,
            flags=made.flags,
            arguments=made.arguments,
            words=made.words,
            json=made.json,
            heredocs=heredocs,
            line=start,
            end=self.at,
            original="".join(self.lines[start - 1 : self.at]),
        )

    def join(self, line: str) -> str:
        """One logical line. Comments and (as BuildKit still allows) blank lines inside it are left out."""
        parts = []
        while True:
            cut = self.continued.sub("", line)
            parts.append(cut)
            if cut == line:
                return "".join(parts)
            while True:
                if self.at == len(self.lines):
                    return "".join(parts)
                line = self.next()
                if line.strip() and not line.lstrip().startswith("#"):
                    break

    def heredocs(self, made: Instruction, start: int) -> Iterator[Heredoc]:
        if made.json or not _may_have_heredocs(made) or not words.balanced(made.arguments):
            return
        for word in words.split(made.arguments):
            match = _HEREDOC.match(word)
            if match is not None:
                yield self.heredoc(match[2], chomp=match[1] == "-", start=start)

    def heredoc(self, delimiter: str, *, chomp: bool, start: int) -> Heredoc:
        name = re.sub(r"\\(.)|['\"]", r"\1", delimiter)
        content: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            shown = line.lstrip("\t") if chomp else line
            if shown.rstrip("\r\n") == name:
                return Heredoc(name=name, content="".join(content), expand=not _QUOTE.search(delimiter))
            content.append(shown)
        raise BrokenDockerfile(
            f"the here-document {name} is never closed",
            file=self.file,
            line=start,
            text=self.lines[start - 1],
            hint=f"End it with a line that holds only {name}.",
        )

    def check_pairs(self, keyword: str, rest: str, line: int) -> None:
        if keyword not in ("ENV", "LABEL"):
            return
        old = words.old_pair(rest, self.escape)
        broken = old[1] == "" if old else any(value is None for _, value in words.pairs(rest, self.escape))
        if broken or not rest:
            raise BrokenDockerfile(
                f"{keyword} needs name=value",
                file=self.file,
                line=line,
                text=self.lines[line - 1],
                hint="Write every word as name=value, and quote values that hold blanks.",
            )

    def unknown(self, keyword: str, line: int) -> BrokenDockerfile:
        from difflib import get_close_matches

        near = get_close_matches(keyword, sorted(KEYWORDS), 1)
        if keyword and not near and not self.begun:
            # A link or a path may lead to a file of this machine: nothing of it is shown.
            return BrokenDockerfile(
                "this is no Dockerfile: its first line holds no instruction",
                file=self.file,
                line=line,
                hint="Start it with FROM and an image, or correct build.dockerfile.",
            )
        return BrokenDockerfile(
            f"unknown instruction {keyword}" if keyword else "a continued line holds no instruction",
            file=self.file,
            line=line,
            text=self.lines[line - 1],
            hint=f"Did you mean {near[0]}?"
            if near
            else "Start the line with an instruction such as RUN or COPY.",
        )


def _keyword(line: str) -> tuple[str, str]:
    first, *rest = _BLANKS.split(line.strip(), maxsplit=1)
    return first.upper(), rest[0].strip() if rest else ""


def _instruction(keyword: str, rest: str, line: int) -> Instruction:
    flags, arguments = _flags(rest) if keyword in _WITH_FLAGS else ((), rest)
    in_json = words.json_words(arguments) if keyword in _JSON_FORM else None
    return Instruction(
        keyword=keyword,
        flags=flags,
        arguments=arguments,
        words=tuple(arguments.split()) if in_json is None else in_json,
        json=in_json is not None,
        line=line,
        end=line,
        original="",
    )


def _flags(rest: str) -> tuple[tuple[tuple[str, str | None], ...], str]:
    """The leading `--name[=value]` words. Quotes group and vanish, a backslash takes the next character."""
    flags: list[tuple[str, str | None]] = []
    while rest.startswith("--"):
        word = words.split(rest)[0]
        rest = rest[len(word) :].lstrip()
        if word == "--":
            break
        name, equals, value = re.sub(r"\\(.?)|['\"]", r"\1", word[2:]).partition("=")
        flags.append((name, value if equals else None))
    return tuple(flags), rest


def _may_have_heredocs(made: Instruction) -> bool:
    keyword = _keyword(made.arguments)[0] if made.keyword == "ONBUILD" else made.keyword
    return keyword in _WITH_HEREDOCS and "<<" in made.arguments


def _check(instructions: tuple[Instruction, ...], file: str) -> None:
    """A file starts with FROM, with nothing but ARG before it."""
    for instruction in instructions:
        if instruction.keyword == "FROM":
            return
        if instruction.keyword != "ARG":
            raise BrokenDockerfile(
                f"{instruction.keyword} stands before the first FROM",
                file=file,
                line=instruction.line,
                text=instruction.original,
                hint="Only ARG may come before FROM.",
            )
    raise BrokenDockerfile("there is no FROM", file=file, line=1, hint="Start with FROM and an image.")
