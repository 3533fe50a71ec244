"""An engine that keeps what it was asked to answer, so that a user can be shown what a model read."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from . import Chunk, Engine, Finished, Request
from .front import Front

MOST = 4
"""Questions that are kept of one job; the tries of an action are fewer, other answers to the same question are more."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and whether the answer was remembered, so that nothing was sent this time."""

    request: Request
    remembered: bool


class Overheard(Front):
    """An `Engine` in front of another.

    Attributes:
        questions: The first that were asked to be answered in words, `MOST` at most.
        more: How many more there were. Texts that were only weighed are not counted.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.questions: list[Question] = []
        self.more = 0

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The other engine's answer. Raises what that one raises."""
        place = self._kept(request)
        async with aclosing(self._engine.stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Finished) and chunk.remembered and place is not None:
                    self.questions[place] = Question(request, remembered=True)
                yield chunk

    def _kept(self, request: Request) -> int | None:
        if request.answers or not request.max_tokens:
            return None
        if len(self.questions) == MOST:
            self.more += 1
            return None
        self.questions.append(Question(request, remembered=False))
        return len(self.questions) - 1
