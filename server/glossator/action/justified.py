"""The likeliest versions of a definition compared once more, by a model that has the code as it is before it.

Unseen, a change is likely that many would have written; seen, one that is small and that the documentation asks for.
Taken together they err less often than either alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..engine import ContextTooLong, Engine, likelihood
from .outcome import Proposal
from .rank import END, Written

MOST = 6  # of the likeliest; each is read from its change on


async def justified(
    weighed: Sequence[tuple[float, Proposal]], engine: Engine, rewriting: Written
) -> list[tuple[float, Proposal]]:
    """`weighed` (how likely each is unseen, the likeliest first) with the first `MOST` by how likely they are in both
    views, asked as `rewriting` asks. As they were where that does not fit the window or the time of `engine` is over.
    Raises `EngineError`."""
    first, others = weighed[:MOST], weighed[MOST:]
    try:
        scores = await likelihood.score(
            engine, rewriting.request, [f"{rewriting.code(proposal)}{END}" for _, proposal in first]
        )
    except ContextTooLong:
        return list(weighed)
    both = sorted(zip(first, scores, strict=True), key=lambda pair: -(pair[0][0] + pair[1].logprob))
    return [*(pair for pair, _ in both), *others]
