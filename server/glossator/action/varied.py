"""Other answers to the same question, one after another, until one passes: worth its time only where running the
examples of the docstring tells a right one from a wrong one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ..answer.compiling import Compilers
from ..answer.running import Runs
from ..answer.testing import Trial
from ..code.context import Context
from ..engine import Engine, Priority
from . import Action, compiled, exampled, tested
from .asked import Said, ask
from .asking import request_for
from .judge import Reply, judge
from .outcome import Event, Outcome, Proposal, Stage
from .target import Target

MOST = 6


async def varied(
    action: Action,
    target: Target,
    context: Context,
    engine: Engine,
    last: tuple[Said, Outcome],
    *,
    until: float,
    seed: int,
    priority: Priority,
    compilers: Compilers | None,
    runs: Runs | None,
    trial: Trial | None,
    on_event: Callable[[Event], None],
) -> tuple[Said, Outcome]:
    """The first of `MOST` sampled answers to the action's first question that passes; `last` where none does, or where
    no examples decide. None is begun that would probably end after `until` (`time.monotonic`). Raises `EngineError`."""
    if runs is None or not exampled.must_mend(action, target):
        return last
    if not await asyncio.to_thread(exampled.examples_of, target):
        return last
    thinks = engine.model().reasoning
    took = 0.0
    for number in range(1, MOST + 1):
        began = time.monotonic()
        if began + took > until:
            break
        request = request_for(
            action, target, context, reasoning=thinks, seed=seed * (MOST + 1) + number, priority=priority
        )
        said = await ask(engine, request, on_event)
        on_event(Stage("checking"))
        reply = Reply(said.answer, said.finished.reason)
        outcome = await asyncio.to_thread(judge, action, action.tries[0], target, reply)  # it parses the file
        outcome = await compiled.checked(action, target, outcome, compilers)
        outcome = await exampled.checked(action, target, outcome, runs)
        outcome = await tested.checked(action, target, outcome, trial, until=until, on_event=on_event)
        if isinstance(outcome, Proposal):
            return said, outcome
        took = time.monotonic() - began
    return last
