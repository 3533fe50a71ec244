"""What a function changes outside of its own variables, as far as syntax plainly shows.

What is not listed may still be: a called function may do anything, and another name may stand for the same object. What
is listed is told to users and models as so, so that whatever may be a copy is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from . import Symbol
from .gives import own_nodes
from .tree import Tree

_ROOT = re.compile(r"^[\s(&*]*([A-Za-z_$][\w$]*)")
_RECEIVER = re.compile(r"^func \((\w+) \*")
_MAKES_ANOTHER = re.compile(r"call|invocation|slice|new_|await|creation|conditional|ternary|binary|boolean|cast")
"""Parts of an expression that may give another object than the one that it begins with."""
_BINDS = {
    "assignment": "left",
    "assignment_expression": "left",
    "assignment_statement": "left",
    "short_var_declaration": "left",
    "range_clause": "left",
    "for_statement": "left",
    "for_in_clause": "left",
    "for_in_statement": "left",
    "named_expression": "name",
    "variable_declarator": "name",
    "init_declarator": "declarator",
    "let_declaration": "pattern",
}
"""Nodes that give names another value, and the field in which the names are."""
_PATTERNS = re.compile(r"\w*(?:pattern|expression_list|_list|_tuple|declarator)|as_pattern_target")


@dataclass(frozen=True, slots=True)
class Touches:
    """What a function touches.

    Attributes:
        mutated: Parameters that it changes in place, its own object left out.
        own: What of its own object it changes, as `self.items`.
        outer: Global names that it sets.
    """

    mutated: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    outer: tuple[str, ...] = ()


def touches(tree: Tree, symbol: Symbol, function: Node | None, writes: Sequence[Node]) -> Touches:
    """By the nodes that are written to; `function` is None for a class, which touches nothing."""
    if function is None:
        return Touches()
    again = _rebound(tree, function)
    names = {
        match[1]
        for each in symbol.parameters
        if not each.startswith("*") and (match := _ROOT.match(each.replace("mut ", ""))) and _shared(tree, symbol, each)
    }
    selves = _selves(tree, symbol) - again
    mutated, own = [], []
    for node in writes:
        root = match[1] if (match := _ROOT.match(tree.source(node))) else ""
        if _another(node):
            continue
        if root in selves:
            if _calls_own(tree, node, root):
                continue
            own.append(_attribute(tree, node, root))
        elif root in names - again:
            mutated.append(root)
    return Touches(tuple(dict.fromkeys(mutated)), tuple(dict.fromkeys(own)), _globals(tree, function))


def _selves(tree: Tree, symbol: Symbol) -> set[str]:
    """The names by which a function changes its own object, and not a copy of it."""
    language = tree.language.id
    if language == "python":
        return {"self", "cls"}
    if language == "go":
        receiver = _RECEIVER.match(symbol.signature)
        return {receiver[1]} if receiver else set()
    if language == "rust":
        return {"self"} if "&mut self" in symbol.signature else set()
    return {"this"}


def _shared(tree: Tree, symbol: Symbol, parameter: str) -> bool:
    """Whether a change to a parameter is plainly one to what the caller gave: not where it is passed by value."""
    if parameter in {"self", "cls", "this"}:
        return False
    marks = {
        "go": rf"\b{re.escape(parameter)}\b(?:, ?\w+)* (?:\*|map\[|\[\])",
        "rust": rf"\b{re.escape(parameter)} ?: ?&(?:'\w+ )?mut\b",
        "c": rf"\*(?: ?const)? ?{re.escape(parameter)}\b|\b{re.escape(parameter)} ?\[",
        "cpp": rf"[*&](?: ?const)? ?{re.escape(parameter)}\b|\b{re.escape(parameter)} ?\[",
    }.get(tree.language.id, "")
    return re.search(marks, symbol.signature) is not None


def _another(node: Node) -> bool:
    """Whether what is written to may be another object than the one that its first name stands for."""
    stack = [node]
    while stack:
        part = stack.pop()
        if _MAKES_ANOTHER.search(part.type):
            return True
        stack += part.named_children
    return False


def _rebound(tree: Tree, function: Node) -> set[str]:
    """The names that get another value anywhere in a function."""
    found: set[str] = set()
    for node in own_nodes(function):
        target = node.child_by_field_name(_BINDS[node.type]) if node.type in _BINDS else None
        stack = [target] if target is not None else []
        if node.type == "as_pattern_target":
            stack = [*node.named_children]
        while stack:
            part = stack.pop()
            if part.type in {"identifier", "shorthand_property_identifier_pattern"}:
                found.add(tree.source(part))
            elif _PATTERNS.fullmatch(part.type):
                stack += part.named_children
    return found


def _calls_own(tree: Tree, node: Node, root: str) -> bool:
    """Whether it is `self.update(x)`: a call of a method of its own, which may do anything."""
    member = node.parent
    if tree.source(node) != root or member is None or member.parent is None:
        return False
    return "invocation" in member.type or "call" in member.parent.type


def _attribute(tree: Tree, node: Node, root: str) -> str:
    """`self.items` of `self.items.append(x)`, `self.items[0] = x` and `self.items = x`."""
    whole = node.parent if tree.source(node).strip("(&*) ") == root and node.parent is not None else node
    match = re.match(rf"[\s(&*]*({re.escape(root)}(?:\.|->)#?[\w$]+)", tree.source(whole))
    return match[1] if match else root


def _globals(tree: Tree, function: Node) -> tuple[str, ...]:
    if tree.language.id != "python":
        return ()
    found = [name for node in own_nodes(function) if node.type == "global_statement" for name in node.named_children]
    return tuple(dict.fromkeys(tree.source(name) for name in found))
