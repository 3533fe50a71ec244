"""The candidates of a search once the examples of the docstring were run on each: which are left, and in which order.

Running one takes a tenth of a second, weighing it a second or more, so this comes first. What keeps all examples comes
before all; how likely a candidate is decides among those that keep as many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..answer.kept import Kept
from ..answer.running import Runs
from ..code.threads import in_turn
from . import Action
from .exampled import question_of, told
from .outcome import Proposal
from .target import Target


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is left.

    Attributes:
        proposals: With their rung; those that keep most examples first, those of which nothing is known at the end.
        kept: How many examples the text of each keeps.
        reason: Why nothing is left, or "".
        judged: Whether anything could be said of any.
        whole: Whether one keeps all examples.
    """

    proposals: tuple[Proposal, ...]
    kept: Mapping[str, int]
    reason: str = ""
    judged: bool = False
    whole: bool = False

    def __or__(self, other: Sifted) -> Sifted:
        """What is left of both; of only one of them where that one alone keeps all examples."""
        if self.whole != other.whole:
            return self if self.whole else other
        kept = {**other.kept, **self.kept}
        proposals = sorted((*self.proposals, *other.proposals), key=lambda each: -kept[each.new_text])
        reason = "" if proposals else self.reason or other.reason
        return Sifted(tuple(proposals), kept, reason, self.judged or other.judged, self.whole)


async def sifted(action: Action, target: Target, found: Sequence[Proposal], *, runs: Runs, until: float) -> Sifted:
    """What is left of `found`. Nothing is run after `until` (`time.monotonic`).

    Where one keeps all examples, those that do not are dropped; where nothing can be concluded nothing is.
    """
    first, others = found[:1], found[1:]  # the first finds out what the code itself keeps, for all of them
    kept = [await _kept(action, target, each, runs, until) for each in first]
    kept += await asyncio.gather(*(_kept(action, target, each, runs, until) for each in others))
    rows: list[tuple[Kept, Proposal]] = []
    for each, known in zip(found, kept, strict=True):
        outcome = told(action, target, each, known)
        if isinstance(outcome, Proposal):
            rows.append((known, outcome))
    if any(known.whole for known, _ in rows):
        rows = [row for row in rows if row[0].whole or not row[0].judged]
    rows.sort(key=lambda row: -row[0].after)
    after = {each.new_text: known.after for known, each in rows}
    return Sifted(
        proposals=tuple(each for _, each in rows),
        kept=after,
        reason="" if rows else _reason(kept),
        judged=any(each.judged for each in kept),
        whole=any(each.whole for each in kept),
    )


async def _kept(action: Action, target: Target, proposal: Proposal, runs: Runs, until: float) -> Kept:
    question = await in_turn(len(target.text), question_of, action, target, proposal)
    return Kept() if question is None else await runs.check(question, until)


def _reason(kept: Sequence[Kept]) -> str:
    known = next((each for each in kept if each.judged), None)
    if known is None:
        return ""
    if known.was:
        return f"no change was found that keeps what the documentation promises: {known.was}"
    return "the code keeps the examples of its documentation, and no change was found that does so as well"
