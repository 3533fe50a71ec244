"""Work beside the event loop: what is large waits for its turn, nothing else does."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from glossator.code.threads import LARGE, _Worker, in_thread, in_turn

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


async def test_threads_are_used_again() -> None:
    """Work after work is done in the same thread; what comes meanwhile in another; few of them stay."""
    first = await in_thread(threading.get_ident)
    assert {await in_thread(threading.get_ident) for _ in range(50)} == {first}
    held = Held()
    waiting = asyncio.create_task(in_thread(held))
    assert await asyncio.to_thread(held.begun.wait, GUARD)
    assert await asyncio.wait_for(in_thread(threading.get_ident), GUARD) != first
    held.go_on.set()
    assert await waiting == "held"
    crowd = [Held() for _ in range(12)]
    tasks = [asyncio.create_task(in_thread(each)) for each in crowd]
    for each in crowd:
        assert await asyncio.to_thread(each.begun.wait, GUARD)
        each.go_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), GUARD)
    assert len(_Worker.idle) <= 5  # two may end at once


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
async def test_a_fork_has_threads_of_its_own() -> None:
    """The threads that wait here are not there after a fork; work there is done all the same."""
    await in_thread(int)
    pid = os.fork()
    if pid == 0:
        done = asyncio.new_event_loop().run_until_complete
        asyncio.events._set_running_loop(None)
        os._exit(done(asyncio.wait_for(in_thread(lambda: 7), GUARD)))
    assert os.waitstatus_to_exitcode((await asyncio.to_thread(os.waitpid, pid, 0))[1]) == 7
