"""What can be done before anyone asks: read the part of a file that all questions about it share, explain what is near.

Asks with the lowest priority: whatever a user wants pre-empts it. Knows no editors and no clocks; when there is time
and how much, others decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from ..code import Span, Symbol
from ..code.symbols import outline
from ..code.tree import Tree
from ..engine import Engine, Priority, Request
from . import Action
from .asking import context_for, messages
from .run import recall, run
from .target import Target, target_at

EXPLAINED = ("function", "method", "class", "struct", "interface", "trait", "enum")


async def read(action: Action, target: Target, engine: Engine, *, budget: int) -> None:
    """Have the model read the file of `target`, so that the next question about it begins at its own words."""
    target = replace(target, span=Span(0, 0), symbol=None)  # what is shared does not depend on what is asked about
    context = await context_for(action, target, engine, budget)
    if context.shown == "none":
        return
    shared = [
        message if message.role == "system" else replace(message, text="")
        for message in messages(action, target, context)
        if message.role == "system" or message.stable
    ]
    request = Request(tuple(shared), max_tokens=0, priority=Priority.PREFETCH)
    async with aclosing(engine.stream(request)) as chunks:
        async for _ in chunks:
            pass


async def explain(action: Action, target: Target, engine: Engine, *, budget: int) -> bool:
    """Have an explanation remembered; False: it was already."""
    if recall(action, target, engine) is not None:
        return False
    await run(action, target, engine, budget=budget, priority=Priority.PREFETCH)
    return True


def near(tree: Tree, path: str, offset: int, most: int) -> list[Target]:
    """At most `most` definitions to explain, the nearest to `offset` first; the one that holds it before all."""

    def distance(symbol: Symbol) -> tuple[int, int]:
        span: Span = symbol.span
        outside = max(span.start - offset, offset - span.end, 0)
        return outside, span.end - span.start

    symbols: Sequence[Symbol] = [each for each in outline(tree) if each.kind in EXPLAINED and each.body is not None]
    return [
        target_at(tree.text, path, language_id=tree.language.id, tree=tree, offset=symbol.name_span.start)
        for symbol in sorted(symbols, key=distance)[:most]
    ]
