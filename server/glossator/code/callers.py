"""Who calls a definition in its own file, where that is plain.

A call names a definition by its last part alone: `seen.add(x)` is no call of the file's own `add`. A method counts as
called on its own object or its own class only, and a name as called where nothing nearer has it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from . import Symbol
from .references import placed
from .related import by_name
from .symbols import outline
from .tree import Tree

_CALLABLE = {"function", "method", "class", "struct"}
_SELVES = {"self", "this", "cls", "Self"}
_IMPLICIT = {"java", "cpp"}
"""Languages in which a method is called by its name alone."""


def callers(tree: Tree, symbol: Symbol) -> tuple[Symbol, ...]:
    """The definitions of the same file that call `symbol`, itself left out."""
    return tuple(dict.fromkeys(caller for caller, _ in call_sites(tree, symbol) if caller is not None))


def call_sites(tree: Tree, symbol: Symbol) -> tuple[tuple[Symbol | None, int], ...]:
    """The calls of `symbol` in its own file: what calls (None: the file itself) and where the name stands, in order.

    Calls inside of itself are left out.
    """
    found: list[tuple[Symbol | None, int]] = []
    around = next((each for each in enclosing(tree, symbol.span.start) if each.span != symbol.span), None)
    for qualifier, offset in _places(tree).get(symbol.name, ()):
        chain = enclosing(tree, offset)
        caller = next((each for each in chain if each.kind in _CALLABLE), None)
        if caller is not None and caller.span == symbol.span:
            continue
        if around is not None and around.kind in {"function", "method"}:  # known only in there
            plain = not qualifier and around in chain
        else:
            plain = _means(tree, symbol, caller, qualifier)
        if plain and (qualifier or not any(symbol.name in each.parameters for each in chain)):
            found.append((caller, offset))
    return tuple(found)


def _means(tree: Tree, symbol: Symbol, caller: Symbol | None, qualifier: str) -> bool:
    """Whether a call of the symbol's name behind `qualifier` is plainly one of the symbol."""
    owner, path = symbol.path[:-1], caller.path if caller is not None else ()
    inside = path[: len(owner)] == owner
    if qualifier:
        last = qualifier.replace("::", ".").split(".")[-1]
        if not owner:
            return False
        return last == owner[-1] or (inside and qualifier in (_SELVES | _receiver(tree, caller)))
    if owner and symbol.kind == "method" and tree.language.id not in _IMPLICIT:
        return False
    return (not owner or inside) and not _hidden(tree, symbol, path)


def _hidden(tree: Tree, symbol: Symbol, path: tuple[str, ...]) -> bool:
    """Whether the bare name may mean something nearer, inside of what is around the caller, whose names `path` are."""
    for other in by_name(tree).get(symbol.name, ()):
        if other.kind == "method" and tree.language.id not in _IMPLICIT:
            continue
        if len(other.path) > len(symbol.path) and path[: len(other.path) - 1] == other.path[:-1]:
            return True
    return False


def _receiver(tree: Tree, caller: Symbol | None) -> set[str]:
    """The name of a Go method's own object."""
    if caller is None or tree.language.id != "go" or not caller.signature.startswith("func ("):
        return set()
    return {caller.signature.removeprefix("func (").split(" ")[0]}


def _places(tree: Tree) -> dict[str, list[tuple[str, int]]]:
    """The calls of each name, with what stands before it; a decorator is no call by what it decorates."""

    def make() -> dict[str, list[tuple[str, int]]]:
        places: dict[str, list[tuple[str, int]]] = {}
        for name, qualifier, offset in placed(tree):
            places.setdefault(name, []).append((qualifier, offset))
        return places

    return tree.once("calls", make)


def enclosing(tree: Tree, offset: int) -> list[Symbol]:
    """The definitions around `offset`, innermost first."""
    symbols = outline(tree)
    starts, outer = tree.once("outer", lambda: _outer(symbols))
    at, found = bisect_right(starts, offset) - 1, []
    while at >= 0:
        if offset < symbols[at].span.end:
            found.append(symbols[at])
        at = outer[at]
    return found


def _outer(symbols: Sequence[Symbol]) -> tuple[list[int], list[int]]:
    """Where each definition begins, and the place of the one that it stands in, or -1."""
    open_ends: list[int] = []
    outer = []
    for at, symbol in enumerate(symbols):
        while open_ends and symbols[open_ends[-1]].span.end <= symbol.span.start:
            open_ends.pop()
        outer.append(open_ends[-1] if open_ends else -1)
        open_ends.append(at)
    return [symbol.span.start for symbol in symbols], outer
