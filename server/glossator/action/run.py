"""The story of one action: gather what the model should see, ask, judge, and ask again with the reason where it must.

`recall` tells the same story with remembered answers alone, at once; `recall_checked` may start a checker for it. Knows
nothing of editors and shells.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from ..answer.compiling import Change
from ..answer.reasoning import split
from ..answer.running import Question
from ..engine import Engine, Finished, ModelInfo, Priority, Usage
from ..engine.metered import Metered, added
from ..engine.timely import OutOfTime, Timely
from . import Action, compiled, exampled, search, tested, varied
from .asked import Said
from .asking import Turn, context_for, messages, overhead, request_for, room
from .judge import Reply, judge
from .outcome import Answer, Event, Explanation, NewFile, Outcome, Proposal, Refusal, Stage, Thought
from .target import Target
from .tools import NONE, Tools
from .tried import tried

__all__ = [
    "Answer", "Event", "Explanation", "NewFile", "Outcome", "Proposal", "Refusal", "Stage", "Thought",
    "forget", "prompt_for", "recall", "recall_checked", "request_for", "run",
]  # fmt: skip

SECONDS = 30.0
"""How long an action may take that searches; the best that was found by then is offered."""


async def run(
    action: Action,
    target: Target,
    engine: Engine,
    *,
    budget: int = 0,
    on_event: Callable[[Event], None] = lambda event: None,
    seed: int = 0,
    use_cache: bool = True,
    priority: Priority = Priority.COMMAND,
    lane: str = "",
    tools: Tools = NONE,
    seconds: float = SECONDS,
) -> Outcome:
    """Do `action` on `target`. `budget`: tokens of prompt (0: what the model's window admits).

    `use_cache` False: remembered answers are neither used nor kept. `tools`: what edits are checked with.

    What is expected is returned (a `Refusal` says why nothing is offered); an `EngineError` is raised.
    """
    began = time.monotonic()
    if reason := unfit(action, target):
        return Refusal(reasons=(reason,), model=engine.model().name)
    context = await context_for(action, target, engine, budget)
    if context.tokens > room(engine, action) - overhead(action):
        return Refusal(reasons=(f"{target.title} is too long for the model: {context.tokens} tokens",))
    thinks = engine.model().reasoning
    asked = Metered(engine if use_cache else getattr(engine, "engine", engine))  # the one behind the remembered answers
    turns: list[Turn] = []
    trial = tested.trial_of(action, target, tools.tests)
    searches, told = search.fits(action, target, engine), bool(target.diagnostics or target.instruction)
    reasons: dict[str, None] = {}
    spare: Explanation | None = None
    over = began + seconds
    timely = Timely(asked, over)
    sought_for = False  # from then on the time has a limit
    said = Said("", "", Finished("stop"))

    async def sought(first: Outcome) -> Outcome:
        nonlocal sought_for
        sought_for = True
        found = await search.search(
            action,
            target,
            asked,
            first,
            budget=budget,
            seconds=seconds,
            until=over,
            on_event=on_event,
            priority=priority,
            tools=tools,
            trial=trial,
        )
        reasons.update(dict.fromkeys(found.reasons if isinstance(found, Refusal) else ()))
        return found

    def ended(outcome: Outcome, said: Said) -> Outcome:
        return replace(
            outcome,
            thought=said.thought,
            answer=said.answer,
            usage=asked.usage,
            model=said.finished.model or engine.model().name,
            remembered=asked.remembered,
            finish=said.finished.reason,
            seconds=time.monotonic() - began,
        )

    if searches and not told and search.comes_first(action, target, context, engine, seconds):
        searches = False
        outcome = await sought(Refusal(reasons=()))
        if isinstance(outcome, Proposal):
            return ended(outcome, said)
    while True:
        attempt = action.tries[len(turns)]
        request = request_for(action, target, context, turns, reasoning=thinks, seed=seed, priority=priority, lane=lane)
        try:
            said, outcome = await tried(
                action, attempt, target, timely if sought_for else asked, request,
                tools=tools, on_event=on_event, until=over if sought_for or (searches and not told) else math.inf,
            )  # fmt: skip
        except OutOfTime:
            return ended(spare or Refusal(reasons=tuple(reasons) or (search.LATE,)), said)
        if told or not searches:  # a search has it compete with others first
            outcome = await tested.checked(action, target, outcome, trial, until=over, on_event=on_event)
        if isinstance(outcome, Refusal):
            reasons |= dict.fromkeys(outcome.reasons)
            spare = outcome.spare or spare
            turns.append(Turn(attempt, said.answer, outcome.reasons, outcome.example))
        more = isinstance(outcome, Refusal) and len(turns) < len(action.tries)
        # What was said a search cannot read: then it comes last. Where nothing was said the model mostly copies.
        if searches and (not told or (isinstance(outcome, Refusal) and not more)):
            searches = False
            outcome = await sought(outcome)
            more = more and isinstance(outcome, Refusal)
        if more:
            continue
        if isinstance(outcome, Refusal) and search.fits(action, target, engine):
            said, outcome = await varied.varied(
                action, target, context, timely, (said, outcome),
                until=over, seed=seed, priority=priority, tools=tools, trial=trial, on_event=on_event,
            )  # fmt: skip
        if isinstance(outcome, Refusal):
            outcome = spare or replace(outcome, reasons=tuple(reasons | dict.fromkeys(outcome.reasons)))
        return ended(outcome, said)


def recall(
    action: Action,
    target: Target,
    engine: Engine,
    *,
    seed: int = 0,
    tools: Tools = NONE,
) -> Outcome | None:
    """The outcome of remembered answers, or None where one is missing or an edit was not compiled or run yet.

    Nor is what the user's tests decide about: they are run anew. Quick; never asks the model, starts nothing.
    """
    if tested.decide(action, tools.tests):
        return None
    found = _recalled(action, target, engine, seed=seed, tools=tools)
    return found if isinstance(found, Outcome) else None


async def recall_checked(
    action: Action,
    target: Target,
    engine: Engine,
    *,
    seed: int = 0,
    tools: Tools = NONE,
) -> Outcome | None:
    """Like `recall`, but an edit that was not compiled or run yet is."""
    asked: Change | Question | None = None
    while not tested.decide(action, tools.tests):
        found = _recalled(action, target, engine, seed=seed, tools=tools)
        if found == asked:  # it came to no verdict that is kept: `run` tells why
            return None
        asked = found if isinstance(found, Change | Question) else None
        if isinstance(found, Change) and tools.compilers is not None:
            await tools.compilers.check(found)
        elif isinstance(found, Question) and tools.runs is not None:
            await tools.runs.check(found)
        else:
            return found if isinstance(found, Outcome) else None
    return None


def _recalled(
    action: Action, target: Target, engine: Engine, *, seed: int, tools: Tools
) -> Outcome | Change | Question | None:
    """The remembered outcome; None where an answer is missing; the edit that must be compiled or run first."""
    look = getattr(engine, "recall", None)
    if look is None or unfit(action, target):
        return None
    searches = search.fits(action, target, engine)  # takes too long to be told again here, though its parts are kept
    if searches and not (target.diagnostics or target.instruction):
        return None
    began = time.monotonic()
    turns: list[Turn] = []
    spare: Explanation | None = None
    usage = Usage()
    while len(turns) < len(action.tries):
        found = look(request_for(action, target, None, turns, reasoning=engine.model().reasoning, seed=seed))
        if found is None:
            return None
        text, finished = found
        usage = added(usage, finished.usage)
        thought, answer = _parts(text, engine.model())
        attempt = action.tries[len(turns)]
        outcome = _known(action, target, judge(action, attempt, target, Reply(answer, finished.reason)), tools)
        if not isinstance(outcome, Outcome):
            return outcome
        if not isinstance(outcome, Refusal) or len(turns) + 1 == len(action.tries):
            reasons = dict.fromkeys(reason for turn in turns for reason in turn.reasons)
            if isinstance(outcome, Refusal):
                if searches:
                    return None
                outcome = (
                    outcome.spare or spare or replace(outcome, reasons=tuple(reasons | dict.fromkeys(outcome.reasons)))
                )
            return replace(
                outcome,
                thought=thought,
                answer=answer,
                usage=usage,
                model=finished.model or engine.model().name,
                remembered=True,
                finish=finished.reason,
                seconds=time.monotonic() - began,
            )
        spare = outcome.spare or spare
        turns.append(Turn(attempt, answer, outcome.reasons, outcome.example))
    return None


def _known(action: Action, target: Target, outcome: Outcome, tools: Tools) -> Outcome | Change | Question:
    """`outcome` with what is known of it already, or what must be asked first."""
    found = compiled.known(action, target, outcome, tools.compilers)
    return exampled.known(action, target, found, tools.runs) if isinstance(found, Outcome) else found


def forget(
    action: Action,
    target: Target,
    engine: Engine,
    *,
    budget: int = 0,
    seed: int = 0,
    tools: Tools = NONE,
) -> None:
    """Forget the remembered answers to this question, those to its later tries included."""
    del budget  # what is remembered does not depend on it
    look, drop = getattr(engine, "recall", None), getattr(engine, "forget", None)
    turns: list[Turn] = []
    while look is not None and drop is not None and len(turns) < len(action.tries):
        request = request_for(action, target, None, turns, reasoning=engine.model().reasoning, seed=seed)
        found = look(request)
        drop(request)
        if found is None:
            return
        answer = _parts(found[0], engine.model())[1]
        attempt = action.tries[len(turns)]
        outcome = _known(action, target, judge(action, attempt, target, Reply(answer, found[1].reason)), tools)
        if not isinstance(outcome, Refusal):
            return
        turns.append(Turn(attempt, answer, outcome.reasons, outcome.example))


async def prompt_for(action: Action, target: Target, engine: Engine, *, budget: int = 0) -> str:
    """What the first try would send, with a line before each turn that says whose it is."""
    context = await context_for(action, target, engine, budget)
    turns = [f"--- {turn.role}\n{turn.content}" for turn in messages(action, target, context)]
    prefix = request_for(action, target, context).answer_prefix
    return "\n\n".join([*turns, *([f"--- assistant\n{prefix}"] if prefix else [])])


def unfit(action: Action, target: Target) -> str:
    """Why `action` makes no sense here, or ""."""
    if action.needs_instruction and not target.instruction:
        return f"{action.name} needs words: what is to be done?"
    if action.languages and (target.language is None or target.language.id not in action.languages):
        name = target.language.name if target.language else "this language"
        return f"{action.name} is not made for {name}"
    if action.kind == "edit" and target.symbol is None and not target.selection:
        return target.unread or "there is no definition here: put the cursor into one, or select the code to change"
    if target.symbol is None and any(each.reply == "docstring" for each in action.tries):
        return target.unread or "only a whole definition can be documented; put the cursor into one"
    if not target.code.strip():
        return "there is nothing here"
    return ""


def _parts(text: str, info: ModelInfo) -> tuple[str, str]:
    return split(text, info.think_open, info.think_close)
