"""A part of another file that is worth showing: its words, where they are from, why they are shown, what they mean.

Knows one tree at a time and nothing of how the part was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from . import Span
from .entry import Definition, Entry
from .fingerprint import digest, fingerprint
from .tree import Tree

Why = Literal["calls", "uses", "names", "called by"]

MOST_WHOLE = 1_600
"""Characters up to which a function is shown whole; of a longer one its header."""
MOST_CLASS = 900
MOST_VARIABLE = 600
_MOST_MEMBERS = 16
_MOST_STATEMENT = 240
_CONTAINERS = {
    "block",
    "statement_block",
    "compound_statement",
    "statement_list",
    "class_body",
    "declaration_list",
    "field_declaration_list",
}
_MAKERS = {"__init__", "constructor", "new"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of another file.

    Attributes:
        title: What a model reads above it.
        code: Its text at the left margin.
        path: The file, relative to the workspace.
        line: The line where it begins, from 1.
        name: The definition, `Order.total`.
        why: What the target has to do with it.
        how: How it was found (`resolve.How`).
        fingerprint: What the shown code means, layout aside.
    """

    title: str
    code: str
    path: str
    line: int
    name: str
    why: Why
    how: str
    fingerprint: str


def defined(tree: Tree, entry: Entry, definition: Definition, why: Why, how: str) -> Piece:
    """A definition: whole where it is short, else its header and, of a class, those of its members."""
    spans = _shown(entry, definition)
    words = {"calls": "that it calls", "uses": "that it uses", "names": "that it names"}.get(why, why)
    return Piece(
        f"The {definition.kind} `{definition.qualified}` {words}, from `{entry.path}`",
        "\n".join(_at_margin(tree, definition.start, span) for span in spans),
        entry.path,
        definition.line,
        definition.qualified,
        why,
        how,
        digest([definition.qualified, *(fingerprint(tree, span) for span in spans)]),
    )


def calling(tree: Tree, entry: Entry, caller: Definition | None, offset: int, how: str) -> Piece:
    """A call at `offset`: the header of what it stands in, and the statement."""
    span = _statement(tree, offset)
    said = " ".join(span.of(tree.text).split())
    head = _head(caller) if caller is not None else None
    name = caller.qualified if caller is not None else entry.path.rpartition("/")[2]
    above = " ".join(head.of(tree.text).split()) + " …\n    " if head is not None else ""
    by = f" by `{name}`" if caller is not None else ""
    title = f"A call of it{by}, from `{entry.path}`"
    parts = [fingerprint(tree, head)] if head is not None else []
    return Piece(
        title,
        above + said,
        entry.path,
        tree.text.count("\n", 0, span.start) + 1,
        name,
        "called by",
        how,
        digest([name, *parts, fingerprint(tree, span)]),
    )


def _shown(entry: Entry, definition: Definition) -> list[Span]:
    whole = Span(definition.start, definition.end)
    length = definition.end - definition.start
    if definition.kind in {"function", "method"}:
        return [whole] if length <= MOST_WHOLE else [_head(definition)]
    if definition.kind in {"variable", "type"}:
        return [whole] if length <= MOST_VARIABLE else [Span(definition.start, definition.start + MOST_VARIABLE)]
    if length <= MOST_CLASS or definition.body < 0:
        return [Span(definition.start, min(definition.end, definition.start + MOST_CLASS))]
    depth = len(definition.path)
    inside = [
        each
        for each in entry.definitions
        if each.path[:depth] == definition.path and len(each.path) == depth + 1 and whole.holds(Span(*each[2:4]))
    ]
    first = min((each.start for each in inside), default=definition.end)
    fields = first - definition.start <= MOST_CLASS  # what stands before the first method: documentation and fields
    spans = [Span(definition.start, first) if fields else _head(definition)]
    for each in inside[:_MOST_MEMBERS]:
        maker = each.name in _MAKERS or each.name == definition.name
        short = each.end - each.start <= MOST_CLASS
        spans.append(Span(each.start, each.end) if maker and short else _head(each))
    return spans


def _head(definition: Definition) -> Span:
    """Up to the body."""
    end = definition.body if definition.body > definition.start else definition.end
    return Span(definition.start, min(end, definition.start + MOST_CLASS))


def _at_margin(tree: Tree, start: int, span: Span) -> str:
    """The code of `span` with the margin of the line of `start` taken off."""
    text = tree.text
    line = text.rfind("\n", 0, start) + 1
    margin = text[line:start] if not text[line:start].strip() else ""
    own = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    rows = ((own if not own.strip() else "") + span.of(text).rstrip()).replace("\r\n", "\n").split("\n")
    return "\n".join(row.removeprefix(margin) for row in rows)


def _statement(tree: Tree, offset: int) -> Span:
    """The largest piece of code around a call that can be said in one line."""
    best = node = tree.covering(Span(offset, offset + 1))
    while (around := _above(node)) is not None and around.end_byte - around.start_byte <= _MOST_STATEMENT:
        best = node = around
    return tree.span(best)


def _above(node: Node) -> Node | None:
    """The node around, if it is still part of one statement."""
    around = node.parent
    whole = around is None or around.parent is None or around.type in _CONTAINERS
    return None if whole else around


def fingerprints(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """What an answer depends on where these are shown; their order says nothing."""
    return tuple(sorted(each.fingerprint for each in pieces))
