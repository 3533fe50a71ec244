"""An engine that is asked until a time is over: what is not answered by then is given up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from . import Chunk, ContextTooLong, Engine, Request
from .front import Front


class OutOfTime(ContextTooLong):
    """The time is over. A search goes on without the answer, as without what does not fit a window."""

    def __init__(self) -> None:
        super().__init__("the time for it was over")


class Timely(Front):
    """An `Engine` in front of another, which is cancelled where it still answers at `until` (`time.monotonic`)."""

    def __init__(self, engine: Engine, until: float) -> None:
        super().__init__(engine)
        self._until = until

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The other engine's answer. Raises what that one raises, and `OutOfTime`."""
        if time.monotonic() >= self._until:
            raise OutOfTime
        async with aclosing(self._engine.stream(request)) as chunks:
            while True:
                try:
                    async with asyncio.timeout(self._until - time.monotonic()):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise OutOfTime from None
                yield chunk
