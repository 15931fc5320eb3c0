"""Small changes to Python code: where one is possible, and the code with it."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one file: the `number`-th possible one there.

    `id` says it without places, so it stays when other lines change: file, what, the line's text, and which
    of equal ones it is.
    """

    file: str
    line: int
    number: int
    what: str
    code: str
    id: str


def changes(file: str, text: str) -> list[Change]:
    """All that are possible, in the order of the text."""
    lines = text.splitlines()
    seen: Counter[str] = Counter()
    found = []
    for number, (line, what, _) in enumerate(_possible(ast.parse(text))):
        code = lines[line - 1].strip()
        name = f"{file}: {what}: {code}"
        seen[name] += 1
        id = name if seen[name] == 1 else f"{name} ({seen[name]})"
        found.append(Change(file=file, line=line, number=number, what=what, code=code, id=id))
    return found


def changed(text: str, change: Change) -> str:
    """The code with that change."""
    tree = ast.parse(text)
    _, _, apply = list(_possible(tree))[change.number]
    apply()
    return ast.unparse(ast.fix_missing_locations(tree))


def _possible(tree: ast.Module) -> Iterator[tuple[int, str, Callable[[], None]]]:
    for node in _code(tree):
        for what, apply in (*_of_expression(node), *_of_block(node)):
            place = node.iter if isinstance(node, ast.comprehension) else node
            yield getattr(place, "lineno", 1), what, apply


def _of_expression(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    if isinstance(node, ast.Compare):
        if (old := type(node.ops[0])) in SWAPS:
            yield (
                f"{old.__name__} → {SWAPS[old].__name__}",
                lambda: node.ops.__setitem__(0, _swapped(node.ops[0])),
            )
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
        yield (
            f"{type(node.op).__name__} → {SWAPS[type(node.op)].__name__}",
            lambda: _set(node, "op", _swapped(node.op)),
        )
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        yield "condition negated", lambda: _set(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield "filter removed", lambda: _set(node, "ifs", [])
    elif (
        isinstance(node, ast.Call)
        and len(node.args) >= 2
        and not any(isinstance(a, ast.Starred) for a in node.args[:2])
    ):
        yield "arguments swapped", lambda: _set(node, "args", [node.args[1], node.args[0], *node.args[2:]])
    elif isinstance(node, ast.Constant) and (other := _other(node.value)) is not None:
        yield f"{node.value!r} → {other!r}", lambda: _set(node, "value", other)


def _of_block(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return None", lambda: _set(node, "value", ast.Constant(None))
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        if isinstance(node, ast.ClassDef | ast.Module) or not isinstance(block, list):
            continue
        for index, statement in enumerate(block):
            if _removable(statement):
                yield f"removed: {ast.unparse(statement)[:60]}", _remover(block, index)


def _remover(block: list[ast.stmt], index: int) -> Callable[[], None]:
    return lambda: block.__setitem__(index, ast.Pass())


def _removable(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.AugAssign | ast.Raise | ast.Continue)


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run: no annotations, docstrings, texts for people, nor what names a class's fields."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "bases", "keywords") and not isinstance(
            tree, ast.Call
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _for_people(child):
                yield child
                yield from _code(child)


def _for_people(node: ast.AST) -> bool:
    """Texts, docstrings, and codes of errors, which docs/reference/errors.md is compared with elsewhere."""
    if isinstance(node, ast.keyword):
        return node.arg in ("hint", "evidence", "text", "code", "message")
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "code"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation) in ("TypeAlias", "ClassVar[str]")
    return isinstance(node, ast.JoinedStr)


def _other(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value and " " not in value:
        return f"{value}x"
    return None


def _swapped(operator: ast.AST) -> Any:
    return SWAPS[type(operator)]()


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _set(node: ast.AST, name: str, value: object) -> None:
    setattr(node, name, copy.copy(value))
