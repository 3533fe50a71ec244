"""Work beside the event loop: what is large waits for its turn, nothing else does."""

from __future__ import annotations

import asyncio
import threading

import pytest

from glossator.code.threads import LARGE, in_thread, in_turn

GUARD = 20.0


class Held:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.go_on.wait(GUARD)
        return "held"


async def test_one_after_the_other() -> None:
    """Of two pieces with large texts the second begins when the first is over; with a small one it is done at once."""
    held, second = Held(), threading.Event()
    first = asyncio.create_task(in_turn(LARGE, held))
    assert await asyncio.to_thread(held.begun.wait, GUARD)
    waiting = asyncio.create_task(in_turn(LARGE, second.set))
    assert await asyncio.wait_for(in_turn(LARGE - 1, lambda: "small"), GUARD) == "small"
    assert await asyncio.wait_for(in_thread(lambda: "other"), GUARD) == "other"
    assert not second.is_set()
    held.go_on.set()
    assert await asyncio.wait_for(first, GUARD) == "held"
    await asyncio.wait_for(waiting, GUARD)
    assert second.is_set()


async def test_cancelled_before_its_turn() -> None:
    """What nobody wants any more when its turn comes is not done."""
    held, done = Held(), threading.Event()
    first = asyncio.create_task(in_turn(LARGE, held))
    assert await asyncio.to_thread(held.begun.wait, GUARD)
    unwanted = asyncio.create_task(in_turn(LARGE, done.set))
    await asyncio.sleep(0)
    unwanted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await unwanted
    held.go_on.set()
    await first
    assert await asyncio.wait_for(in_turn(LARGE, lambda: "next"), GUARD) == "next"
    assert not done.is_set()


async def test_failures_pass() -> None:
    """What the work raises is raised, and the next has its turn."""
    with pytest.raises(ZeroDivisionError):
        await in_turn(LARGE, lambda: 1 // 0)
    assert await asyncio.wait_for(in_turn(LARGE, lambda: "next"), GUARD) == "next"
