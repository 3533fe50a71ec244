"""Where the calls of a file lead: to definitions in the file itself, and in others as far as the index knows them.

A call that the code does not plainly tell leads nowhere. Knows entries and one tree, no files.
"""

from __future__ import annotations

from typing import NamedTuple

from . import Span, Symbol
from .beyond import scope_of
from .callers import call_sites, enclosing
from .entry import entry_of
from .index import Index
from .references import called
from .related import by_name
from .resolve import TYPES, Match, Scope, meant
from .symbols import outline
from .tree import Tree

_CALLABLE = {"function", "method"} | TYPES
_LONGEST = 20_000
"""Characters of a file's own statements in which the class of a receiver is looked for."""


class Link(NamedTuple):
    """A name that is called.

    Attributes:
        span: Where it stands.
        path: The file of the definition, as the index names it.
        start: Where the definition's code begins there.
    """

    span: Span
    path: str
    start: int


def links(tree: Tree, path: str, index: Index | None = None) -> tuple[Link, ...]:
    """The calls in the file `path` whose definitions are known, in order; without an index those in the file itself."""
    found = _outside(tree, path, index) if index is not None else {}
    found |= {offset: (path, start) for offset, start in _inside(tree).items()}
    names = {offset: len(name) for name, _, offset in called(tree)}
    return tuple(
        Link(Span(offset, offset + names[offset]), *place) for offset, place in sorted(found.items()) if offset in names
    )


def _inside(tree: Tree) -> dict[int, int]:
    """Where the calls of the file's own definitions stand, and where those begin: of several of a name the first."""
    found: dict[int, int] = {}
    for symbol in outline(tree):
        if symbol.kind in _CALLABLE:
            for _, offset in call_sites(tree, symbol):
                found.setdefault(offset, symbol.code.start)
    return found


def _outside(tree: Tree, path: str, index: Index) -> dict[int, tuple[str, int]]:
    here = tree.once(f"entry {path}", lambda: entry_of(tree, path))
    own = by_name(tree)
    scopes: dict[Span | None, Scope] = {}
    known: dict[tuple[str, str, Span | None], Match | None] = {}
    found: dict[int, tuple[str, int]] = {}
    for name, qualifier, offset in called(tree):
        if not qualifier and name in own:  # it may be this one: nothing is guessed
            continue
        symbol = next((each for each in enclosing(tree, offset) if each.kind in _CALLABLE), None)
        span = symbol.span if symbol is not None else None
        if span not in scopes:
            scopes[span] = _scope(tree, symbol)
        key = name, qualifier, span
        if key not in known:
            known[key] = next(iter(meant(index, here, name, qualifier, scopes[span], called=True)), None)
        match = known[key]
        if match is not None:
            found[offset] = match.entry.path, match.definition.start
    return found


def _scope(tree: Tree, symbol: Symbol | None) -> Scope:
    if symbol is None:
        return scope_of(tree, Span(0, min(len(tree.text), _LONGEST)), None)
    return scope_of(tree, symbol.code, symbol)
