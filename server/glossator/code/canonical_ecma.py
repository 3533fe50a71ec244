"""What a formatter may do to JavaScript and TypeScript without changing it, and which types are gone when it runs."""

from __future__ import annotations

import re

from tree_sitter import Node

from .canonical import Dialect, Item, View, children
from .tree import Tree

_QUOTE = re.compile(r"\\([\s\S])")
_BOUND = {"member_expression", "call_expression", "subscript_expression", "string", "non_null_expression"}
_KEPT = View(docs=True, types=True)


def _parenthesized(node: Node, tree: Tree, view: View) -> list[Item] | None:
    """`(a + b)` is its inside; `(a?.b).c` is not `a?.b.c`, and a string alone is a directive."""
    del tree, view
    if any(child.type in _BOUND for child in node.named_children):
        return None
    return [child for child in node.children if child.type not in {"(", ")"}]


def _string(node: Node, tree: Tree, view: View) -> list[Item]:
    del view
    text = _QUOTE.sub(lambda found: found[1] if found[1] in "'\"" else found[0], tree.source(node)[1:-1])
    return ["string " + text]


def _jsx_text(node: Node, tree: Tree, view: View) -> list[Item]:
    """Lines of text are joined by one blank; a line break beside a tag is nothing."""
    del view
    lines = tree.source(node).split("\n")
    if len(lines) > 1:
        lines = [lines[0].rstrip(), *(line.strip() for line in lines[1:-1]), lines[-1].lstrip()]
    text = " ".join(line for line in lines if line)
    return ["jsx_text " + text] if text else []


def _arrow(node: Node, tree: Tree, view: View) -> list[Item] | None:
    """`x => y` is `(x) => y`."""
    del view
    alone = node.child_by_field_name("parameter")
    if alone is None:
        return None
    typed = tree.language.id.startswith("typescript")
    listed: list[Item] = ["(required_parameter", alone, ")"] if typed else [alone]
    items: list[Item] = []
    for child in node.children:
        items += ["(formal_parameters", "(", *listed, ")", ")"] if child.id == alone.id else [child]
    return ["(arrow_function", *items, ")"]


def _erased(node: Node, tree: Tree, view: View) -> list[Item] | None:
    del node, tree
    return None if view.types else []


def _only_types(node: Node, tree: Tree, view: View) -> list[Item] | None:
    """An interface, a type, an overload: its types are all that it says."""
    if view.types:
        return None
    return [
        "(" + node.type,
        *((each, _KEPT) if isinstance(each, Node) else each for each in children(node, tree, ECMA)),
        ")",
    ]


def _empty(node: Node, tree: Tree, view: View) -> list[Item] | None:
    del tree, view
    return [] if node.parent is not None and node.parent.type in {"program", "statement_block"} else None


ECMA = Dialect(
    rules={
        "parenthesized_expression": _parenthesized,
        "string": _string,
        "jsx_text": _jsx_text,
        "arrow_function": _arrow,
        "empty_statement": _empty,
        **dict.fromkeys(
            ("type_annotation", "asserts_annotation", "type_predicate_annotation", "type_arguments", "type_parameters"),
            _erased,
        ),
        **dict.fromkeys(
            (
                "interface_declaration",
                "type_alias_declaration",
                "object_type",
                "function_signature",
                "method_signature",
                "abstract_method_signature",
                "ambient_declaration",
            ),
            _only_types,
        ),
    },
    commas=frozenset(
        {
            "arguments",
            "formal_parameters",
            "object",
            "array",
            "object_pattern",
            "array_pattern",
            "named_imports",
            "export_clause",
            "enum_body",
            "type_parameters",
            "type_arguments",
            "tuple_type",
        }
    ),
    ends={
        "for_statement": frozenset(),
        "empty_statement": frozenset(),
        "interface_body": frozenset({";", ","}),
        "object_type": frozenset({";", ","}),
        "": frozenset({";"}),
    },
)
