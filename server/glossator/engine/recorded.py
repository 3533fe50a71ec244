"""An engine whose work is entered in a ledger: what each answer cost, those that were stopped included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from . import Chunk, Engine, EngineError, Finished, Priority, Reading, Request, Text, Usage, machine
from .energy import Counters, battery_watts
from .front import Front
from .ledger import OTHER, Cost, Ledger, battery_weighed

_FLUSH_SECONDS = 1.0


def purpose_of(request: Request) -> str:
    """What it is entered under. What nobody waits for is told apart."""
    named = request.purpose or OTHER
    return f"{named} (ahead)" if request.priority is Priority.PREFETCH else named


def cost_of(usage: Usage) -> Cost:
    """What a whole answer cost that was made elsewhere, as its engine says; nobody here measured its energy."""
    return Cost(
        requests=1,
        computed=max(0, usage.prompt_tokens - usage.reused_tokens),
        reused=usage.reused_tokens,
        written=usage.thought_tokens + usage.answer_tokens,
        seconds=usage.seconds,
        cpu_seconds=usage.cpu_seconds,
        unmeasured_cpu_seconds=usage.cpu_seconds,
    )


class Recorded(Front):
    """An `Engine` in front of another. Closing it closes the other one, once the ledger is written."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        super().__init__(engine)
        self._ledger = ledger
        self._counters = Counters()

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The other engine's answer. Raises what that one raises."""
        seen = _Seen(self._engine, self._counters)
        try:
            async with aclosing(self._engine.stream(request)) as chunks:
                async for chunk in chunks:
                    seen.take(chunk)
                    yield chunk
        finally:
            if seen.begun:
                self._ledger.add(purpose_of(request), seen.cost(), lambda cost: battery_weighed(cost, _watts(cost)))

    async def close(self) -> None:
        """Close the other engine and have the ledger written (at most a second)."""
        await self._engine.close()
        await asyncio.to_thread(self._ledger.flush, _FLUSH_SECONDS)


class _Seen:
    """One answer as its chunks tell it. Its work begins with the first that is no place in a queue."""

    def __init__(self, engine: Engine, counters: Counters) -> None:
        self._engine, self._counters = engine, counters
        self._began = 0.0
        self._pid: int | None = None
        self._cpu = 0.0
        self._energy: tuple[int, ...] = ()
        self._done: int | None = None
        self._computed = self._reused = self._written = 0
        self._finished: Finished | None = None

    @property
    def begun(self) -> bool:
        """Whether the model did anything for it."""
        return bool(self._began)

    def take(self, chunk: Chunk) -> None:
        """The next chunk."""
        if not self._began and isinstance(chunk, Reading | Text | Finished):
            self._began = time.monotonic()
            self._pid = self._engine.status().pid
            self._cpu = machine.cpu_seconds(self._pid)
            self._energy = self._counters.now() if self._pid else ()
        if isinstance(chunk, Reading):
            if self._done is None:
                self._reused = chunk.done
            elif chunk.done > self._done:
                self._computed += chunk.done - self._done
            self._done = chunk.done
        elif isinstance(chunk, Text):
            self._written += chunk.tokens
        elif isinstance(chunk, Finished):
            self._finished = chunk

    def cost(self) -> Cost:
        """What it cost, as the engine says; of one that was stopped, as far as its chunks and its process tell."""
        seconds = time.monotonic() - self._began
        if self._finished is not None:
            usage = self._finished.usage
            reused, computed = usage.reused_tokens, usage.prompt_tokens - usage.reused_tokens
            written = usage.thought_tokens + usage.answer_tokens
            seconds, cpu = usage.seconds or seconds, usage.cpu_seconds
        else:
            reused, computed, written = self._reused, self._computed, self._written
            cpu = max(0.0, machine.cpu_seconds(self._pid) - self._cpu)
        joules = self._counters.joules(self._energy, self._counters.now()) if self._energy else 0.0
        rate = 0.0
        with suppress(EngineError):
            rate = self._engine.model().prefill_rate
        return Cost(
            requests=1,
            stopped=self._finished is None,
            computed=max(0, computed),
            reused=reused,
            written=written,
            seconds=seconds,
            cpu_seconds=cpu,
            joules=joules,
            unmeasured_cpu_seconds=0.0 if joules else cpu,
            reused_seconds=reused / rate if rate > 0 else 0.0,
        )


def _watts(cost: Cost) -> float:
    return battery_watts() if cost.unmeasured_cpu_seconds else 0.0
