"""The machine that computes nothing: its clock, and what it need not read again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glossator.engine import Message, Priority, Request, Text

FILE = " ".join(f"word{n}" for n in range(300))


@pytest.fixture(scope="module", autouse=True)
def bench() -> Iterator[None]:
    """`bench` is no package that is installed: it is imported from the checkout."""
    root = str(Path(__file__).parent.parent)
    sys.path.insert(0, root)
    yield
    sys.path.remove(root)


class Words:
    """A vocabulary of words."""

    def of(self, text: str, *, marks: bool = False) -> tuple[int, ...]:
        return tuple(hash(word) for word in text.split())


def asked(task: str, tokens: int, priority: Priority) -> Request:
    return Request((Message("user", task, stable=FILE),), max_tokens=tokens, priority=priority)


def lived(*requests: tuple[Request, float]) -> tuple[list[float], Any]:
    """Seconds to the first word of each request, which is given up after so many; the engine afterwards."""
    from bench.virtual import Engine, Loop

    loop, waits = Loop(), []
    engine = Engine(Words(), reads=10.0, writes=5.0, length=lambda request: 20)  # type: ignore[arg-type]

    async def live() -> None:
        for request, patience in requests:
            began = loop.time()
            try:
                async with asyncio.timeout(patience):
                    async for chunk in engine.stream(request):
                        if isinstance(chunk, Text):
                            waits.append(loop.time() - began)
            except TimeoutError:
                pass
        await engine.close()

    try:
        loop.run_until_complete(live())
    finally:
        loop.close()
    return waits, engine


def test_time_is_that_of_the_rates() -> None:
    """A prompt takes as long as its tokens, on two threads; its answer too, and nobody waits for it here."""
    (wait,), engine = lived((asked("What is it?", 50, Priority.HOVER), 1e9))
    assert 30 < wait < 33
    assert engine.cpu == pytest.approx(2 * (wait + 20 / 5))


def test_what_was_read_ahead_is_answered_at_once() -> None:
    """A question that was read is not read again, and one that was answered is not answered again."""
    ahead, hover = asked("What is it?", 0, Priority.PREFETCH), asked("What is it?", 50, Priority.HOVER)
    waits, engine = lived((ahead, 1e9), (hover, 1e9))
    assert waits == [0]
    once = engine.cpu
    again, engine = lived((ahead, 1e9), (hover, 1e9), (hover, 1e9))
    assert (again, engine.cpu) == ([0, 0], once)


def test_what_is_given_up_keeps_its_whole_parts() -> None:
    """Reading that ends early costs the time until then; what was evaluated in whole parts is not read again."""
    ahead, hover = asked("What is it?", 0, Priority.PREFETCH), asked("What is it?", 50, Priority.HOVER)
    (wait,), engine = lived((ahead, 20.0), (hover, 1e9))
    (whole,), _ = lived((hover, 1e9))
    assert 128 / 10 <= whole - wait < 20
    assert engine.cpu == pytest.approx(2 * (20 + wait + 4))
