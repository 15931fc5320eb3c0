"""Expands variables in a word by the rules of BuildKit's own small shell.

These differ from POSIX: outside quotes a backslash takes any next character, inside double quotes only `"`,
`$` and itself, and an unset variable is empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

_NAME = re.compile(r"[0-9]+|[@*#?\-$!]|[^\W\d]\w*")
_DEEPEST = 100
_PLAIN = re.compile(r"""[^'"$\\`/}]+""")


class BadSubstitution(ValueError):
    """A word that BuildKit's shell lexer refuses. The caller knows file and line."""


def expand(word: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """The word with quotes removed and variables put in. Raises BadSubstitution."""
    if not needs_expansion(word, escape):
        return word
    return _Lexer(word, variables.get, escape).run()


def expand_text(text: str, variables: Mapping[str, str]) -> str:
    """A here-document with variables put in: quotes stay, and a backslash takes the next character whatever
    the file's escape character is. Raises BadSubstitution.
    """
    return _Lexer(text, variables.get, "\\", quotes=False).run()


def needs_expansion(word: str, escape: str = "\\") -> bool:
    """Whether expanding could change the word at all."""
    return any(mark in word for mark in ("$", "'", '"', escape))


def names(word: str, escape: str = "\\") -> frozenset[str]:
    """The variables that expanding the word looks up, so that only arguments in use decide an image."""
    seen: set[str] = set()
    with suppress(BadSubstitution):
        _Lexer(word, seen.add, escape).run()
    return frozenset(seen)


class _Lexer:
    def __init__(
        self, text: str, look_up: Callable[[str], str | None], escape: str, *, quotes: bool = True
    ) -> None:
        self.quotes = quotes
        self.text = text
        self.at = 0
        self.depth = 0
        self.look_up = look_up
        self.escape = escape

    def run(self) -> str:
        return self.until("")

    def until(self, stop: str, *, keep_escapes: bool = False) -> str:
        """Everything up to the stop character, which is consumed; with no stop, up to the end."""
        parts: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == stop:
                self.at += 1
                return "".join(parts)
            parts.append(self.piece(char, keep_escapes))
        if stop:
            raise BadSubstitution(f"a {stop!r} is missing in {self.text}")
        return "".join(parts)

    def piece(self, char: str, keep_escapes: bool) -> str:
        if self.quotes and char == "'":
            return self.single()
        if self.quotes and char == '"':
            return self.double(keep_escapes)
        if char == "$":
            return self.dollar()
        if char == self.escape:
            return self.escaped(keep_escapes)
        match = _PLAIN.match(self.text, self.at)
        self.at = match.end() if match else self.at + 1
        return match[0] if match else char

    def escaped(self, keep_escapes: bool) -> str:
        taken = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        return self.escape + taken if keep_escapes else taken

    def single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise BadSubstitution(f"a single quote is never closed in {self.text}")
        literal = self.text[self.at + 1 : end]
        self.at = end + 1
        return literal

    def double(self, keep_escapes: bool) -> str:
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return "".join(parts)
            if char == "$":
                parts.append(self.dollar())
                continue
            self.at += 1
            if char != self.escape:
                parts.append(char)
                continue
            following = self.text[self.at : self.at + 1]
            if keep_escapes or following not in ('"', "$", self.escape, ""):
                parts.append(char)
            if following in ('"', "$", self.escape):
                parts.append(following)
                self.at += 1
        raise BadSubstitution(f"a double quote is never closed in {self.text}")

    def dollar(self) -> str:
        self.at += 1
        if self.text[self.at : self.at + 1] != "{":
            name = self.name()
            return self.look_up(name) or "" if name else "$"
        self.at += 1
        if self.text[self.at : self.at + 1] in ("", "{", "}", ":"):
            raise BadSubstitution(f"bad substitution in {self.text}")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise BadSubstitution("variables are nested too deeply")
        name = self.name()
        value = self.modified(name, self.look_up(name))
        self.depth -= 1
        return value

    def name(self) -> str:
        match = _NAME.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def take(self) -> str:
        self.at += 1
        return self.text[self.at - 1 : self.at]

    def modified(self, name: str, value: str | None) -> str:
        modifier = self.take()
        if modifier == "}":
            return value or ""
        if modifier == "/":
            return self.replaced(value or "")
        if modifier == ":":
            modifier = ":" + self.take()
        if modifier in ("#", "%"):
            return _trimmed(value or "", self.until("}", keep_escapes=True), modifier)
        if modifier not in (":-", "-", ":+", "+", ":?", "?"):
            raise BadSubstitution(f"unsupported modifier {modifier or 'none'} in {self.text}")
        word = self.until("}")
        given = value is not None and (value != "" or not modifier.startswith(":"))
        return _chosen(name, value or "", word, modifier[-1], given)

    def replaced(self, value: str) -> str:
        every = self.text[self.at : self.at + 1] == "/"
        if every:
            self.at += 1
        pattern = "".join(_atoms(self.until("/", keep_escapes=True), greedy=True))
        replacement = self.until("}", keep_escapes=True)
        return re.sub(pattern, lambda _: replacement, value, count=0 if every else 1)


def _chosen(name: str, value: str, word: str, modifier: str, given: bool) -> str:
    if modifier == "-":
        return value if given else word
    if modifier == "+":
        return word if given else ""
    if not given:
        raise BadSubstitution(f"{name}: {word or 'is not allowed to be unset'}")
    return value


def _trimmed(value: str, pattern: str, modifier: str) -> str:
    """`#` and `%` cut the shortest match from the front or the back, doubled the longest."""
    greedy = pattern.startswith(modifier)
    atoms = _atoms(pattern[1:] if greedy else pattern, greedy=greedy)
    if modifier == "#":
        match = re.match("".join(atoms), value)
        return value[match.end() :] if match else value
    match = re.match("".join(reversed(atoms)), value[::-1])
    return value[: len(value) - match.end()] if match else value


def _atoms(pattern: str, *, greedy: bool) -> list[str]:
    """A shell pattern of `*`, `?` and escapes as a list of regular expressions, one per character."""
    atoms = []
    for match in re.finditer(r"\\(.?)|(.)", pattern, re.DOTALL):
        escaped, char = match[1], match[2]
        if char == "*":
            atoms.append(".*" if greedy else ".*?")
        elif char == "?":
            atoms.append(".")
        elif char is not None:
            atoms.append(re.escape(char))
        elif escaped in ("*", "?", "\\", "}", "/"):
            atoms.append(re.escape(escaped))
        else:
            raise BadSubstitution(f"invalid escape \\{escaped} in the pattern {pattern}")
    return atoms
