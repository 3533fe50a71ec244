"""A tree's definitions, read off by the patterns of its language. `symbols.py` is how the rest asks for them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from tree_sitter import Node, QueryCursor

from . import Span, Symbol, SymbolKind
from .comments import Above, Lines, plain
from .languages import query
from .parameters import declared, parameters
from .tree import Tree

_TYPES = {"class", "interface", "struct", "enum", "trait"}
_MAX_SIGNATURE = 400
MAX_SYMBOLS = 20_000
"""Where a file defines more, its variables are left out, and then the last definitions: no one wrote it by hand."""
_COMPOUND = {"qualified_identifier", "template_function", "template_type", "template_method"}
_WORD = re.compile(r"\w+")
_BRACKETS = re.compile(r"<.*>|\[.*\]", re.DOTALL)
_PYTHON_STRING = re.compile(r"""(?i:[ru]?)("{3}|'{3}|"|')(.*)\1\Z""", re.DOTALL)


@dataclass(slots=True)
class _Found:
    """A match of a definition's pattern: the nodes, and the kind that the pattern says."""

    kind: str
    node: Node
    name: Node
    body: Node | None
    listed: Node | None
    receiver: Node | None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the `outline` patterns of a language find in a tree: symbols in pre-order, imports in order."""

    symbols: tuple[Symbol, ...]
    imports: tuple[Span, ...]


def read(tree: Tree) -> Reading:
    """The definitions and imports of `tree`; worked out once for a tree."""
    return tree.once("outline", lambda: _read(tree))


def _read(tree: Tree) -> Reading:
    found: dict[int, tuple[int, _Found]] = {}
    wraps: dict[int, Node] = {}
    rest: dict[str, list[Node]] = {"comment": [], "above": [], "decorator": [], "import": []}
    for pattern, captures in QueryCursor(query(tree.language, "outline")).matches(tree.root):
        if "wrap" in captures:
            wraps.setdefault(captures["inner"][0].id, captures["wrap"][0])
            continue
        match = _definition(captures)
        if match is None:
            for name, nodes in captures.items():
                if name in rest:
                    rest[name] += nodes
        elif match.node.id not in found or pattern < found[match.node.id][0]:
            found[match.node.id] = (pattern, match)
    lines = Lines(tree, rest["comment"], rest["above"])
    ordered = [match for _, match in found.values()]
    for match in ordered:
        _place(match, wraps)
    ordered.sort(key=lambda match: (match.start, -match.end))
    if len(ordered) > MAX_SYMBOLS:
        ordered = [match for match in ordered if match.kind != "variable"][:MAX_SYMBOLS]
    decorators = sorted({(node.start_byte, node.end_byte) for node in rest["decorator"]})
    imports = tuple(sorted({_trimmed(tree, node) for node in rest["import"]}))
    return Reading(_symbols(tree, ordered, lines, decorators), imports)


def _definition(captures: dict[str, list[Node]]) -> _Found | None:
    defined = next((name for name in captures if name.startswith("def.")), None)
    if defined is None:
        return None
    kind = defined.removeprefix("def.")
    name = captures.get("declarator", captures.get("name", []))[0]
    listed = _first(captures, "parameters") or _first(captures, "parameter")
    if "declarator" in captures:
        name, listed = declared(name)
        kind = "function" if kind == "variable" and listed else kind
    return _Found(kind, captures[defined][0], name, _first(captures, "body"), listed, _first(captures, "receiver"))


def _first(captures: dict[str, list[Node]], name: str) -> Node | None:
    return next(iter(captures.get(name, ())), None)


def _place(match: _Found, wraps: dict[int, Node]) -> None:
    """Take in what is wrapped around the definition: decorators, `export`, `template`."""
    node, inner = match.node, match.node.id
    while (wrap := wraps.get(inner)) is not None and wrap.id != inner:
        node, inner = wrap, wrap.id
    match.start, match.end = node.start_byte, node.end_byte
    # Lines of the C preprocessor include their line end.
    match.end -= len(node.text or b"") - len((node.text or b"").rstrip()) if node.type.startswith("preproc") else 0


def _symbols(
    tree: Tree, ordered: Sequence[_Found], lines: Lines, decorators: Sequence[tuple[int, int]]
) -> tuple[Symbol, ...]:
    symbols: list[Symbol] = []
    open_scopes: list[tuple[int, Symbol]] = []
    at = 0
    for match in ordered:
        prefix, node = _qualified(tree, match)
        name = tree.source(node)
        if not name or name.startswith(("{", "[")) or match.name.is_missing:
            continue
        while open_scopes and open_scopes[-1][0] < match.end:
            open_scopes.pop()
        scope = open_scopes[-1][1] if open_scopes else None
        above = lines.above(match.start)
        while at < len(decorators) and decorators[at][0] < above.start:
            at += 1
        own = [each for each in _from(decorators, at, match.name.start_byte) if each[1] <= match.name.start_byte]
        symbol = _symbol(tree, match, (*prefix, name), node, scope=scope, above=above, decorators=own, lines=lines)
        symbols.append(symbol)
        open_scopes.append((match.end, symbol))
    return tuple(symbols)


def _from(places: Sequence[tuple[int, int]], at: int, end: int) -> list[tuple[int, int]]:
    found = []
    while at < len(places) and places[at][0] < end:
        found.append(places[at])
        at += 1
    return found


def _symbol(
    tree: Tree,
    match: _Found,
    names: tuple[str, ...],
    node: Node,
    *,
    scope: Symbol | None,
    above: Above,
    decorators: Sequence[tuple[int, int]],
    lines: Lines,
) -> Symbol:
    kind = "method" if match.kind == "function" and (len(names) > 1 or (scope and scope.kind in _TYPES)) else match.kind
    end = match.body.start_byte if match.body and match.body.start_byte > match.name.start_byte else match.end
    doc_span, doc = _docstring(tree, match, above.docs)
    return Symbol(
        name=names[-1],
        path=(*(scope.path if scope else ()), *names),
        kind=cast("SymbolKind", kind),
        span=Span(tree.offset(above.start), tree.offset(match.end)),
        code=Span(tree.offset(above.code), tree.offset(match.end)),
        name_span=tree.span(node),
        body=tree.span(match.body) if match.body else None,
        signature=_signature(tree, above.code, end, [*decorators, *lines.between(above.code, end)]),
        docstring=doc,
        docstring_span=doc_span,
        decorators=tuple(_text(tree, *each) for each in decorators),
        parameters=parameters(tree, match.listed),
    )


def _qualified(tree: Tree, match: _Found) -> tuple[tuple[str, ...], Node]:
    """The scopes that a name carries with it (`Tree::insert`, `func (t *Tree) Insert`), and its last part."""
    if match.receiver is not None:
        return tuple(_WORD.findall(_BRACKETS.sub("", tree.source(match.receiver)))[-1:]), match.name
    node, scopes = match.name, []
    while (inner := node.child_by_field_name("name")) is not None and node.type in _COMPOUND:
        scope = node.child_by_field_name("scope")
        scopes += _WORD.findall(_BRACKETS.sub("", tree.source(scope))) if scope is not None else []
        node = inner
    return tuple(scopes), node


def _signature(tree: Tree, start: int, end: int, without: Sequence[tuple[int, int]]) -> str:
    pieces, position = [], start
    for low, high in sorted(set(without)):
        if position <= low <= high <= end:
            pieces.append(_text(tree, position, low))
            position = high
    pieces.append(_text(tree, position, min(end, position + 8 * _MAX_SIGNATURE)))
    folded = re.sub(r"(?<=[(\[]) | (?=[)\]])|,(?= ?[)\]])", "", " ".join(" ".join(pieces).split()))
    if len(folded) > _MAX_SIGNATURE:
        folded = folded[:_MAX_SIGNATURE].rstrip() + " …"
    return folded.rstrip("{;: ").rstrip()


def _docstring(tree: Tree, match: _Found, docs: Sequence[tuple[int, int]]) -> tuple[Span | None, str]:
    if docs:
        span = Span(tree.offset(docs[0][0]), tree.offset(docs[-1][1]))
        return span, plain(span.of(tree.text), tree.language.doc_convention)
    if tree.language.doc_convention != "docstring" or match.body is None:
        return None, ""
    node = docstring_node(match.body)
    if node is None:
        return None, ""
    span = tree.span(node)
    text = _PYTHON_STRING.match(span.of(tree.text))
    return span, inspect.cleandoc(text[2]).strip() if text else ""


def docstring_node(body: Node) -> Node | None:
    """The string that documents a Python body (block, module): its first statement, if that is a plain string."""
    first = next((child for child in body.named_children if child.type != "comment"), None)
    if first is None or first.type != "expression_statement" or first.named_child_count != 1:
        return None
    node = first.named_child(0)
    if node.type != "string" or any(child.type == "interpolation" for child in node.named_children):
        return None
    opening = (node.child(0).text or b"").lower()
    return None if b"b" in opening or b"f" in opening or b"t" in opening else node


def _trimmed(tree: Tree, node: Node) -> Span:
    span = tree.span(node)
    return Span(span.start, span.start + len(span.of(tree.text).rstrip()))


def _text(tree: Tree, start: int, end: int) -> str:
    return tree.data[start:end].decode("utf-8", "replace")
