"""The facts about a definition in a user's words: what an explanation can be held against, and needs no model."""

from __future__ import annotations

from collections.abc import Sequence

from ..answer.quoted import ticked
from ..code import Symbol
from ..code.facts import Facts, facts
from ..code.tree import Tree

MOST = 5
"""Names in one list."""


def facts_told(tree: Tree, symbol: Symbol, *, place: bool = True) -> list[str]:
    """A few words for each fact that matters to a caller, as Markdown; what a signature shows is left out.

    `place`: whether what it belongs to and who calls it in its file are among them.
    """
    known = facts(tree, symbol.code)
    rows = [f"{symbol.kind} of {ticked('.'.join(symbol.path[:-1]))}"] if place and len(symbol.path) > 1 else []
    changed = (*known.mutated, *known.own)
    rows += effects(known, [f"changes {listed(changed)}"] if changed else [], yields="generator", most=MOST)
    if place and known.callers:
        rows.append(f"called by {listed(known.callers)}")
    return rows


def effects(known: Facts, changes: Sequence[str], *, yields: str, most: int) -> list[str]:
    """What calling it does beside giving a value, in the order in which users and models read it.

    `changes` and `yields` are the words for what it changes and for a generator, which differ; `most` names are in one
    list.
    """
    rows = [f"raises {listed(known.raises, most)}"] if known.raises else []
    rows += ["may panic"] if known.panics else []
    rows += changes
    rows += [f"sets the global {listed(known.outer, most)}"] if known.outer else []
    return [*rows, yields] if known.is_generator else rows


def calls_told(tree: Tree, symbol: Symbol) -> list[str]:
    """What it calls, as Markdown: one row, or none."""
    called = facts(tree, symbol.code).calls if symbol.kind in {"function", "method"} else ()
    return [f"calls {listed(called)}"] if called else []


def listed(names: Sequence[str], most: int = MOST) -> str:
    """``a`, `b` and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(ticked, names[:most])) + more
