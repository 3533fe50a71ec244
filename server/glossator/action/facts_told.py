"""The facts about a definition in a user's words: what an explanation can be held against, and needs no model."""

from __future__ import annotations

from collections.abc import Sequence

from ..code import Symbol
from ..code.facts import facts
from ..code.tree import Tree

MOST = 5
"""Names in one list."""


def facts_told(tree: Tree, symbol: Symbol, *, place: bool = True) -> list[str]:
    """A few words for each fact that matters to a caller, as Markdown; what a signature shows is left out.

    `place`: whether what it belongs to and who calls it in its file are among them.
    """
    known = facts(tree, symbol.code)
    rows = [f"{symbol.kind} of `{'.'.join(symbol.path[:-1])}`"] if place and len(symbol.path) > 1 else []
    if known.raises:
        rows.append(f"raises {listed(known.raises)}")
    if known.panics:
        rows.append("may panic")
    if known.mutated or known.own:
        rows.append(f"changes {listed((*known.mutated, *known.own))}")
    if known.outer:
        rows.append(f"sets the global {listed(known.outer)}")
    if known.is_generator:
        rows.append("generator")
    if place and known.callers:
        rows.append(f"called by {listed(known.callers)}")
    return rows


def calls_told(tree: Tree, symbol: Symbol) -> list[str]:
    """What it calls, as Markdown: one row, or none."""
    called = facts(tree, symbol.code).calls if symbol.kind in {"function", "method"} else ()
    return [f"calls {listed(called)}"] if called else []


def listed(names: Sequence[str]) -> str:
    """``a`, `b` and 3 more``."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(f"`{name}`" for name in names[:MOST]) + more
