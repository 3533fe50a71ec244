"""What a piece of code leans on in its own file: the headers around it and the definitions that it calls or names.

The headers and what is called are also what a model is shown beside a target where it does not see the file; where it
does, it reads the constants, types and imports as well, and the recipe of its answer depends on all of these.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import Span, Symbol
from .brought import brought
from .fields import fields
from .fingerprint import digest, fingerprint
from .piece import Piece, fingerprints
from .references import references
from .symbols import calls, outline
from .tree import Tree

MOST_CALLED = 16
"""Definitions that are taken in at most, in the order in which they are called."""
MOST_REACHED = 100
MOST_OF_A_NAME = 3
"""A name that more definitions than these have (`get`, `run`) says too little to follow it."""

MOST_NAMED = 32
MOST_OF_A_NAMED = 20_000
"""Characters of a definition that is named; a larger one is a table, whose values nobody explains."""

_CALLABLE = {"function", "method", "class", "struct"}
_MAKERS = {"__init__", "constructor", "new"}
_RECIPE = "1"


@dataclass(frozen=True, slots=True)
class Related:
    """A definition and the part of it that matters here."""

    symbol: Symbol
    span: Span


def headers(tree: Tree, span: Span) -> tuple[Related, ...]:
    """The headers (up to the body) of the definitions around `span`, outermost first; a Go or C++ method's type."""
    target = symbol_of(tree, span)
    found = [
        Related(symbol, _header(symbol))
        for symbol in outline(tree)
        if symbol.span.holds(span) and symbol is not target and symbol.kind not in {"variable", "type"}
    ]
    if target is not None and len(target.path) > 1 + len(found):
        owner = next((each for each in outline(tree) if each.path == target.path[:-1] and each is not target), None)
        found += [Related(owner, _header(owner))] if owner is not None else []
    return tuple(found)


def called(tree: Tree, span: Span) -> tuple[Related, ...]:
    """The definitions of the same file that `span` calls by name: functions whole, of a class its header and maker."""
    names = by_name(tree)
    found: list[Related] = []
    for name in calls(tree, span):
        some = [symbol for symbol in names.get(name, ()) if not _overlap(symbol.span, span)]
        if len(some) <= MOST_OF_A_NAME:
            found += [part for symbol in some for part in _parts(tree, symbol)]
    return tuple(dict.fromkeys(found))[:MOST_CALLED]


def named(tree: Tree, span: Span) -> tuple[Span, ...]:
    """The definitions of the same file that `span` names without calling them, as much of each as counts: those of
    the whole file, and those that stand beside it; the first `MOST_NAMED`."""
    target = symbol_of(tree, span)
    homes = {(), target.path[:-1] if target is not None else ()}
    spoken = {each.name for each in references(tree, span)} - set(calls(tree, span))
    found: list[Span] = []
    for symbol in outline(tree):
        if symbol.name not in spoken or symbol.path[:-1] not in homes or _overlap(symbol.span, span):
            continue
        found.append(Span(symbol.code.start, _told_until(tree, symbol)))
    return tuple(dict.fromkeys(found))[:MOST_NAMED]


def _told_until(tree: Tree, symbol: Symbol) -> int:
    """Where what counts of a definition that is only named ends: of a type its fields, of a huge one nothing but its
    name. Never in the middle of a line, where a formatter would move it."""
    end = symbol.code.end
    if symbol.kind not in {"function", "method", "variable"}:
        inner = (each.span.start for each in outline(tree) if each.path[:-1] == symbol.path and each.kind in _CALLABLE)
        end = min((start for start in inner if symbol.code.start < start < end), default=end)
    return end if end - symbol.code.start <= MOST_OF_A_NAMED else max(symbol.name_span.end, symbol.code.start)


def brought_in(tree: Tree, span: Span, beyond: Sequence[Piece] = ()) -> tuple[str, ...]:
    """What the imports of the file say of the names in `span`; without those whose meaning `beyond` knows better."""
    known = {part for each in beyond for part in (each.name, each.path.rpartition("/")[2].partition(".")[0])}
    spoken = {each.name for each in references(tree, span)}
    return tuple(
        sorted(
            "\0".join(each)
            for each in brought(tree).bound
            if each.alias.partition(".")[0] in spoken
            if not known & {each.name, re.split(r"[./:\\]", each.module)[-1]}
        )
    )


