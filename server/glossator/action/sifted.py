"""The candidates of a search after the examples of the docstring were run on each: what keeps them all comes first.

How likely a candidate is decides among those that keep as many. One that the model finds less likely than the code as
it is counts only where it mends an example that the code breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from ..answer.kept import Kept
from ..answer.running import Runs
from . import Action
from .exampled import question_of, told
from .outcome import Proposal
from .target import Target


async def sifted(
    action: Action, target: Target, found: Sequence[Proposal], *, likely: Collection[str], runs: Runs, until: float
) -> tuple[list[Proposal], str]:
    """Those worth offering, the best first, with their rung; and why there are none, or "".

    `found`: the likeliest first. `likely`: the texts that would be offered unseen. Nothing is run after `until`
    (`time.monotonic`). A candidate of which nothing is known comes behind those that keep all examples.
    """
    first, others = found[:1], found[1:]  # the first finds out what the code itself keeps, for all of them
    kept = [await _kept(action, target, each, runs, until) for each in first]
    kept += await asyncio.gather(*(_kept(action, target, each, runs, until) for each in others))
    rows: list[tuple[Kept, Proposal]] = []
    for each, known in zip(found, kept, strict=True):
        outcome = told(action, target, each, known)
        if isinstance(outcome, Proposal) and (each.new_text in likely or known.mended):
            rows.append((known, outcome))
    if any(known.whole for known, _ in rows):
        rows = [row for row in rows if row[0].whole or not row[0].judged]
    rows.sort(key=lambda row: -row[0].after)
    return [proposal for _, proposal in rows], "" if rows else _reason(kept)


async def _kept(action: Action, target: Target, proposal: Proposal, runs: Runs, until: float) -> Kept:
    question = await asyncio.to_thread(question_of, action, target, proposal)
    return Kept() if question is None else await runs.check(question, until)


def _reason(kept: Sequence[Kept]) -> str:
    known = next((each for each in kept if each.judged), None)
    if known is None:
        return ""
    if known.was:
        return f"no change was found that keeps what the documentation promises: {known.was}"
    return "the code keeps the examples of its documentation, and no change was found that does so as well"
