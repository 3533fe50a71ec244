"""The syntax colours of a text, as classes of its pieces, read off the leaves of its tree.

One way for all languages: what a leaf is called in a grammar says enough. Knows no colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from tree_sitter import Node

from . import Span
from .references import called
from .symbols import outline
from .tree import Tree

Class = Literal["comment", "string", "number", "keyword", "type", "definition", "call"]


class Token(NamedTuple):
    """A piece of text and its class."""

    span: Span
    kind: Class


_COMMENT = re.compile(r"(?:^|_)comment$")
_STRING = re.compile(r"(?:^|_)(?:string|string_literal|char_literal|character_literal|rune_literal|regex)$")
_NUMBER = re.compile(r"(?:^|_)(?:integer|float|number|int|imaginary|floating_point)(?:_literal)?$")
_TYPE = re.compile(r"^(?:type_identifier|(?:primitive|predefined|integral|floating_point|boolean|void)_type|auto)$")
_WORD = re.compile(r"#?[A-Za-z_]+(?: [a-z]+)*")
_CONSTANT = frozenset(
    ("true", "false", "none", "null", "nil", "iota", "undefined", "self", "this", "super", "null_literal")
)
_HOLES = frozenset(("interpolation", "template_substitution", "string_interpolation"))
"""Code inside of a string."""


def highlight(tree: Tree) -> tuple[Token, ...]:
    """The classes of a text's pieces, in order and apart from each other; what has none is not in the list."""
    special: dict[int, Class] = {tree.byte(offset): "call" for _, _, offset in called(tree)}
    special |= {
        tree.byte(symbol.name_span.start): "definition" for symbol in outline(tree) if symbol.kind != "variable"
    }
    found: list[Token] = []
    for start, end, kind in _pieces(tree.root, special):
        span = Span(tree.offset(start), tree.offset(end))
        if span.start < span.end and (not found or found[-1].span.end <= span.start):
            found.append(Token(span, kind))
    return tuple(found)


def _pieces(root: Node, special: dict[int, Class]) -> Iterator[tuple[int, int, Class]]:
    """Start, end (bytes) and class of each piece that has one, in order."""
    stack: list[Node | tuple[int, int]] = [root]  # nodes, and what of a string stands around the code inside of it
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            yield *node, "string"
            continue
        kind = _whole(node)
        if kind == "string" and any(child.type in _HOLES for child in node.children):
            stack += reversed(_parts(node))
        elif kind is not None:
            yield node.start_byte, node.end_byte, kind
        elif node.child_count and _TYPE.match(node.type):
            yield node.start_byte, node.end_byte, "type"
        elif node.child_count:
            stack += reversed(node.children)
        elif (leaf := special.get(node.start_byte) if node.is_named else None) or (leaf := _leaf(node)):
            yield node.start_byte, node.end_byte, leaf


def _parts(node: Node) -> list[Node | tuple[int, int]]:
    """A string with code inside: its own pieces, and the nodes of the code."""
    parts: list[Node | tuple[int, int]] = []
    at = node.start_byte
    for hole in node.children:
        if hole.type in _HOLES:
            parts += [(at, hole.start_byte), hole]
            at = hole.end_byte
    return [*parts, (at, node.end_byte)]


def _whole(node: Node) -> Class | None:
    """The class of a node that is one piece, whatever is in it."""
    if not node.is_named:
        return None
    if _COMMENT.search(node.type):
        return "comment"
    if _STRING.search(node.type) and node.type != "concatenated_string":
        around = node.parent
        documents = around is not None and around.type == "expression_statement" and around.named_child_count == 1
        return "comment" if documents else "string"  # a string that is a statement says something to a reader
    return None


def _leaf(node: Node) -> Class | None:
    if _NUMBER.search(node.type):
        return "number"
    if node.is_named:
        if node.type in _CONSTANT:
            return "keyword"
        return "type" if _TYPE.match(node.type) else None
    return "keyword" if _WORD.fullmatch(node.type) else None
