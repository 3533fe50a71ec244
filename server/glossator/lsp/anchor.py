"""Edits computed for a text -> the same edits in the text as it is now, or None where that is not certain.

The user may have typed while the model worked. What was to be edited is looked for as it was: the same symbol with the
same text, else the only place that holds the text. An edit elsewhere (an import) is kept where the text before it, or
all after it, is as it was. Knows nothing of the protocol.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ..action.target import Target
from ..answer.edit import Edit
from ..code import Span, Symbol
from ..code.symbols import outline
from ..code.tree import Tree

SHORT = 20  # a text of fewer characters says too little to be found by itself


def anchored(edits: Sequence[Edit], target: Target, now: str, tree: Tree | None) -> tuple[Edit, ...] | None:
    """`edits` (offsets into `target.text`) moved to where their places are in `now`, whose tree is `tree`."""
    before = target.text
    if before == now:
        return tuple(edits)
    symbol = target.symbol
    area = symbol.span if symbol is not None and symbol.span.holds(target.span) else target.span
    if symbol is not None:
        start = _symbol_start(symbol, target.tree, tree)
    else:
        start = _only_place(area.of(before), before, now)
    if start is None:
        return None
    same_before = _common(before, now)
    same_after = len(before) - _common(before[::-1], now[::-1])
    moved = []
    for edit in edits:
        if area.holds(edit.span):
            moved.append(_moved(edit, start - area.start))
        elif edit.span.end <= same_before:
            moved.append(edit)
        elif edit.span.start >= same_after:
            moved.append(_moved(edit, len(now) - len(before)))
        else:
            return None
    moved.sort()
    apart = all(first.span.end <= second.span.start for first, second in itertools.pairwise(moved))
    return tuple(moved) if apart else None


def _moved(edit: Edit, by: int) -> Edit:
    return Edit(Span(edit.span.start + by, edit.span.end + by), edit.text)


def _symbol_start(symbol: Symbol, old: Tree | None, new: Tree | None) -> int | None:
    """Where the symbol starts in the new text: the one of the same name, kind and text; of several, by their order."""
    if old is None or new is None:
        return None
    text = symbol.span.of(old.text)

    def alike(tree: Tree) -> list[Symbol]:
        return [
            other
            for other in outline(tree)
            if other.path == symbol.path and other.kind == symbol.kind and other.span.of(tree.text) == text
        ]

    then, now = alike(old), alike(new)
    if symbol not in then or len(then) != len(now):
        return None
    return now[then.index(symbol)].span.start


def _common(a: str, b: str) -> int:
    """The length of what both begin with."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _only_place(text: str, before: str, now: str) -> int | None:
    if len(text.strip()) < SHORT or before.count(text) != 1 or now.count(text) != 1:
        return None
    return now.index(text)
