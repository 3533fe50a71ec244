"""What calling a function gives back, as far as its paths (Python, JavaScript, TypeScript) or its declared result show.

Where the syntax does not plainly show it the answer is "": a value that another function gives may be nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from tree_sitter import Node

from . import Symbol
from .tree import Tree, holds

Gives = Literal["", "nothing", "value", "surely"]

FUNCTIONS = {
    "function_definition",
    "lambda",
    "function_declaration",
    "generator_function_declaration",
    "function_expression",
    "generator_function",
    "arrow_function",
    "method_definition",
    "func_literal",
    "method_declaration",
    "constructor_declaration",
    "function_item",
    "closure_expression",
    "lambda_expression",
}
"""Nodes that are functions, in all grammars."""

_BY_PATHS = {"python", "javascript", "typescript", "typescriptreact"}
_NOTHING = {"none", "null", "undefined"}
_THINGS = {
    *("integer", "float", "string", "concatenated_string", "true", "false", "list", "dictionary", "set", "tuple"),
    *("list_comprehension", "dictionary_comprehension", "set_comprehension", "generator_expression", "lambda"),
    *("comparison_operator", "not_operator", "binary_operator", "unary_operator", "expression_list", "number"),
    *("template_string", "array", "object", "arrow_function", "function_expression", "new_expression", "regex"),
    "update_expression",
}
_CHOOSES = {"||", "&&", "??"}
_MAKERS = {"len", "sum", "sorted", "list", "dict", "set", "tuple", "str", "int", "float", "bool", "any", "all", "repr"}
_PLAIN = ("staticmethod", "classmethod", "property", "override", "cached_property", "abstractmethod")
_EMPTY = re.compile(r"\(\)|!|\b[Vv]oid\b|<\s*void\s*>|\bUnit\b|^error$")
"""Declared results that are nothing, or may hold it: `Result<(), Error>`, `CompletableFuture<Void>`, an `error`."""
_TRIVIAL = {"pass_statement", "comment", "raise_statement", "throw_statement", "ellipsis", "string"}


def gives(tree: Tree, symbol: Symbol) -> Gives:
    """`nothing`: no path gives a value. `value`: every path does, and some give what cannot be nothing; or a result is
    declared. `surely`: what is given is never `None`, `null` or `undefined`. "": not plain, or no function."""
    node = function_node(tree, symbol)
    if node is None:
        return ""
    if tree.language.id in _BY_PATHS:
        if any(each.lstrip("@").partition("(")[0].rpartition(".")[2] not in _PLAIN for each in symbol.decorators):
            return ""  # a decorator may give something else
        return _by_paths(node)
    return _declared(tree, node)


def function_node(tree: Tree, symbol: Symbol) -> Node | None:
    """The node of the function that `symbol` is; None where it is none, or has no body."""
    if symbol.body is None or symbol.kind not in {"function", "method"}:
        return None
    node: Node | None = tree.covering(symbol.body)
    while node is not None and node.type not in FUNCTIONS:
        node = node.parent
    return node


def own_nodes(function: Node) -> Iterator[Node]:
    """All nodes inside a function's body, those of functions and classes inside of it left out."""
    body = function.child_by_field_name("body")
    stack = [body] if body is not None else []
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in node.named_children if child.type not in FUNCTIONS and "class" not in child.type]


def holds_functions(function: Node) -> bool:
    """Whether functions are defined inside of a function's body, without a name or with one."""
    body = function.child_by_field_name("body")
    if body is None:
        return False
    return body.type in FUNCTIONS or any(
        child.type in FUNCTIONS for node in own_nodes(function) for child in node.named_children
    )


def _by_paths(function: Node) -> Gives:
    body = function.child_by_field_name("body")
    if body is None:
        return ""
    if function.type == "lambda" or (function.type == "arrow_function" and body.type != "statement_block"):
        return "surely" if _thing(body) and not _holds_nothing(body) else ""
    nodes = list(own_nodes(function))
    if any(node.type in {"yield", "yield_expression"} for node in nodes):
        return ""
    values = [_value(node) for node in nodes if node.type == "return_statement"]
    if all(value is None or value.type in {"none", "undefined"} for value in values):
        done = [node for node in body.named_children if not _trivial(node)]
        return "nothing" if done else ""
    if not _ends(body) or any(value is None or value.type in _NOTHING or _holds_nothing(value) for value in values):
        return ""
    sure = [value is not None and _thing(value) for value in values]
    return "surely" if all(sure) else "value" if any(sure) else ""


