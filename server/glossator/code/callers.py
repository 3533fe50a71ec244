"""Who calls a definition in its own file, where that is plain.

A call names a definition by its last part alone: `seen.add(x)` is no call of the file's own `add`. A method counts as
called on its own object or its own class only, and a name as called where nothing nearer has it.
"""

from __future__ import annotations

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
    found: dict[Symbol, None] = {}
    for qualifier, offset in _places(tree).get(symbol.name, ()):
        caller = _callable_at(tree, offset)
        if caller is None or caller.span == symbol.span or caller in found:
            continue
        if _means(tree, symbol, caller, qualifier, offset):
            found[caller] = None
    return tuple(found)


def _means(tree: Tree, symbol: Symbol, caller: Symbol, qualifier: str, offset: int) -> bool:
    """Whether a call of the symbol's name behind `qualifier` is plainly one of the symbol."""
    owner, inside = symbol.path[:-1], caller.path[: len(symbol.path) - 1] == symbol.path[:-1]
    around = _around(tree, symbol)
    if around is not None and around.kind in {"function", "method"}:
        return not qualifier and around.span.start <= offset < around.span.end
    if qualifier:
        last = qualifier.replace("::", ".").split(".")[-1]
        if not owner:
            return False
        return last == owner[-1] or (inside and qualifier in (_SELVES | _receiver(tree, caller)))
    if owner and symbol.kind == "method" and tree.language.id not in _IMPLICIT:
        return False
    return (not owner or inside) and not _hidden(tree, symbol, caller, offset)


def _hidden(tree: Tree, symbol: Symbol, caller: Symbol, offset: int) -> bool:
    """Whether the bare name may mean something nearer: a parameter, or a definition inside of what is around."""
    for other in outline(tree):
        if other.span.start > offset:
            break
        if offset < other.span.end and symbol.name in other.parameters:
            return True
    for other in by_name(tree).get(symbol.name, ()):
        if other.kind == "method" and tree.language.id not in _IMPLICIT:
            continue
        if len(other.path) > len(symbol.path) and caller.path[: len(other.path) - 1] == other.path[:-1]:
            return True
    return False


def _around(tree: Tree, symbol: Symbol) -> Symbol | None:
    """The innermost definition that holds `symbol`."""
    best = None
    for other in outline(tree):
        if other.span.start > symbol.span.start:
            break
        if other.span != symbol.span and other.span.holds(symbol.span):
            best = other
    return best


def _receiver(tree: Tree, caller: Symbol) -> set[str]:
    """The name of a Go method's own object."""
    if tree.language.id != "go" or not caller.signature.startswith("func ("):
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


def _callable_at(tree: Tree, offset: int) -> Symbol | None:
    """The innermost definition at `offset` that can be said to call: not a variable."""
    best = None
    for symbol in outline(tree):
        if symbol.span.start > offset:
            break
        if symbol.kind in _CALLABLE and offset < symbol.span.end:
            best = symbol
    return best
