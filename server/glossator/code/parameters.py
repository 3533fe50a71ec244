"""The names of a definition's parameters, in order, out of its parameter list in any of the languages."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .tree import Tree

_ANONYMOUS = {"keyword_separator", "positional_separator", "...", "self_parameter", "this", "variadic_parameter"}
_SINGLE = {
    "identifier",
    "object_pattern",
    "array_pattern",
    "rest_pattern",
    "list_splat_pattern",
    "dictionary_splat_pattern",
}
_NAME_FIELDS = ("name", "pattern", "declarator", "left")


def parameters(tree: Tree, node: Node | None) -> tuple[str, ...]:
    """Names as written, without types and defaults; `*args`, `/`, `...rest`, `&mut self` and patterns as they stand."""
    if node is None:
        return ()
    if node.type in _SINGLE:
        return (tree.source(node),)
    found = (name for child in node.children for name in _names(child) if not name.is_missing)
    return tuple(" ".join(tree.source(name).split()) for name in found)


def declared(node: Node) -> tuple[Node, Node | None]:
    """What a C declarator declares: the name's node, and the parameter list where it declares a function."""
    listed: Node | None = None
    while True:
        if node.type == "function_declarator" and listed is None:
            listed = node.child_by_field_name("parameters")
        elif node.type == "parenthesized_declarator":
            listed = None if _points(node) else listed
        inner = node.child_by_field_name("declarator")
        if inner is None and node.type.endswith("_declarator") and node.named_child_count:
            inner = node.named_children[-1]
        if inner is None:
            return node, listed
        node = inner


def _points(node: Node) -> bool:
    return any(child.type == "pointer_declarator" for child in node.named_children)


def _names(child: Node) -> Iterator[Node]:
    if child.type in _ANONYMOUS or child.type in _SINGLE:
        yield child
        return
    if not child.is_named or child.is_extra or child.type in {"attribute_item", "receiver_parameter"}:
        return
    if child.type == "variadic_parameter_declaration" and child.child_by_field_name("declarator") is None:
        named = child.children_by_field_name("name")
        yield from named or child.children[:1]
        return
    if child.type in {"typed_parameter", "spread_parameter"}:
        named = [each for each in child.named_children if each.type in _SINGLE or each.type == "variable_declarator"]
        for each in named[-1:] if child.type == "spread_parameter" else named[:1]:
            yield each.child_by_field_name("name") or each
        return
    for field in _NAME_FIELDS:
        found = [each for each in child.children_by_field_name(field) if each.is_named]
        if found:
            found = [declared(each)[0] for each in found] if field == "declarator" else found
            yield from (each for each in found if each.is_named and not each.type.startswith("abstract_"))
            return
    if child.type == "tuple_pattern":
        yield child
