"""An engine that adds up what its answers cost."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import fields

from . import Chunk, Engine, Finished, Request, Usage
from .front import Front


class Metered(Front):
    """An `Engine` in front of another.

    Attributes:
        usage: Of all answers so far, remembered ones with what they cost when they were made.
        remembered: Whether all of them were remembered, and none was given up or failed.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.usage = Usage()
        self.remembered = True

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The other engine's answer. Raises what that one raises."""
        ended = False
        try:
            async with aclosing(self._engine.stream(request)) as chunks:
                async for chunk in chunks:
                    if isinstance(chunk, Finished):
                        self.usage = added(self.usage, chunk.usage)
                        self.remembered = self.remembered and chunk.remembered
                        ended = True
                    yield chunk
        finally:
            # What is cancelled, closed before its end or fails took work all the same.
            self.remembered = self.remembered and ended


def added(one: Usage, other: Usage) -> Usage:
    """The numbers added; approximate where one is."""
    numbers = [each.name for each in fields(Usage) if each.name != "approximate"]
    sums = {name: getattr(one, name) + getattr(other, name) for name in numbers}
    return Usage(**sums, approximate=one.approximate or other.approximate)
