"""The names in a piece of code that may stand for something defined elsewhere, each with what stands before its dot.

Knows one file and resolves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node, QueryCursor

from . import Span
from .languages import query
from .tree import Tree

Role = Literal["call", "type", "name"]

MOST = 4000
"""Names that are looked at in one piece of code."""

_BEFORE = ("object", "operand", "value", "argument", "path", "scope", "package", "module")
_DOTTED = {
    "attribute",
    "member_expression",
    "selector_expression",
    "field_expression",
    "scoped_identifier",
    "scoped_type_identifier",
    "qualified_identifier",
    "qualified_type",
    "nested_type_identifier",
    "method_invocation",
    "field_access",
}
_TYPED = {"type", "type_annotation", "class_heritage", "extends_clause", "superclass", "super_interfaces"}
_STEPS = 6
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that is used.

    Attributes:
        name: The name itself, the last part of `a.b.c`.
        qualifier: What stands before it without blanks, `a.b`, `self`, `crate::a`; "" for nothing.
        role: Whether it is called, names a type, or neither.
        offset: Where it stands first.
    """

    name: str
    qualifier: str
    role: Role
    offset: int


def references(tree: Tree, span: Span) -> tuple[Reference, ...]:
    """The names used inside `span` in the order of their first places, each with its weightiest role.

    Worked out once for a tree, since every question about a definition asks for them more than once.
    """
    return tree.once(f"references {span.start} {span.end}", lambda: _references(tree, span))


def _references(tree: Tree, span: Span) -> tuple[Reference, ...]:
    start, end = tree.byte(span.start), tree.byte(span.end)
    called = {node.id for node in _captured(tree, "calls", "callee", start, end)}
    found: dict[tuple[str, str], Reference] = {}
    for node in _captured(tree, "names", "name", start, end)[:MOST]:
        name, qualifier = tree.source(node), _qualifier(tree, node)
        role: Role = "call" if node.id in called else "type" if _is_type(node) else "name"
        known = found.get((name, qualifier))
        if known is None:
            found[name, qualifier] = Reference(name, qualifier, role, tree.offset(node.start_byte))
        elif (known.role, role) in {("name", "call"), ("name", "type"), ("type", "call")}:
            found[name, qualifier] = Reference(name, qualifier, role, known.offset)
    return tuple(found.values())


def called(tree: Tree) -> tuple[tuple[str, str, int], ...]:
    """All calls of a file in order: name, qualifier, offset."""
    nodes = _captured(tree, "calls", "callee", 0, len(tree.data))
    return tuple((tree.source(node), _qualifier(tree, node), tree.offset(node.start_byte)) for node in nodes)


def placed(tree: Tree) -> tuple[tuple[str, str, int], ...]:
    """Like `called`, without decorators: what is decorated does not call them."""
    nodes = _captured(tree, "calls", "callee", 0, len(tree.data))
    return tuple(
        (tree.source(node), _qualifier(tree, node), tree.offset(node.start_byte))
        for node in nodes
        if not _decorates(node)
    )


def _decorates(node: Node) -> bool:
    around = node.parent
    while around is not None and around.type in {*_DOTTED, "call", "call_expression"}:
        around = around.parent
    return around is not None and around.type == "decorator"


def _captured(tree: Tree, topic: str, name: str, start: int, end: int) -> list[Node]:
    cursor = QueryCursor(query(tree.language, topic))
    cursor.set_byte_range(start, end)
    nodes = [node for node in cursor.captures(tree.root).get(name, ()) if start <= node.start_byte < end]
    return sorted(nodes, key=_start)


def _qualifier(tree: Tree, node: Node) -> str:
    parent = node.parent
    if parent is not None and parent.type == "template_function":  # of C++: `a::b<int>()`
        node, parent = parent, parent.parent
    if parent is None or parent.type not in _DOTTED:
        return ""
    for field in _BEFORE:
        before = parent.child_by_field_name(field)
        if before is not None and before.end_byte <= node.start_byte:
            return "".join(tree.source(before).split())[:_LONGEST]
    return ""


def _is_type(node: Node) -> bool:
    if node.type == "type_identifier":
        return True
    around, step = node.parent, 0
    while around is not None and step < _STEPS:
        if around.type in _TYPED:
            return True
        if around.type == "argument_list":  # the bases of a Python class
            holder = around.parent
            return holder is not None and holder.type == "class_definition"
        around, step = around.parent, step + 1
    return False


def _start(node: Node) -> int:
    return node.start_byte
