"""An outcome together with what running the examples of the docstring says of it. Runs nothing itself: `Runs` does.

An edit that breaks an example that the code kept is refused, and so is a repair that mends none where the code breaks
one and nobody says what else is wrong; the example is the reason, which the model hears at its next try. Words of the
user may ask for another result: then it is only told. Where nothing can be concluded, nothing is said.
"""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from functools import lru_cache

from ..answer.examples import Example, defined, examples
from ..answer.examples_check import MOST
from ..answer.kept import Kept
from ..answer.running import Question, Runs
from ..code import Symbol, TooLarge
from ..code.symbols import outline
from ..code.threads import in_turn
from . import Action
from .outcome import Outcome, Proposal, Refusal
from .target import Target


def examples_of(target: Target) -> tuple[Example, ...]:
    """What the docstring of the definition promises; nothing where it is no Python."""
    if target.symbol is None or target.language is None or target.language.id != "python":
        return ()
    return _promised(target.text, target.symbol)


def question_of(action: Action, target: Target, outcome: Outcome) -> Question | None:
    """What is to be run; None where there is no edit or no example for it."""
    if action.kind != "edit" or not isinstance(outcome, Proposal):
        return None
    found = examples_of(target)
    if found and target.instruction:
        found = tuple(each for each in found if each in _after(target, outcome.new_text))
    return Question(target.text, outcome.new_text, found) if found else None


def told(action: Action, target: Target, outcome: Outcome, kept: Kept) -> Outcome:
    """`outcome` with its further rung, with a note, or the refusal."""
    if not isinstance(outcome, Proposal):
        return outcome
    if not kept.judged:
        unknown = f"no example was checked: {kept.unknown}" if kept.unknown else ""
        return replace(outcome, note=_joined(outcome.note, unknown))
    failing = kept.broken or kept.open
    asked = bool(target.instruction)
    if kept.broken and not asked:
        return Refusal(reasons=(str(kept.broken),), example=str(kept.broken))
    if must_mend(action, target) and kept.before < kept.total and not kept.mended:
        return Refusal(reasons=(str(failing),), example=str(failing))
    rungs = tuple(dict.fromkeys((*outcome.rungs, kept.rung))) if kept.rung else outcome.rungs  # a search asks again
    note = _joined(outcome.note, str(failing) if failing else "")
    return replace(outcome, rungs=rungs, note=note, mends=kept.mended)


def must_mend(action: Action, target: Target) -> bool:
    """Whether an example that the code breaks must be what is repaired: nobody said that something else is wrong."""
    return action.repairs and not target.instruction and not target.diagnostics


async def checked(
    action: Action, target: Target, outcome: Outcome, runs: Runs | None, until: float = math.inf
) -> Outcome:
    """`outcome` after its examples were run, where the user wants that. None is run after `until`
    (`time.monotonic`)."""
    if runs is None:
        return outcome
    question = await in_turn(len(target.text), question_of, action, target, outcome)
    return outcome if question is None else told(action, target, outcome, await runs.check(question, until))


def known(action: Action, target: Target, outcome: Outcome, runs: Runs | None) -> Outcome | Question:
    """`outcome` with what is known already; the question where something must be run first. Starts nothing."""
    question = question_of(action, target, outcome) if runs else None
    if runs is None or question is None:
        return outcome
    kept = runs.known(question)
    return question if kept is None else told(action, target, outcome, kept)


def _joined(note: str, further: str) -> str:
    return note if further in note else "; ".join(part for part in (note, further) if part)


@lru_cache(maxsize=4)
def _promised(text: str, symbol: Symbol) -> tuple[Example, ...]:
    names = defined(text)
    found = examples(symbol.docstring, symbol.name, names)
    return tuple(each for each in found if symbol.name in names or not _named(each, symbol.name))[:MOST]


def _named(example: Example, name: str) -> bool:
    """Whether an example uses a bare name: that of a method is no name of its module."""
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(ast.parse(example.expression)))


def _after(target: Target, text: str) -> tuple[Example, ...]:
    """What the docstring promises after an edit."""
    if target.tree is None or target.symbol is None:
        return ()
    try:
        found = outline(target.tree.edited(text))
    except TooLarge:
        return ()
    symbol = next((each for each in found if each.path == target.symbol.path), None)
    return _promised(text, symbol) if symbol else ()