def _value(statement: Node) -> Node | None:
    return next((child for child in statement.named_children if child.type != "comment"), None)


def _trivial(statement: Node) -> bool:
    if statement.type == "expression_statement" and statement.named_child_count == 1:
        return statement.named_children[0].type in _TRIVIAL
    return statement.type in _TRIVIAL


def _thing(value: Node) -> bool:
    """Whether an expression cannot be nothing, whatever its names stand for."""
    if value.type in _THINGS:
        return True
    if value.type in {"parenthesized_expression", "as_expression", "satisfies_expression"}:
        return bool(value.named_children) and _thing(value.named_children[0])
    if value.type in {"conditional_expression", "ternary_expression"}:
        parts = value.named_children
        return (
            len(parts) == 3 and _thing(parts[2]) and _thing(parts[0 if value.type == "conditional_expression" else 1])
        )
    if value.type in {"boolean_operator", "binary_expression"}:
        sides = [value.child_by_field_name(name) for name in ("left", "right")]
        operator = value.child_by_field_name("operator")
        name = operator.type if operator is not None else ""
        if name not in _CHOOSES | {"and", "or"}:
            return True
        return all(side is not None and _thing(side) for side in (sides if name in {"and", "&&"} else sides[1:]))
    called = value.child_by_field_name("function") if value.type == "call" else None
    return called is not None and (called.text or b"").decode(errors="replace") in _MAKERS


def _holds_nothing(value: Node) -> bool:
    """Whether nothing is a part of what is given: of `None, "no colon"` one can say that it returns `None`."""
    return holds(value, _NOTHING)


def _ends(node: Node | None) -> bool:
    """Whether a statement or block never runs past its end. Where that is not plain: False."""
    if node is None:
        return False
    if node.type in {"return_statement", "raise_statement", "throw_statement"}:
        return True
    parts = node.named_children
    if node.type in {"block", "statement_block", "else_clause", "finally_clause"}:
        return any(_ends(part) for part in parts)
    if node.type == "if_statement":
        others = node.children_by_field_name("alternative")
        whole = bool(others) and others[-1].type == "else_clause"
        return whole and _ends(node.child_by_field_name("consequence")) and all(map(_ends, others))
    if node.type == "elif_clause":
        return _ends(node.child_by_field_name("consequence"))
    if node.type == "try_statement":
        if any(part.type == "finally_clause" and _ends(part) for part in parts):
            return True
        bodies = [part for part in parts if part.type in {"block", "statement_block", "else_clause"}]
        handlers = [part for part in parts if part.type in {"except_clause", "catch_clause"}]
        caught = all(_ends(part.named_children[-1] if part.named_children else None) for part in handlers)
        return any(map(_ends, bodies)) and caught
    if node.type == "with_statement":  # another context manager might swallow an error and go on
        return b"open(" in (node.named_children[0].text or b"") and _ends(node.child_by_field_name("body"))
    return False


def _declared(tree: Tree, function: Node) -> Gives:
    """By the header: Java, Go, Rust, C and C++ check it themselves."""
    language = tree.language.id
    if language in {"go", "rust"}:
        result = function.child_by_field_name("result" if language == "go" else "return_type")
        if result is None:
            return "nothing"
        return "" if _EMPTY.search(tree.source(result)) else "value"
    kind, declarator = function.child_by_field_name("type"), function.child_by_field_name("declarator")
    if kind is None or kind.type == "placeholder_type_specifier":
        return ""
    if tree.source(kind) != "void":
        return "" if _EMPTY.search(tree.source(kind)) else "value"
    return "nothing" if declarator is None or declarator.type == "function_declarator" else "value"
