"""Repairs of two places: once a doubtful line is written otherwise, what the model then would have written elsewhere.

Made where running the examples of the docstring shows that no change of one place is enough. Pure likelihood would not
do: each further change makes a text likelier, right or not. Checks nothing and runs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..engine import ContextTooLong, Engine, likelihood
from .doubts import branches, doubts
from .outcome import Event, Stage
from .rank import END, Written
from .weighing import same

FIRST = 4  # changes that a second one is looked for after
SECOND = 6  # places in each


async def twice(
    code: str,
    changed: Sequence[str],
    writing: Written,
    engine: Engine,
    *,
    body: int,
    tokens: int,
    until: float,
    on_event: Callable[[Event], None] = lambda event: None,
) -> list[str]:
    """Versions of `code` that change one of `changed` (versions of it, the most promising first) once more, behind it.

    `body` is the offset from which on something may be changed; at most `tokens` are written a line, and nothing is
    begun after `until` (`time.monotonic`). Raises `EngineError`.
    """
    parents = list(changed[:FIRST])
    found: list[str] = []
    if not parents or time.monotonic() > until:
        return found
    try:
        scores = await likelihood.score(engine, writing.request, [f"{each}{END}" for each in parents])
        asked = replace(writing.request, max_tokens=tokens, stop=("\n",))
        for at, (parent, score) in enumerate(zip(parents, scores, strict=True)):
            if time.monotonic() > until:
                break
            on_event(Stage("searching", at, len(parents)))
            # What comes before the first change was doubted in the same way when that was looked for.
            places = doubts(parent, score, max(body, _behind(code, parent)), SECOND)
            lines = await likelihood.go_on(engine, asked, [parent[: each.start] + each.text for each in places])
            for place, written in zip(places, lines, strict=True):
                found += branches(parent, place, written)
    except ContextTooLong:
        pass  # what was found fits
    return list(dict.fromkeys(found))


def _behind(code: str, changed: str) -> int:
    """Where in `changed` the first line ends that is not as in `code`."""
    end = changed.find("\n", same(code, changed))
    return len(changed) if end < 0 else end
