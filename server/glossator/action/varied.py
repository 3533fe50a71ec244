"""Other answers to the same question, one after another, until one passes: worth its time only where running the
examples of the docstring tells a right one from a wrong one."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable

from ..answer.compiling import Compilers
from ..answer.running import Runs
from ..code.context import Context
from ..engine import Engine, Priority
from . import Action, compiled, exampled
from .asked import Said, ask
from .asking import request_for
from .judge import Reply, judge
from .outcome import Event, Outcome, Stage
from .target import Target

MOST = 6


def worthwhile(action: Action, target: Target, runs: Runs | None) -> bool:
    """Whether examples decide which answer is right."""
    return runs is not None and exampled.must_mend(action, target) and bool(exampled.examples_of(target))


async def varied(
    action: Action,
    target: Target,
    context: Context,
    engine: Engine,
    *,
    until: float,
    seed: int,
    priority: Priority,
    compilers: Compilers | None,
    runs: Runs | None,
    on_event: Callable[[Event], None],
) -> AsyncGenerator[tuple[Said, Outcome], None]:
    """At most `MOST` sampled answers to the action's first question, each judged; none is begun that would probably end
    after `until` (`time.monotonic`). Raises `EngineError`."""
    thinks = engine.model().reasoning
    took = 0.0
    for number in range(1, MOST + 1):
        began = time.monotonic()
        if began + took > until:
            return
        request = request_for(
            action, target, context, reasoning=thinks, seed=seed * (MOST + 1) + number, priority=priority
        )
        said = await ask(engine, request, on_event)
        on_event(Stage("checking"))
        outcome = judge(action, action.tries[0], target, Reply(said.answer, said.finished.reason))
        outcome = await compiled.checked(action, target, outcome, compilers)
        yield said, await exampled.checked(action, target, outcome, runs)
        took = time.monotonic() - began
