"""Type annotations of one version of a definition, put into another whose code stays as it is: Python and TypeScript.

For a model that was asked for annotations and changed the code as well: what was asked for is taken, the rest is not.
Also whether a definition has all that it can have.
"""

from __future__ import annotations

from collections import defaultdict

from tree_sitter import Node, QueryCursor

from . import Span, Symbol, TooLarge
from .annotations_ecma import all_typed, typed_header
from .canonical_python import harmless
from .fingerprint import same_code
from .gives import function_node
from .languages import query
from .outline import read
from .tree import Tree, parse

ANNOTATED = ("python", "typescript", "typescriptreact")
"""The languages in which a definition may have type annotations or go without."""

_BARE = {"identifier", "list_splat_pattern", "dictionary_splat_pattern"}


def transplant_annotations(tree: Tree, symbol: Symbol, code: str) -> str | None:
    """What is to stand in the place of `symbol.code`: itself, with the annotations that `code` has.

    `code` is a version of the same definition (other definitions beside it are no harm), in any indentation of its own.
    None where nothing can be taken: it does not parse, has no annotation that is new, or the language has none to add.
    """
    if tree.language.id not in ANNOTATED:
        return None
    try:
        given = parse(code, tree.language)
    except TooLarge:
        return None
    if not any(each.name == symbol.name for each in read(given).symbols):
        return None
    theirs = _functions(given, Span(0, len(code)), symbol)
    edits: list[tuple[int, int, str]] = []
    for name, functions in _functions(tree, symbol.code, symbol).items():
        for mine, other in zip(functions, theirs.get(name, ()), strict=False):
            edits += (_edits if tree.language.id == "python" else typed_header)(tree, mine, given, other)
    result, position = "", symbol.code.start
    for start, end, text in sorted(edits):
        result += tree.text[position:start] + text
        position = end
    result += tree.text[position : symbol.code.end]
    return result if result != symbol.code.of(tree.text) and _holds(tree, symbol, result) else None


def annotated(tree: Tree, symbol: Symbol) -> bool:
    """Whether every parameter of a function, its own object aside, and its result have a type."""
    function = function_node(tree, symbol)
    if function is None or tree.language.id not in ANNOTATED:
        return False
    if tree.language.id != "python":
        return all_typed(tree, function)
    listed = _parameters(tree, function)
    if symbol.kind == "method" and listed and listed[0][0] in {"self", "cls"}:
        listed = listed[1:]
    return function.child_by_field_name("return_type") is not None and all(kind is not None for _, _, kind in listed)


def _holds(tree: Tree, symbol: Symbol, code: str) -> bool:
    after = tree.text[: symbol.code.start] + code + tree.text[symbol.code.end :]
    try:
        fine = len(tree.edited(after).errors()) <= len(tree.errors())
        return fine and same_code(tree.text, after, tree.language)
    except TooLarge:
        return False


def _functions(tree: Tree, span: Span, symbol: Symbol) -> dict[tuple[str, ...], list[Node]]:
    """The functions in `span` by their path below `symbol`, itself `()`; of one path in the order of the text."""
    found: dict[tuple[str, ...], list[Node]] = defaultdict(list)
    paths = {each.name_span.start: each.path for each in read(tree).symbols}
    cursor = QueryCursor(query(tree.language, "functions"))
    for node in cursor.captures(tree.root).get("function", []):
        named = node if node.child_by_field_name("name") is not None else node.parent
        name = named.child_by_field_name("name") if named is not None else None
        path = paths.get(tree.offset(name.start_byte)) if name is not None else None
        if path is None or symbol.name not in path or not span.holds(tree.span(node)):
            continue
        below = path[path.index(symbol.name, min(len(symbol.path) - 1, path.index(symbol.name))) + 1 :]
        found[below].append(node)
    for nodes in found.values():
        nodes.sort(key=lambda node: node.start_byte)
    return found


def _edits(tree: Tree, mine: Node, given: Tree, other: Node) -> list[tuple[int, int, str]]:
    edits: list[tuple[int, int, str]] = []
    types = {name: kind for name, _, kind in _parameters(given, other) if kind is not None}
    for name, node, kind in _parameters(tree, mine):
        if name in types:
            text = _typed(given, types[name])
            edits += [_annotated(tree, node, kind, text)] if text else []
    listed, result = mine.child_by_field_name("parameters"), other.child_by_field_name("return_type")
    text = _typed(given, result) if result is not None else ""
    if text and listed is not None:
        old = mine.child_by_field_name("return_type")
        end = tree.offset(listed.end_byte)
        edits.append((*_ends(tree, old), text) if old is not None else (end, end, f" -> {text}"))
    return edits


def _annotated(tree: Tree, node: Node, kind: Node | None, text: str) -> tuple[int, int, str]:
    if kind is not None:
        return (*_ends(tree, kind), text)
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is not None and value is not None:
        return tree.offset(name.end_byte), tree.offset(value.start_byte), f": {text} = "
    end = tree.offset(node.end_byte)
    return end, end, f": {text}"


def _parameters(tree: Tree, function: Node) -> list[tuple[str, Node, Node | None]]:
    """Name (with its stars), node and type of each parameter."""
    listed = function.child_by_field_name("parameters")
    found: list[tuple[str, Node, Node | None]] = []
    for child in listed.named_children if listed is not None else ():
        name = child.child_by_field_name("name") or (child if child.type in _BARE else _first(child))
        if name is not None:
            found.append((tree.source(name).replace(" ", ""), child, child.child_by_field_name("type")))
    return found


def _first(node: Node) -> Node | None:
    """The first named child; a lone `*` has none."""
    return node.named_children[0] if node.named_child_count else None


def _typed(tree: Tree, node: Node) -> str:
    """A type on one line; "" for one that is broken or would run something when it is read."""
    return " ".join(tree.source(node).split()) if not node.has_error and harmless(node) else ""


def _ends(tree: Tree, node: Node) -> tuple[int, int]:
    span = tree.span(node)
    return span.start, span.end
