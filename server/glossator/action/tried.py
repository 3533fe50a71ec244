"""One try of an action: the model's answer, judged, compiled, and its examples run."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..code.threads import in_turn
from ..engine import Engine, Request
from . import Action, Try, compiled, exampled
from .asked import Said, ask
from .judge import Reply, judge
from .outcome import Event, Outcome, Stage
from .target import Target
from .tools import Tools


async def tried(
    action: Action,
    attempt: Try,
    target: Target,
    engine: Engine,
    request: Request,
    *,
    tools: Tools,
    on_event: Callable[[Event], None],
    until: float = math.inf,
) -> tuple[Said, Outcome]:
    """What was said and what becomes of it. Nothing is compiled or run after `until` (`time.monotonic`). Raises
    `EngineError`."""
    said = await ask(engine, request, on_event)
    on_event(Stage("checking"))
    reply = Reply(said.answer, said.finished.reason)
    outcome = await in_turn(len(target.text), judge, action, attempt, target, reply)
    outcome = await compiled.checked(action, target, outcome, tools.compilers, until)
    return said, await exampled.checked(action, target, outcome, tools.runs, until)
