"""What can be done before anyone asks: read the part of a file that all questions about it share, then the questions
that are likely next, and answer them where that is quick.

Asks with the lowest priority: whatever a user wants pre-empts it. Knows no editors; when there is time, others decide,
and how much, an `Allowance`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from ..code import Span
from ..code.threads import in_turn
from ..engine import Engine, Priority, Request
from . import Action
from .allowance import Allowance
from .asking import context_for, messages, overhead, request_for, room
from .budget import prompt_tokens
from .cost import WRITTEN, seconds
from .nearby import nearby
from .run import recall, run
from .target import Target

READING = "read"
"""What reading before anyone asks is for."""

MOST_ASKED = 8  # symbols around the cursor whose questions are read
MOST_SECONDS = 10.0
"""Of reading and writing for one place of the cursor, beside the file itself. A slow machine does what is likeliest and
keeps its allowance for the next place; without this it uses more than twice as much for few more hovers that begin at
once (`python -m bench.quiet`)."""


async def _as_it_is(target: Target) -> Target:
    return target


async def quiet(
    action: Action,
    target: Target,
    engine: Engine,
    allowance: Allowance,
    *,
    offset: int,
    explains: bool,
    complete: Callable[[Target], Awaitable[Target]] = _as_it_is,
    say: Callable[[str], None] = lambda doing: None,
) -> None:
    """What a quiet moment is used for: the file of `target` is read, and where `explains` what the hover would ask
    about the symbols around `offset` with `action`; then they are explained. All but the file takes at most
    `MOST_SECONDS`, as far as this machine's rates are known.

    A question is read in a fraction of the time that its answer takes, and then that begins at once.

    `complete` brings what a target needs of other files; `say` is told what is done. Cancelling ends it at once.
    """
    say("reading")
    async with allowance.charged(engine):
        await read(action, target, engine)
    if not explains or target.tree is None:
        return
    left = MOST_SECONDS
    asked: list[tuple[Target, int]] = []
    for symbol in await in_turn(len(target.text), nearby, target.tree, target.path, offset, MOST_ASKED):
        whole = await complete(symbol)
        request = await question(action, whole, engine)
        if request is None:
            continue
        (tokens,) = await engine.count([request.messages[-1].text])  # the rest of the prompt is read already
        takes = seconds(engine.model(), tokens, 0)
        if takes > left:
            continue
        left -= takes
        asked.append((whole, WRITTEN + request.thinking))
        await allowance.wait()
        async with allowance.charged(engine):
            await _evaluated(request, engine)
    for whole, written in asked:
        left -= seconds(engine.model(), 0, written)
        if left < 0:
            return
        await allowance.wait()
        say("explaining")
        async with allowance.charged(engine):
            await run(action, whole, engine, budget=_budget(engine), priority=Priority.PREFETCH)


async def read(action: Action, target: Target, engine: Engine) -> None:
    """Have the model read the file of `target`, so that the next question about it begins at its own words."""
    target = replace(target, span=Span(0, 0), symbol=None)  # what is shared does not depend on what is asked about
    context = await context_for(action, target, engine, _budget(engine))
    if context.shown == "none":
        return
    shared = [
        message if message.role == "system" else replace(message, text="")
        for message in messages(action, target, context)
        if message.role == "system" or message.stable
    ]
    await _evaluated(Request(tuple(shared), max_tokens=0, priority=Priority.PREFETCH, purpose=READING), engine)


async def question(action: Action, target: Target, engine: Engine) -> Request | None:
    """What a hover will ask about `target`, to be read and not to be answered yet; None where its answer is remembered,
    or where it is too long for the model."""
    if recall(action, target, engine) is not None:
        return None
    context = await context_for(action, target, engine, _budget(engine))
    if context.tokens > room(engine, action) - overhead(action):
        return None
    reasoning = engine.model().reasoning
    request = request_for(action, target, context, reasoning=reasoning, priority=Priority.PREFETCH)
    return replace(request, max_tokens=0, draft="", purpose=READING)


def _budget(engine: Engine) -> int:
    """A hover's, since only the same prompt is found again."""
    return prompt_tokens(engine.model(), hover=True)


async def _evaluated(request: Request, engine: Engine) -> None:
    async with aclosing(engine.stream(request)) as chunks:
        async for _ in chunks:
            pass
