"""An outcome together with what the language's own checker says of it. Knows no processes: `Compilers` does."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import replace

from ..answer.compared import Compiled
from ..answer.compiling import Change, Compilers
from . import Action
from .outcome import Outcome, Proposal, Refusal
from .target import Target


def change_of(action: Action, target: Target, outcome: Outcome) -> Change | None:
    """What a checker is to be asked about; None where the action wants no such check or there is no edit."""
    if not isinstance(outcome, Proposal) or target.language is None or "compiles" not in action.checks:
        return None
    return Change(target.language, target.path, target.text, outcome.new_text)


def told(outcome: Outcome, compiled: Compiled) -> Outcome:
    """`outcome` with its further rung, or the refusal."""
    if compiled.reason:
        return Refusal(reasons=(compiled.reason,))
    if compiled.rung and isinstance(outcome, Proposal):
        return replace(outcome, rungs=tuple(dict.fromkeys((*outcome.rungs, compiled.rung))))  # a search asks again
    return outcome


def known(action: Action, target: Target, outcome: Outcome, compilers: Compilers | None) -> Outcome | Change:
    """`outcome` with what is known already; the question where the checker must be asked first. Starts nothing."""
    change = change_of(action, target, outcome)
    if change is None or compilers is None:
        return outcome
    compiled = compilers.known(change)
    return change if compiled is None else told(outcome, compiled)


async def checked(
    action: Action, target: Target, outcome: Outcome, compilers: Compilers | None, until: float = math.inf
) -> Outcome:
    """`outcome` after the checker was asked, where there is one.

    One that is not done at `until` (`time.monotonic`) is ended, and says nothing.
    """
    found = known(action, target, outcome, compilers)
    if compilers is None or not isinstance(found, Change):
        return outcome if isinstance(found, Change) else found
    left = until - time.monotonic()
    if left <= 0:
        return outcome
    try:
        async with asyncio.timeout(left if math.isfinite(left) else None):
            return told(outcome, await compilers.check(found))
    except TimeoutError:
        return outcome


def works(action: Action, target: Target, compilers: Compilers | None) -> bool:
    """Whether edits of this definition are compiled, which takes time."""
    if compilers is None or target.language is None:
        return False
    return "compiles" in action.checks and compilers.works(target.language)
