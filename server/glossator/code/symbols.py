"""Questions about a tree's definitions: what is there, what stands at a place, what has a name, what is called.

Answers are in code points of the tree's text. Knows one file: a name that is called is a name, not a definition.
"""

from __future__ import annotations

from tree_sitter import Node, QueryCursor

from . import Span, Symbol
from .languages import query
from .outline import read
from .tree import Tree


def outline(tree: Tree) -> tuple[Symbol, ...]:
    """All definitions, nested ones too, each before what it holds."""
    return read(tree).symbols


def symbol_at(tree: Tree, offset: int) -> Symbol | None:
    """The innermost definition whose span holds `offset`; its end counts too, for a cursor behind the last letter."""
    best: Symbol | None = None
    for symbol in outline(tree):
        if symbol.span.start > offset:
            break
        inside = offset < symbol.span.end or (offset == symbol.span.end and (best is None or best.span.end == offset))
        if inside and (best is None or symbol.span.start > best.span.start or symbol.span.end <= best.span.end):
            best = symbol
    return best


def find(tree: Tree, name: str) -> tuple[Symbol, ...]:
    """The definitions named `name`: `Class.method` (also `a::b`) from any depth, or a bare name."""
    wanted = tuple(part for part in name.replace("::", ".").replace("#", ".").split(".") if part)
    if not wanted:
        return ()
    return tuple(symbol for symbol in _named(tree).get(wanted[-1], ()) if _flat(symbol)[-len(wanted) :] == wanted)


def scopes(tree: Tree, symbol: Symbol) -> tuple[Symbol, ...]:
    """The definitions that `symbol` stands in, outermost first; a method of Go or C++ has its type among them."""
    around = tuple(other for other in outline(tree) if other.span != symbol.span and other.span.holds(symbol.span))
    if len(around) == len(symbol.path) - 1 or len(symbol.path) == 1:
        return around
    owners = tuple(other for other in outline(tree) if other.path == symbol.path[:-1] and other not in around)
    return around + owners[:1]


def imports(tree: Tree) -> tuple[Span, ...]:
    """The statements that bring names in (`import`, `use`, `#include`; Go's `package` too), in order."""
    return read(tree).imports


def calls(tree: Tree, span: Span) -> tuple[str, ...]:
    """The names that are called inside `span` (the last part of `a.b()`), in order, each once."""
    start, end = tree.byte(span.start), tree.byte(span.end)
    cursor = QueryCursor(query(tree.language, "calls"))
    cursor.set_byte_range(start, end)
    nodes = [node for node in cursor.captures(tree.root).get("callee", ()) if start <= node.start_byte < end]
    nodes.sort(key=_start)
    return tuple(dict.fromkeys(tree.source(node) for node in nodes))


def _named(tree: Tree) -> dict[str, list[Symbol]]:
    """The definitions by the last part of their names."""

    def make() -> dict[str, list[Symbol]]:
        names: dict[str, list[Symbol]] = {}
        for symbol in outline(tree):
            names.setdefault(_flat(symbol)[-1], []).append(symbol)
        return names

    return tree.once("named", make)


def _flat(symbol: Symbol) -> tuple[str, ...]:
    return tuple(part for name in symbol.path for part in name.split("::"))


def _start(node: Node) -> int:
    return node.start_byte
