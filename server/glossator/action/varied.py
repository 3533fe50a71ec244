"""Other answers to the same question, one after another, until one passes: worth its time only where running the
examples of the docstring tells a right one from a wrong one."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..answer.testing import Trial
from ..code.context import Context
from ..code.threads import in_turn
from ..engine import Priority
from ..engine.timely import OutOfTime, Timely
from . import Action, exampled, tested
from .asked import Said
from .asking import request_for
from .outcome import Event, Outcome, Proposal
from .target import Target
from .tools import Tools
from .tried import tried

MOST = 6


async def varied(
    action: Action,
    target: Target,
    context: Context,
    engine: Timely,
    last: tuple[Said, Outcome],
    *,
    until: float,
    seed: int,
    priority: Priority,
    tools: Tools,
    trial: Trial | None,
    on_event: Callable[[Event], None],
) -> tuple[Said, Outcome]:
    """The first of `MOST` sampled answers to the action's first question that passes; `last` where none does, or where
    no examples decide. None is begun that would probably end after `until` (`time.monotonic`), when the time of
    `engine` is over. Raises `EngineError`."""
    if tools.runs is None or not exampled.must_mend(action, target):
        return last
    if not await in_turn(len(target.text), exampled.examples_of, target):
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
        try:
            said, outcome = await tried(
                action, action.tries[0], target, engine, request,
                tools=tools, on_event=on_event, until=until,
            )  # fmt: skip
        except OutOfTime:
            break
        outcome = await tested.checked(action, target, outcome, trial, until=until, on_event=on_event)
        if isinstance(outcome, Proposal):
            return said, outcome
        took = time.monotonic() - began
    return last
