"""What a piece of code leans on in other files: what it calls and uses, the types it names, and who calls it.

The one that matters most comes first, so that a budget can cut the list anywhere: definitions that the code calls and
its imports name, types, what only its rarity tells, callers. Among equals the nearer in the imports and the rarer name.
This one list decides both what is shown and what an answer depends on. Knows how to ask for a tree, and no disk.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

from . import Span, Symbol
from .entry import Definition, Entry, live_entry
from .index import Index
from .modules import distance, files_of
from .piece import MOST_VARIABLE, Piece, Why, calling, defined
from .references import Reference, references
from .related import symbol_of
from .resolve import TYPES, Match, Scope, family, looked_up, meant
from .symbols import outline
from .tree import Tree

MOST = 10
"""Pieces at most, of which `MOST_CALLERS` are callers."""
MOST_CALLERS = 2
_MOST_EXAMINED = 60
_MOST_CONSTANTS = 4
_MOST_FOLLOWED = 1_000  # names; in more of them nobody finds what matters
_MOST_READ = 20_000_000  # characters: each name may be looked for in the code, and in the class around it
_SPOKEN = re.compile(r"[A-Za-z_$][\w$]*")
_CALLABLE = {"function", "method"} | TYPES
_Rank = tuple[int, int, int, int]

Parsed = Callable[[str], Tree | None]
"""A file of the workspace, by its relative path, as it is now."""


def beyond(index: Index, tree: Tree, path: str, span: Span, parsed: Parsed) -> tuple[Piece, ...]:
    """The parts of other files that matter for `span` of the file `path`, the most important first.

    Quick: only the files that something is shown of are parsed. An entry that `parsed` finds changed is left out.
    """
    here = live_entry(tree, path)
    symbol = symbol_of(tree, span)
    ranked: dict[tuple[str, int], tuple[_Rank, Match, Why]] = {}
    scope = scope_of(tree, span, symbol)
    most = min(_MOST_FOLLOWED, _MOST_READ // (len(scope.code) + len(scope.around) + 1))
    for order, reference in enumerate(itertools.islice(_wanted(tree, span, symbol), most)):
        called = reference.role == "call"
        for match in meant(index, here, reference.name, reference.qualifier, scope, called=called):
            if reference.role == "name" and match.how not in {"import", "include", "package"}:
                continue
            why: Why = "calls" if called else "names" if match.definition.kind in TYPES else "uses"
            rank = _rank(index, here, match, why, order)
            key = match.entry.path, match.definition.start
            if key not in ranked or rank < ranked[key][0]:
                ranked[key] = rank, match, why
    best = sorted(ranked.values(), key=lambda each: each[0])[: MOST - MOST_CALLERS]
    pieces = [
        defined(found, match.entry, match.definition, why, match.how)
        for _, match, why in best
        if (found := parsed(match.entry.path)) is not None
    ]
    pieces[1:1] = _constants(pieces, best, parsed)
    if symbol is not None and symbol.kind in _CALLABLE:
        pieces += _callers(index, here, symbol, parsed)
    return tuple(dict.fromkeys(pieces))[:MOST]


def _wanted(tree: Tree, span: Span, symbol: Symbol | None) -> Iterator[Reference]:
    """The names to follow; those of the class header around a method too, since what it inherits is in there."""
    parameters = {each.lstrip("*&") for each in symbol.parameters} if symbol is not None else set()
    for reference in references(tree, span):
        own = reference.name in parameters and not reference.qualifier and reference.role == "name"
        if not own and (symbol is None or reference.offset != symbol.name_span.start):
            yield reference


def scope_of(tree: Tree, span: Span, symbol: Symbol | None) -> Scope:
    """Where the names in `span` are used, `symbol` being what it is or stands in."""
    owner = symbol.path[:-1] if symbol is not None and symbol.kind not in TYPES else ()
    if symbol is not None and symbol.kind in TYPES:
        owner = symbol.path
    holder = next((each for each in outline(tree) if each.path == owner and each.kind in TYPES), None)
    receiver = symbol.signature if symbol is not None else ""
    return Scope(f"{receiver}\n{span.of(tree.text)}", owner, holder.code.of(tree.text) if holder is not None else "")


def _rank(index: Index, here: Entry, match: Match, why: Why, order: int) -> _Rank:
    sure = match.how != "name"
    tier = {"calls": 0, "uses": 1, "names": 2}.get(why, 2) + (0 if sure else 3)
    return tier, _steps(index, here, match.entry), index.commonness(match.definition.name), order


def _steps(index: Index, here: Entry, there: Entry) -> int:
    """How far a file is in the imports: 0 where it is imported itself; else in the folders, and further."""
    if any(there.path in files_of(index, here, bound.module) for bound in here.bound):
        return 0
    return 1 + distance(here.path, there.path)


def _constants(pieces: list[Piece], best: list[tuple[_Rank, Match, Why]], parsed: Parsed) -> list[Piece]:
    """The constants of its own file that a called function leans on, for the surest few."""
    found: list[Piece] = []
    shown = {(each.path, each.name) for each in pieces}
    for _, match, why in best[:3]:
        tree = parsed(match.entry.path)
        if why != "calls" or match.how == "name" or tree is None:
            continue
        spoken = set(_SPOKEN.findall(tree.text[match.definition.start : match.definition.end]))
        for each in match.entry.definitions:
            small = each.kind == "variable" and len(each.path) == 1 and each.end - each.start <= MOST_VARIABLE
            if small and each.name in spoken and (match.entry.path, each.qualified) not in shown:
                shown.add((match.entry.path, each.qualified))
                piece = defined(tree, match.entry, each, "uses", match.how)
                found.append(piece)
    return found[:_MOST_CONSTANTS]


def _callers(index: Index, here: Entry, symbol: Symbol, parsed: Parsed) -> list[Piece]:
    """Calls of `symbol` in other files: those that imports prove first, tests last; one of each caller."""
    found: dict[tuple[str, tuple[str, ...]], tuple[tuple[int, bool, int, str, int], Entry, Definition | None, int]] = {}
    examined = 0
    for entry in index.calling(symbol.name):
        if entry.path == here.path or family(entry.language) != family(here.language):
            continue
        for call in entry.calls:
            if call.name != symbol.name or examined >= _MOST_EXAMINED:
                continue
            examined += 1
            proof = _proof(index, entry, call.qualifier, here, symbol)
            if proof:
                caller = entry.around(call.offset)
                place = entry.path, caller.path if caller is not None else ()
                rank = proof, "test" in entry.path.lower(), distance(here.path, entry.path), entry.path, call.offset
                if place not in found or rank < found[place][0]:
                    found[place] = rank, entry, caller, call.offset
    pieces: list[Piece] = []
    for rank, entry, caller, offset in sorted(found.values(), key=lambda each: each[0]):
        tree = parsed(entry.path) if len(pieces) < MOST_CALLERS else None
        if tree is not None:
            pieces.append(calling(tree, entry, caller, offset, "import" if rank[0] == 1 else "name"))
    return pieces


def _proof(index: Index, entry: Entry, qualifier: str, here: Entry, symbol: Symbol) -> int:
    """How sure it is that a call means `symbol`: 1 by the language's rules, 2 by its name; 0: it does not."""
    found = looked_up(index, entry, qualifier, symbol.name)
    if any(each.entry.path == here.path and each.definition.path == symbol.path for each in found):
        return 1
    if found or (symbol.kind == "method") != bool(qualifier):
        return 0
    if index.commonness(symbol.name) > 1:
        return 0
    imported = any(here.path in files_of(index, entry, bound.module) for bound in entry.bound)
    if symbol.kind == "method":
        return 2
    return 2 if imported or family(here.language) == "c" else 0
