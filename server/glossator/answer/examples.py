"""The examples in the docstring of a Python function, each a call and its value. Knows text only.

Besides doctests people write `f(1, 2) == 3`, `f(1, 2) -> 3`, `f(1, 2) returns 3`, `For f([1, 2]) the output should be
3`. An example is only taken where it can mean one thing: a call of the function itself on values that are written out,
and a value that is written out.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

_LONGEST = 600
"""Characters of an expression and of its value at most."""
_LONGEST_TEXT, _MOST_CALLS, _MOST_VALUES = 10_000, 40, 4000
"""What is looked at of a docstring, so that a hostile one costs a second and no more."""
_RELATION = re.compile(
    r"""\s*(?:\#\s*)?(?:
        ={1,3}>? | [-–—]+> | [➞→⇒⟶➜]
      | (?:the\s+|its\s+)?(?:(?:output|result|answer|return\s+value)\s+)?
        (?:should|must|will|would|shall)\s+(?:return|be|equal|give|output)
      | (?:the\s+|its\s+)?(?:output|result|answer|return\s+value)\s+(?:is|:|=)
      | returns?(?:\s+the\s+value)? | gives | equals | evaluates\s+to
    )\s*""",
    re.X,
)
_GOES_ON = re.compile(
    r"[\w\"'\[({]|\.\w|\s*(?:\.{2}|…)|\s*[-+*/%<>&|^@]|\s*,\s*[\d\"'\[({+-]"
    r"|\s+\(?(?:if|or|for|in|is|not|unless|instead|when|else)\b"
)
_OTHER_SPELLINGS = {"true": True, "false": False, "null": None, "none": None}
_MAKERS = {"set", "frozenset", "dict", "list", "tuple", "float", "complex", "range", "bytes", "bytearray"}
_VALUES = (
    ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.Call, ast.Name, ast.operator,
    ast.unaryop, ast.expr_context,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """What a docstring says: `expression`, which calls the function, has the value of `expected`. Both are Python."""

    expression: str
    expected: str


def examples(docstring: str, name: str, known: Collection[str] = ()) -> tuple[Example, ...]:
    """The examples for the function `name`, in their order, each call once.

    `known`: further names that its module defines, which an expression may use.
    """
    found: dict[str, Example] = {}
    prose, tests = _parted(docstring[:_LONGEST_TEXT])
    pairs = [pair for source, want in tests for pair in _tested(source, want, name)]
    for expression, expected in [*pairs, *_loose(prose, name)]:
        call, value = _call(expression, name, known), _value(expected)
        if call and value:
            found.setdefault(call, Example(call, value))
    return tuple(found.values())


def defined(text: str) -> frozenset[str]:
    """The names that a module binds when it is loaded, in branches too; empty where it cannot be parsed."""
    try:
        left: list[ast.AST] = [ast.parse(text)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    names: set[str] = set()
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.Lambda):
            left += ast.iter_child_nodes(node)
    return frozenset(names)


def _parted(docstring: str) -> tuple[str, list[tuple[str, str]]]:
    """The text without its doctests, and these as (source, what is printed)."""
    prose: list[str] = []
    tests: list[tuple[list[str], list[str]]] = []
    inside = False
    for row in docstring.expandtabs().split("\n"):
        line = row.strip()
        if line.startswith(">>>"):
            tests.append(([line[3:].strip()], []))
            inside = True
        elif inside and line.startswith("...") and not tests[-1][1]:
            tests[-1][0].append(line[4:])
        elif inside and line:
            tests[-1][1].append(line)
        else:
            inside = False
            prose.append(row)
    return "\n".join(prose), [("\n".join(source), "\n".join(want)) for source, want in tests]


def _tested(source: str, want: str, name: str) -> list[tuple[str, str]]:
    """A doctest as a pair; prose that follows without a blank line is no part of it."""
    rows = want.split("\n") if want else []
    for count in range(len(rows), 0, -1):
        if _value(printed := "\n".join(rows[:count])):
            return [(source, printed)]
    return list(_loose(source, name))


def _loose(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Calls in prose that are followed by a relation and a value."""
    left = _MOST_VALUES
    for match in islice(re.finditer(rf"(?<![\w.]){re.escape(name)}\s*\(", text), _MOST_CALLS):
        end = next(_ends(text, match.start(), longest=False), 0)
        relation = _RELATION.match(text, end) if end else None
        if relation is None:
            continue
        for stop in _ends(text, relation.end(), longest=True):
            left -= 1
            if left < 0:
                return
            value = text[relation.end() : stop]
            if not _value(value) or not _alone(text, stop):
                continue
            tree, bracketed = _parsed(value), value.startswith("(")
            if isinstance(tree, ast.Tuple) and not bracketed and len(tree.elts) == 1:
                continue  # `f(1) -> 2, which …`
            if isinstance(tree, ast.Tuple) == bracketed or not isinstance(tree, ast.Tuple | ast.Constant):
                yield text[match.start() : end], value  # `2, 3` and `("a")` could each mean two things
            break


def _alone(text: str, stop: int) -> bool:
    """Whether a value may end at `stop`, instead of being a piece of what the parser does not know."""
    return not _GOES_ON.match(text, stop)


def _ends(text: str, start: int, *, longest: bool) -> Iterator[int]:
    """Where an expression that begins at `start` might end: after brackets, or (`longest`) anywhere on its line."""
    most = min(len(text), start + _LONGEST)
    if not longest:
        for at in range(start, most):
            if text[at] == ")" and _parsed(text[start : at + 1]) is not None:
                yield at + 1
        return
    line = text.find("\n", start, most)
    line = most if line < 0 else line
    if text[start:line].count("[") + text[start:line].count("(") + text[start:line].count("{"):
        yield from (at + 1 for at in range(line, most) if text[at] in "])}" and "\n\n" not in text[start:at])
    yield from range(line, start, -1)


def _call(expression: str, name: str, known: Collection[str]) -> str:
    """The expression in plain spelling where it calls `name` and needs nothing that is not there; else ""."""
    tree = _parsed(expression)
    if tree is None:
        return ""
    nodes = list(ast.walk(tree))
    callees = [node.func for node in nodes if isinstance(node, ast.Call)]
    named = [each.id if isinstance(each, ast.Name) else getattr(each, "attr", "") for each in callees]
    own = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    there = {name, *known, *own}
    if name not in named or any(each not in there and not hasattr(builtins, each) for each in used):
        return ""
    try:
        return ast.unparse(tree)
    except RecursionError:
        return ""


def _value(text: str) -> str:
    """A written-out value in plain spelling, or ""."""
    tree = _parsed(text)
    if tree is None:
        return ""
    try:
        tree = _Respelled().visit(tree)
        return ast.unparse(tree) if _plain(tree) else ""
    except RecursionError:  # deeper than anyone writes, but not too deep to be parsed
        return ""


def _plain(tree: ast.AST) -> bool:
    makers = {
        id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return all(
        isinstance(node, _VALUES)
        and not (isinstance(node, ast.Constant) and node.value is ...)
        and not (isinstance(node, ast.Call) and (id(node.func) not in makers or node.keywords))
        and not (isinstance(node, ast.Name) and (id(node) not in makers or node.id not in _MAKERS))
        and not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift))
        for node in ast.walk(tree)
    )


class _Respelled(ast.NodeTransformer):
    """`true`, `false` and `null` as Python spells them."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(_OTHER_SPELLINGS[node.id]) if node.id in _OTHER_SPELLINGS else node


def _parsed(text: str) -> ast.expr | None:
    """The expression that `text` is, or None."""
    if not text.strip() or len(text) > _LONGEST:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
