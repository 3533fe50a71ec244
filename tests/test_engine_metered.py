"""What an action cost is told, and what was given up is not taken for remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from glossator.engine import Chunk, EngineError, Finished, Message, Request, Text, Usage
from glossator.engine.metered import Metered
from glossator.engine.scripted import Scripted
from glossator.engine.timely import OutOfTime, Timely

ASKED = Request((Message("user", "?"),))
END = Finished("stop", usage=Usage(prompt_tokens=1), remembered=True)


class Answering(Scripted):
    """Answers with the given chunks; then it fails, or never ends."""

    def __init__(self, *chunks: Chunk, fails: bool = False, hangs: bool = False) -> None:
        super().__init__([])
        self.chunks, self.fails, self.hangs = chunks, fails, hangs

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        for chunk in self.chunks:
            yield chunk
        if self.fails:
            raise EngineError("no")
        if self.hangs:
            await asyncio.Event().wait()


async def test_remembered() -> None:
    """An answer that was remembered is, also for who does not listen on after its end; one that was not is not."""
    metered = Metered(Answering(Text("a"), END))
    for _ in range(2):
        async with aclosing(metered.stream(ASKED)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Finished):
                    break
    assert metered.remembered
    assert metered.usage == Usage(prompt_tokens=2)
    metered = Metered(Answering(Finished("stop")))
    assert [chunk async for chunk in metered.stream(ASKED)] == [Finished("stop")]
    assert not metered.remembered


async def test_given_up() -> None:
    """What is cancelled because its time is over was not remembered."""
    metered = Metered(Answering(Text("a"), hangs=True))
    with pytest.raises(OutOfTime):
        assert [chunk async for chunk in Timely(metered, time.monotonic() + 0.05).stream(ASKED)]
    assert not metered.remembered


async def test_failed() -> None:
    """Nor what failed."""
    metered = Metered(Answering(Text("a"), fails=True))
    with pytest.raises(EngineError):
        assert [chunk async for chunk in metered.stream(ASKED)]
    assert not metered.remembered


async def test_left() -> None:
    """Nor what nobody listened to until its end."""
    metered = Metered(Answering(Text("a"), END))
    async with aclosing(metered.stream(ASKED)) as chunks:
        async for _ in chunks:
            break
    assert not metered.remembered