def reach(tree: Tree, span: Span) -> tuple[Span, ...]:
    """The definitions of the same file that `span` may come to call, by their names, at most `MOST_REACHED`."""
    return tree.once(f"reach {span.start} {span.end}", lambda: _reach(tree, span))


def _reach(tree: Tree, span: Span) -> tuple[Span, ...]:
    names, found, open_ends = by_name(tree), dict[Span, None](), [span]
    while open_ends and len(found) < MOST_REACHED:
        for name in calls(tree, open_ends.pop()):
            new = [each.span for each in names.get(name, ()) if each.span not in found]
            found |= dict.fromkeys(new)
            open_ends += new
    return tuple(found)


def symbol_of(tree: Tree, span: Span) -> Symbol | None:
    """The definition that `span` is, its doc comment included or not."""
    for symbol in outline(tree):
        if symbol.span.holds(span) and span.holds(symbol.code):
            return symbol
    return None


def recipe(tree: Tree | None, text: str, span: Span, beyond: Sequence[Piece] = ()) -> str:
    """What an answer about `span` depends on, as a digest: its code and what `headers`, `called`, `named`, `fields`,
    `brought_in` and `beyond` give, as they mean. `beyond` are the parts of other files that may be shown; without any
    it is as if there were no others.

    Neither positions nor layout nor the rest of the file change it. Without a tree: the text, blank lines and margin
    aside.
    """
    if beyond:
        outside = brought_in(tree, span, beyond) if tree is not None else ()
        inside = recipe(None, text, span) if tree is None else _inside(tree, span)
        return digest([inside, *outside, *fingerprints(beyond)])
    if tree is None:
        rows = [row.rstrip() for row in span.of(text).splitlines() if row.strip()]
        margin = min((len(row) - len(row.lstrip()) for row in rows), default=0)
        plain = "\n".join(row[margin:] for row in rows)
        return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    outside = brought_in(tree, span)
    return digest([_inside(tree, span), *outside]) if outside else _inside(tree, span)


def _inside(tree: Tree, span: Span) -> str:
    """What counts of the file itself."""
    return tree.once(f"recipe {span.start} {span.end}", lambda: _recipe(tree, span))


def _recipe(tree: Tree, span: Span) -> str:
    around = [fingerprint(tree, each.span) for each in headers(tree, span)]
    # Sorted, because moving a helper past another changes nothing.
    parts = dict.fromkeys([*(each.span for each in called(tree, span)), *named(tree, span)])
    below = sorted(fingerprint(tree, each) for each in parts)
    below += sorted({fingerprint(tree, each) for each in fields(tree, span) if each not in parts})
    return digest([_RECIPE, tree.language.id, fingerprint(tree, span), str(len(around)), *around, *below])


def _header(symbol: Symbol) -> Span:
    if symbol.body is None or symbol.body.start <= symbol.code.start:
        return symbol.code
    return Span(symbol.code.start, symbol.body.start)


def _parts(tree: Tree, symbol: Symbol) -> list[Related]:
    if symbol.kind in {"function", "method"}:
        return [Related(symbol, symbol.code)]
    makers = [
        each
        for each in outline(tree)
        if each.path[:-1] == symbol.path and (each.name in _MAKERS or each.name == symbol.name) and each is not symbol
    ]
    whole = symbol.code if symbol.kind == "struct" else _header(symbol)
    return [Related(symbol, whole), *(Related(each, each.code) for each in makers[:1])]


def by_name(tree: Tree) -> dict[str, list[Symbol]]:
    """The definitions of a file that can be called, by their own names."""

    def make() -> dict[str, list[Symbol]]:
        names: dict[str, list[Symbol]] = {}
        for symbol in outline(tree):
            if symbol.kind in _CALLABLE:
                names.setdefault(symbol.name, []).append(symbol)
        return names

    return tree.once("names", make)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
