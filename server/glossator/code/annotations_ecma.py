"""The type annotations that one TypeScript function has and another version of it lacks, as edits of the latter.

What has a type already keeps it: a type in TypeScript is checked, so it is right.
"""

from __future__ import annotations

from tree_sitter import Node

from .tree import Tree

_PARAMETERS = {"required_parameter", "optional_parameter"}


def typed_header(tree: Tree, mine: Node, given: Tree, other: Node) -> list[tuple[int, int, str]]:
    """`(start, end, text)` for each type that `other`, a node of `given`, adds to `mine`, a node of `tree`."""
    types = {_name(given, node): _typed(given, node.child_by_field_name("type")) for node in _parameters(other)}
    edits = []
    for node in _parameters(mine):
        text = types.get(_name(tree, node), "")
        if text and node.child_by_field_name("type") is None:
            edits.append(_behind(tree, _last(node), text))
    listed = mine.child_by_field_name("parameters")
    result = _typed(given, other.child_by_field_name("return_type"))
    if result and listed is not None and _may_return(tree, mine, result):
        edits.append(_behind(tree, listed, result))
    return edits


def all_typed(tree: Tree, function: Node) -> bool:
    """Whether every parameter has a type, and the result, where one can be declared."""
    if function.child_by_field_name("parameter") is not None:  # x => x
        return False
    name = function.child_by_field_name("name")
    none = (name is not None and tree.source(name) == "constructor") or any(
        each.type == "set" for each in function.children
    )
    result = none or function.child_by_field_name("return_type") is not None
    return result and all(node.child_by_field_name("type") is not None for node in _parameters(function))


def _parameters(function: Node) -> list[Node]:
    listed = function.child_by_field_name("parameters")
    return [] if listed is None else [child for child in listed.named_children if child.type in _PARAMETERS]


def _name(tree: Tree, parameter: Node) -> str:
    pattern = parameter.child_by_field_name("pattern")
    return "".join(tree.source(pattern).split()) if pattern is not None else ""


def _last(parameter: Node) -> Node:
    """What a type follows: the name, or the mark of an optional parameter."""
    marks = [child for child in parameter.children if child.type == "?"]
    return marks[0] if marks else parameter.child_by_field_name("pattern") or parameter


def _typed(tree: Tree, node: Node | None) -> str:
    """An annotation on one line, its colon included; "" for none, a broken one and a type predicate."""
    if node is None or node.type != "type_annotation" or node.has_error:
        return ""
    return ": " + " ".join(tree.source(node).removeprefix(":").split())


def _may_return(tree: Tree, function: Node, result: str) -> bool:
    """Whether a result of that type can be declared: not twice, of no constructor, and as a promise where it is one."""
    name = function.child_by_field_name("name")
    if function.child_by_field_name("return_type") is not None or (
        name is not None and tree.source(name) == "constructor"
    ):
        return False
    words = {child.type for child in function.children}
    return not ("async" in words and "*" not in words) or result.startswith(": Promise<")


def _behind(tree: Tree, node: Node, text: str) -> tuple[int, int, str]:
    end = tree.offset(node.end_byte)
    return end, end, text
