"""What can be read off a definition without a model. A fact is left out where the syntax does not plainly show it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node, QueryCursor

from . import Span, Symbol
from .callers import callers
from .gives import FUNCTIONS, Gives, function_node, gives, holds_functions
from .languages import query
from .raised import PANICS, raised
from .related import symbol_of
from .symbols import calls
from .touches import touches
from .tree import Tree

_MUTATORS = {
    "python": "append|extend|insert|remove|pop|popitem|clear|sort|reverse|update|setdefault|add|discard|appendleft"
    "|popleft",
    "ecma": "push|unshift|pop|shift|splice|fill|sort|reverse|add|delete|clear",
    "java": "append|insert|remove|pop|push|clear|sort|add|addAll|removeAll|put|putAll",
    "cpp": "push_back|pop_back|emplace_back|emplace|erase|insert|push|pop|clear",
}
"""Methods that change what they are called on, in the languages that say so by no more than their names."""
_ALONE = {"append", "extend", "add", "insert", "update", "remove", "discard", "put", "delete", "clear"}
"""Methods that plainly change something only where their result is not used: `BigDecimal.add` gives a new number."""
_SORTS = {"sort", "reverse"}
"""In JavaScript these give the object itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a definition or a selection.

    Attributes:
        signature: The header on one line; "" for a selection.
        kind: The symbol's kind, or `selection`.
        decorators: As written.
        calls: Names called, in order.
        callers: Qualified names of the definitions in the same file that call it.
        raises: Names of errors that it raises itself and lets out.
        panics: Whether it may panic by its own words, in Go and Rust.
        returns: Whether it returns a value.
        is_async: Whether it is declared `async`.
        is_generator: Whether it yields.
        mutated: Parameters that it changes in place; its own object (`self`) is none.
        own: What of its own object it changes, as `self.items`.
        outer: Global names that it sets.
        gives: What it gives back, where that is plain (`gives.py`).
        parameters: Parameter names as written, `self` included.
        nested: Whether it holds other functions.
    """

    signature: str = ""
    kind: str = "selection"
    decorators: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    panics: bool = False
    returns: bool = False
    is_async: bool = False
    is_generator: bool = False
    mutated: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    outer: tuple[str, ...] = ()
    gives: Gives = ""
    parameters: tuple[str, ...] = ()
    nested: bool = False


def facts(tree: Tree, span: Span) -> Facts:
    """The facts about the definition that `span` is, or about the code in it; worked out once for a tree."""
    return tree.once(f"facts {span.start} {span.end}", lambda: _facts(tree, span))


def _facts(tree: Tree, span: Span) -> Facts:
    symbol = symbol_of(tree, span)
    if symbol is None:
        return Facts(calls=calls(tree, span))
    found, function = _own(tree, symbol), function_node(tree, symbol)
    touched = touches(tree, symbol, function, found["write"])
    recovers = "recover" in calls(tree, symbol.code)
    head = symbol.signature.partition("(")[0] if symbol.kind in {"function", "method"} else ""
    return Facts(
        signature=symbol.signature,
        kind=symbol.kind,
        decorators=symbol.decorators,
        calls=calls(tree, symbol.body or symbol.code),
        callers=tuple(each.qualified for each in callers(tree, symbol)),
        raises=raised(tree, found["raise"]),
        panics=tree.language.id in PANICS and bool(found["raise"]) and not recovers,
        returns=bool(found["return"]) or (tree.language.id == "rust" and _results(symbol.signature)),
        is_async=re.search(r"\basync\b", head + (symbol.signature if " = async" in symbol.signature else ""))
        is not None,
        is_generator=bool(found["yield"]) or bool(re.search(r"\*", head) and tree.language.doc_convention == "jsdoc"),
        mutated=touched.mutated,
        own=touched.own,
        outer=touched.outer,
        gives=gives(tree, symbol),
        parameters=symbol.parameters,
        nested=function is not None and holds_functions(function),
    )


def _own(tree: Tree, symbol: Symbol) -> dict[str, list[Node]]:
    """The captures of the `facts` patterns inside `symbol`, those of functions inside of it left out."""
    found: dict[str, list[Node]] = {"raise": [], "return": [], "yield": [], "write": []}
    start, end = tree.byte(symbol.code.start), tree.byte(symbol.code.end)
    # What the last method of a class does is not done by the class, though both end in the same place.
    body_end = tree.byte(symbol.body.end) + (symbol.kind not in {"function", "method"}) if symbol.body else end
    cursor = QueryCursor(query(tree.language, "facts"))
    cursor.set_byte_range(start, end)
    for _, captures in cursor.matches(tree.root):
        if "mutator" in captures and not _mutates(tree, captures["mutator"][0]):
            continue
        for name, nodes in captures.items():
            if name in found:
                found[name] += [
                    node for node in nodes if start <= node.start_byte < end and not _nested(node, start, body_end)
                ]
    return {name: sorted(nodes, key=lambda node: node.start_byte) for name, nodes in found.items()}


def _nested(node: Node, start: int, end: int) -> bool:
    """Whether the function around `node` is not the one that reaches from `start` to `end`."""
    around = node.parent
    while around is not None and around.start_byte >= start:
        if around.type in FUNCTIONS:
            return around.end_byte < end
        around = around.parent
    return False


def _mutates(tree: Tree, node: Node) -> bool:
    """Whether the method of this name changes what it is called on."""
    language = tree.language.id
    if language == "go":
        return True  # its pattern names the functions
    family = "ecma" if tree.language.doc_convention == "jsdoc" else language
    name = tree.source(node)
    if re.fullmatch(_MUTATORS.get(family, ""), name) is None:
        return False
    call = node.parent.parent if node.parent is not None and language != "java" else node.parent
    used = call is None or call.parent is None or call.parent.type != "expression_statement"
    return not used or (name not in _ALONE and (name not in _SORTS or family == "ecma"))


def _results(signature: str) -> bool:
    return re.search(r"->(?!\s*\(\)\s*(?:where|$))", signature) is not None
