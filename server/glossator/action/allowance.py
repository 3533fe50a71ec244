"""How much processor time may be used for what nobody asked: so many seconds a minute, so that no fan spins for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from ..engine import Engine, machine

MINUTE = 60.0
PAUSE_SECONDS = 10.0  # between two looks whether there is time again


class Allowance:
    """`seconds` of processor time in any minute; asked each time, since a setting may change."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._spent: deque[tuple[float, float]] = deque()  # when, seconds of processor time

    def used(self) -> float:
        """Seconds of processor time in the last minute."""
        now = time.monotonic()
        while self._spent and now - self._spent[0][0] > MINUTE:
            self._spent.popleft()
        return sum(seconds for _, seconds in self._spent)

    async def wait(self) -> None:
        """Until the last minute's seconds are not used up."""
        while self.used() >= self._seconds():  # noqa: ASYNC110 - time itself is waited for
            await asyncio.sleep(PAUSE_SECONDS)

    @contextlib.asynccontextmanager
    async def charged(self, engine: Engine) -> AsyncIterator[None]:
        """Charge what the engine process uses meanwhile, for whomever: it is the machine that must stay cool."""
        before = machine.cpu_seconds(engine.status().pid)
        try:
            yield
        finally:
            self._spent.append((time.monotonic(), max(0.0, machine.cpu_seconds(engine.status().pid) - before)))
