"""Remembered answers with nobody behind them: what was computed before can be told again, and nothing is computed."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator
from typing import NoReturn

from . import Chunk, ContextTooLong, Request
from .front import Front
from .remembered import Remembered


class NotRemembered(ContextTooLong):
    """Nothing is kept, and nobody may be asked. A search goes on without it, as without what does not fit a window."""

    def __init__(self) -> None:
        super().__init__("this was not answered before")


def alone(engine: Remembered) -> Remembered:
    """The same memory; its `stream` raises `NotRemembered` instead of asking. Needs no closing."""
    without = copy.copy(engine)
    without.engine = Nobody(engine.engine)
    return without


class Nobody(Front):
    """Stands in an engine's place: counts tokens and knows the model, but does not answer."""

    def asked(self, request: Request) -> NoReturn:
        """Raised in place of every answer."""
        raise NotRemembered

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.asked(request)
        yield  # makes it a generator
