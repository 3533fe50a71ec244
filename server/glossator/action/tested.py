"""Edits once the user's tests were run on them: which is offered, and what is said of it. Runs nothing: `Trial` does.

An edit that makes tests fail that passed before is refused, unless words of the user may have asked for another result:
then it is told. Of the candidates of a search the first with which the tests pass is offered first. Tests that fail
before and after an edit say nothing of it: that is told.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from ..answer.testing import Suite, Trial, Verdict
from . import Action
from .outcome import Event, Outcome, Proposal, Refusal, Stage
from .target import Target

LEAST = 10.0
"""Seconds that tests have in any case, whatever a search took; at most half of them go to the code as it is."""

MOST = 12
"""Candidates of one search that they are run on."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is left of the candidates, what is offered first before all; `reason`: why nothing is, or ""."""

    proposals: tuple[Proposal, ...]
    reason: str = ""


def decide(action: Action, tests: Suite | None) -> bool:
    """Whether tests are run on what this action gives: an edit that may change what the code does."""
    return tests is not None and action.kind == "edit" and "unchanged" not in action.checks


def trial_of(action: Action, target: Target, tests: Suite | None) -> Trial | None:
    """What runs the tests for one question; None where they have no say."""
    return tests.trial(target.path, target.text) if tests is not None and decide(action, tests) else None


def told(action: Action, target: Target, proposal: Proposal, verdict: Verdict) -> Proposal | Refusal:
    """`proposal` with its further rung, with a note, or the refusal."""
    if verdict.rung:
        return replace(proposal, rungs=(*proposal.rungs, verdict.rung))
    if verdict.unknown:
        return _noted(proposal, f"no tests were run: {verdict.unknown}")
    if not verdict.broke:
        return _noted(proposal, f"the tests fail as they did before: {verdict.failing}")
    said = f"the tests passed before, and fail with it: {verdict.failing}"
    if target.instruction and not action.repairs:
        return _noted(proposal, said)
    return Refusal(reasons=(said,))


async def checked(
    action: Action,
    target: Target,
    outcome: Outcome,
    trial: Trial | None,
    *,
    until: float,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Outcome:
    """`outcome` after the tests were run with it, where they have a say. `until`: `time.monotonic`."""
    if trial is None or not isinstance(outcome, Proposal):
        return outcome
    on_event(Stage("testing"))
    return told(action, target, outcome, await trial.verdict(outcome.new_text, max(until, time.monotonic() + LEAST)))


async def chosen(
    action: Action,
    target: Target,
    likely: Sequence[Proposal],
    unlikely: Sequence[Proposal],
    trial: Trial,
    *,
    until: float,
    check: Callable[[Proposal], Awaitable[Outcome]],
    on_event: Callable[[Event], None],
) -> Chosen:
    """The candidates of a search once the tests were run on the first of them, until they pass with one.

    `likely` passed all other checks. `unlikely` are what `check` leaves of them, and offered only where the tests fail
    with the code as it is and pass with one of them. `until` (`time.monotonic`) is when the time is over, but they have
    `LEAST` seconds in any case.
    """
    if not likely and not unlikely:
        return Chosen(())
    on_event(Stage("testing"))
    until = max(until, time.monotonic() + LEAST)
    mends = await trial.failed_before(until)
    tried = [*likely, *(unlikely if mends else ())][:MOST]
    left: list[tuple[Proposal, bool]] = []  # with whether the tests fail
    reason = ""
    for at, each in enumerate(tried):
        on_event(Stage("testing", at, len(tried)))
        spare = at >= len(likely)
        proposal = await check(each) if spare else each
        if not isinstance(proposal, Proposal):
            continue
        verdict = await trial.verdict(proposal.new_text, until)
        outcome = told(action, target, proposal, verdict)
        if isinstance(outcome, Refusal):
            reason = reason or outcome.reasons[0]
        elif verdict.rung:  # what fails them is worth less, of the others nothing is known
            unknown = [other for other, fails in left if not fails]
            return Chosen((outcome, *unknown, *likely[at + 1 :]))
        elif not spare:
            left.append((outcome, bool(verdict.failing)))
        elif verdict.unknown:
            break
    return Chosen((*(each for each, _ in left), *likely[len(tried) :]), reason)


def _noted(proposal: Proposal, further: str) -> Proposal:
    return replace(proposal, note="; ".join(part for part in (proposal.note, further) if part))
