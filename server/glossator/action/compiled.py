"""An outcome together with what the language's own checker says of it. Knows no processes: `Compilers` does."""

from __future__ import annotations

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


async def checked(action: Action, target: Target, outcome: Outcome, compilers: Compilers | None) -> Outcome:
    """`outcome` after the checker was asked, where there is one."""
    change = change_of(action, target, outcome)
    return outcome if change is None or compilers is None else told(outcome, await compilers.check(change))


def known(action: Action, target: Target, outcome: Outcome, compilers: Compilers | None) -> Outcome | Change:
    """`outcome` with what is known already; the question where the checker must be asked first. Starts nothing."""
    change = change_of(action, target, outcome)
    if change is None or compilers is None:
        return outcome
    compiled = compilers.known(change)
    return change if compiled is None else told(outcome, compiled)
