"""What workers bring, kept and told: the one place that writes. Knows no Ray.

What was brought is on the disk before it is told of, so that work which is cut off has lost what was under way and
nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator

from ..action import gloss
from ..engine import EngineError
from ..engine.ledger import Ledger
from ..engine.recorded import cost_of
from ..engine.remembered import Remembered
from . import TRIES, Brought, Portion, Spreader

MOST_FAILURES = 8
"""Portions in a row of which nothing could be told, after which nothing more is asked."""


async def gathered(
    spreader: Spreader, portions: Iterator[Portion], engine: Remembered, ledger: Ledger, purpose: str
) -> AsyncGenerator[tuple[gloss.Place, gloss.Told | EngineError], None]:
    """What was told of each definition, in the order in which it comes; as `gloss.asked` for one machine.

    `engine` remembers the answers; what they cost is entered as `purpose`. Raises `EngineError` where there can be no
    workers, and the last one after `MOST_FAILURES` portions.
    """
    given: dict[int, Portion] = {}
    failures = 0
    brought = _beside(spreader, _noted(portions, given))
    try:
        async for each in brought:
            portion = given.pop(each.number, None)
            if portion is None:  # its worker was taken for dead, and another one has brought it
                continue
            lost = await _kept(each, engine)
            for answer in each.answers.values():
                ledger.add(purpose, cost_of(answer.finished.usage))
            for start in portion.starts:
                why = each.failed.get(start, lost)
                yield (portion.path, start), EngineError(why) if why else each.told[start]
            failures = 0 if each.told else failures + 1
            if failures >= MOST_FAILURES:
                raise EngineError(next(iter(each.failed.values()), "nothing was told"))
        for portion in given.values():
            for start in portion.starts:
                yield (portion.path, start), EngineError(f"its worker died {TRIES} times; see how much memory it has")
    finally:
        await brought.aclose()


async def _kept(brought: Brought, engine: Remembered) -> str:
    """Remember the answers; why not, where that cannot be."""
    try:
        held = await asyncio.to_thread(engine.keep, brought.answers)
    except EngineError as error:
        return str(error)
    return "" if len(held) == len(brought.answers) else "the disk did not take its answer"


def _noted(portions: Iterator[Portion], given: dict[int, Portion]) -> Iterator[Portion]:
    for portion in portions:
        given[portion.number] = portion
        yield portion


async def _beside(spreader: Spreader, portions: Iterator[Portion]) -> AsyncGenerator[Brought, None]:
    """What `spread` gives, which blocks: in a thread that nobody waits for once this is closed."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue[Brought | BaseException | None]()

    def tell(each: Brought | BaseException | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(waiting.put_nowait, each)

    def work() -> None:
        try:
            for each in spreader.spread(portions):
                tell(each)
            tell(None)
        except BaseException as error:
            tell(error)

    threading.Thread(target=work, name="spread", daemon=True).start()
    try:
        while (each := await waiting.get()) is not None:
            if isinstance(each, BaseException):
                raise each
            yield each
    finally:
        spreader.stop()
