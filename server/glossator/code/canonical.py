"""A piece of a tree as a sequence of words that says what the code means and nothing about how it is laid out.

White space, comments, trailing commas and optional semicolons are gone; where a node begins and ends is a word, so that
Python's indentation and JavaScript's missing semicolons still count. What is particular to one language is in
`canonical_python.py` and `canonical_ecma.py`. Knows nothing of symbols and makes no digest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from . import Span
from .tree import Tree

COMMENTS = {"comment", "line_comment", "block_comment", "html_comment", "line_continuation"}
_DIRECTIVE = re.compile(r"//go:|// \+build")
_VERBATIM = re.compile(r"(?<!concatenated_)string|char_literal|character|rune|regex|_content|format_specifier")
_CONTAINERS = {"module", "block", "program", "source_file", "translation_unit", "statement_list"}
_CLOSERS = {")", "]", "}", ">", "|"}


@dataclass(frozen=True, slots=True)
class View:
    """What counts: `docs`, docstrings do; `types`, annotations that do not change what runs do."""

    docs: bool = True
    types: bool = True


Item = str | Node | tuple[Node, View]
"""A word, or a node that is still to be read (with the view of what is around it, or one of its own)."""

Rule = Callable[[Node, Tree, View], list[Item] | None]
"""How a node is read; None: as any other."""


@dataclass(frozen=True)
class Dialect:
    """What is particular to a language.

    Attributes:
        rules: By node type.
        commas: Types of nodes in which a comma before the closing bracket says nothing.
        ends: By type of the parent (`""`: any other): the tokens that say nothing there.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    commas: frozenset[str] = frozenset()
    ends: Mapping[str, frozenset[str]] = field(default_factory=dict)


def words(tree: Tree, span: Span, dialect: Dialect, view: View) -> Iterator[str]:
    """The words of `span`. Of a node that is only partly inside, its parts that are."""
    stack: list[tuple[Item, View]] = [(item, view) for item in reversed(_outermost(tree, span, dialect, view))]
    while stack:
        item, view = stack.pop()
        if isinstance(item, str):
            yield item
            continue
        if isinstance(item, tuple):
            item, view = item
        stack += [(each, view) for each in reversed(_inside(item, tree, dialect, view))]


def _outermost(tree: Tree, span: Span, dialect: Dialect, view: View) -> list[Item]:
    """The largest nodes inside of `span`, in order, however many others stand beside them in a file or block."""
    part = span.of(tree.text)
    start = tree.byte(span.start + len(part) - len(part.lstrip()))
    end = max(start, tree.byte(span.end - len(part) + len(part.rstrip())))
    top = tree.root.descendant_for_byte_range(start, end) or tree.root
    while (around := top.parent) is not None and around.type not in _CONTAINERS:
        if around.start_byte < start or around.end_byte > end:
            break
        top = around
    found: list[Item] = []
    stack: list[Item] = [top]
    while stack:
        item = stack.pop()
        if not isinstance(item, Node):
            found.append(item)
            continue
        low, high = item.start_byte, item.end_byte
        whole = not tree.data[low:start].strip() and not tree.data[end:high].strip()
        if high <= start or low >= end:
            continue
        if item.type in _CONTAINERS and whole:
            stack += reversed(_inside(item, tree, dialect, view)[1:-1])
        elif whole:
            found.append(item)
        elif item.child_count:
            stack += reversed([each for each in children(item, tree, dialect) if isinstance(each, Node)])
        elif item.type not in COMMENTS:
            found.append(item.type + " " + tree.data[max(low, start) : min(high, end)].decode("utf-8", "replace"))
    return found


def _inside(node: Node, tree: Tree, dialect: Dialect, view: View) -> list[Item]:
    kind = node.type
    if kind in COMMENTS:
        return [tree.source(node)] if _DIRECTIVE.match(tree.source(node)) else []
    rule = dialect.rules.get(kind)
    if rule is not None:
        items = rule(node, tree, view)
        if items is not None:
            return items
    if node.child_count:
        return ["(" + kind, *children(node, tree, dialect), ")"]
    if node.is_missing:
        return ["missing " + kind]
    if not node.is_named:
        return [] if kind.isspace() else [kind]
    text = tree.source(node)
    if kind == "preproc_arg" and '"' not in text and "'" not in text:
        text = " ".join(text.split())
    return [kind + " " + text]


def children(node: Node, tree: Tree, dialect: Dialect) -> list[Item]:
    """The children that say something, with the text between them that no child covers."""
    kind = node.type
    verbatim = _VERBATIM.search(kind) is not None
    silent = dialect.ends.get(kind, dialect.ends.get("", frozenset()))
    items: list[Item] = []
    position = node.start_byte
    before: Node | None = None
    found = node.children
    for at, child in enumerate(found):
        low = child.start_byte
        if low > position:
            gap = tree.data[position:low]
            if verbatim or gap.strip():
                kept = gap if verbatim else gap.replace(b"\\\n", b"").replace(b"\\\r\n", b"").strip()
                items += [kept.decode("utf-8", "replace")] if kept else []
        position = child.end_byte
        if not child.is_named and (
            child.type in silent
            or (child.type == "," and kind in dialect.commas and _trails(found, at) and not _empty(before))
        ):
            continue
        items.append(child)
        if child.type not in COMMENTS:
            before = child
    if position < node.end_byte:
        gap = tree.data[position : node.end_byte]
        if verbatim or gap.strip():
            items.append(gap.decode("utf-8", "replace"))
    return items


def _trails(found: list[Node], at: int) -> bool:
    after = next((child for child in found[at + 1 :] if child.type not in COMMENTS), None)
    return after is not None and after.type in _CLOSERS


def _empty(before: Node | None) -> bool:
    """Whether nothing stands before the comma: `[,]` in JavaScript is a hole."""
    return before is None or before.type in {",", "[", "("}


GO = Dialect(
    commas=frozenset({"argument_list", "parameter_list", "literal_value", "type_arguments", "type_parameter_list"}),
    ends={
        parent: frozenset({";"})
        for parent in (
            "source_file",
            "statement_list",
            "field_declaration_list",
            "import_spec_list",
            "const_declaration",
            "var_declaration",
            "var_spec_list",
            "type_declaration",
            "interface_type",
            "expression_case",
            "default_case",
        )
    },
)
RUST = Dialect(
    commas=frozenset(
        {
            "arguments",
            "parameters",
            "array_expression",
            "tuple_expression",
            "field_initializer_list",
            "field_declaration_list",
            "ordered_field_declaration_list",
            "enum_variant_list",
            "struct_pattern",
            "type_arguments",
            "type_parameters",
            "use_list",
            "closure_parameters",
        }
    ),
    ends={"match_arm": frozenset({","})},
)
JAVA = Dialect(commas=frozenset({"array_initializer", "enum_body", "element_value_array_initializer"}))
C = Dialect(commas=frozenset({"initializer_list", "enumerator_list"}))
