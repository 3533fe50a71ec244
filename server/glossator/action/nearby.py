"""Which definitions of a file somebody will probably ask about next, who looks at a place in it. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence

from ..code import Span, Symbol
from ..code.callers import callers
from ..code.related import called
from ..code.symbols import outline
from ..code.tree import Tree
from .target import Target, target_at

EXPLAINED = ("function", "method", "class", "struct", "interface", "trait", "enum")
MOST_CALLED, MOST_CALLERS = 4, 3  # of one definition; who calls more of them follows none in particular


def nearby(tree: Tree, path: str, offset: int, most: int) -> list[Target]:
    """At most `most` definitions, the likeliest first: the one that holds `offset`, what it calls and what calls it in
    this file, then the nearest.

    What holds other definitions is as near as its header: who is in a method seldom asks about all of its class, and
    that costs as much as all its methods.
    """
    symbols: Sequence[Symbol] = [each for each in outline(tree) if each.kind in EXPLAINED and each.body is not None]
    holding = {each.path[:-1] for each in symbols if each.kind == "method"}

    def distance(symbol: Symbol) -> tuple[int, int]:
        span = symbol.span
        if symbol.path in holding and symbol.body is not None:
            span = Span(span.start, symbol.body.start)
        outside = max(span.start - offset, offset - span.end, 0)
        return outside, span.end - span.start

    near = sorted(symbols, key=distance)
    likely: list[Symbol] = []
    if near and not distance(near[0])[0]:
        here = near[0]
        calls = [each.symbol for each in called(tree, here.span) if each.symbol in symbols]
        callees = [each for each in dict.fromkeys(calls) if each != here]
        calling = [each for each in callers(tree, here) if each in symbols]
        likely = [here, *callees[:MOST_CALLED], *calling[:MOST_CALLERS]]
    return [
        target_at(tree.text, path, language_id=tree.language.id, tree=tree, offset=symbol.name_span.start)
        for symbol in list(dict.fromkeys([*likely, *near]))[:most]
    ]
