"""Which requests are with the server: several at once, since it batches; the others wait in order. Sends nothing.

As with the local engine the more urgent goes first, then who came first, and a newer request of a lane takes the older
one's place. Unlike there nothing that runs is interrupted for something more urgent. For one event loop.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from . import EngineBusy, Priority, Request
from .queue import LONGEST

AT_ONCE = 8


class Place:
    """One request's place: it waits for `turn`, and may be told to give way at any `await` that is `watched`."""

    def __init__(self, request: Request, order: int) -> None:
        self.lane, self.priority, self.order = request.lane, request.priority, order
        self.turn = asyncio.Event()
        self._lost = ""
        self._scope: asyncio.Timeout | None = None

    @property
    def urgency(self) -> tuple[Priority, int]:
        """Lower goes first."""
        return self.priority, self.order

    def lose(self, why: str) -> None:
        """Its request ends with `EngineBusy`."""
        if self._lost:
            return
        self._lost = why
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Around each wait. Raises `EngineBusy` as soon as the place is lost."""
        try:
            if self._lost:
                raise EngineBusy(self._lost)
            async with asyncio.timeout(None) as self._scope:
                yield
        except TimeoutError:
            if self._lost:
                raise EngineBusy(self._lost) from None
            raise
        finally:
            self._scope = None


class Lanes:
    """The places of one server."""

    def __init__(self, at_once: int = AT_ONCE, longest: int = LONGEST) -> None:
        self._at_once, self._longest = at_once, longest
        self._arrivals = itertools.count()
        self._running: list[Place] = []
        self._waiting: list[Place] = []

    @property
    def busy(self) -> bool:
        """Whether anything is with the server."""
        return bool(self._running)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def enter(self, request: Request) -> Place:
        """A place for a request. Raises `EngineBusy` where too many wait that are no less urgent."""
        place = Place(request, next(self._arrivals))
        for other in [*self._running, *self._waiting]:
            if place.lane and place.lane == other.lane:
                self._drop(other, "a newer request took this one's place")
        if len(self._waiting) >= self._longest:
            last = max(self._waiting, key=lambda each: each.urgency)
            if last.priority <= place.priority:
                raise EngineBusy(f"{len(self._waiting)} requests wait already; try again when some are answered")
            self._drop(last, "more urgent requests took this one's place")
        self._waiting.append(place)
        self._grant()
        return place

    def ahead(self, place: Place) -> int:
        """How many go before a place that waits; 0 once it is its turn."""
        if place not in self._waiting:
            return 0
        return 1 + sum(other.urgency < place.urgency for other in self._waiting)

    def leave(self, place: Place) -> None:
        """The request is over, whatever became of it."""
        for places in (self._running, self._waiting):
            if place in places:
                places.remove(place)
        self._grant()

    def _drop(self, place: Place, why: str) -> None:
        """A place that runs is kept until it is left: until then the server works for it."""
        place.lose(why)
        if place in self._waiting:
            self._waiting.remove(place)

    def _grant(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            place = min(self._waiting, key=lambda each: each.urgency)
            self._waiting.remove(place)
            self._running.append(place)
            place.turn.set()
