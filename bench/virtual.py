"""A machine that computes nothing: an event loop whose clock jumps, and an engine that takes the time of a real one.

What is read again and what is kept is decided by the product's own `Prefixes`; only the tokens are not evaluated.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

from glossator.action import allowance
from glossator.engine import Chunk, EngineStatus, Finished, ModelInfo, Priority, Reading, Request, Text, Usage
from glossator.engine.prefixes import Prefixes, Resident, common, cuts
from glossator.engine.templates import render
from glossator.engine.worker import MEND_SECONDS

UBATCH = 128
BLOB_BYTES_A_TOKEN = 12_288  # keys and values of the 0.5B model's 24 layers in 16 bits
THREADS = 2  # of reading, and of writing what a user waits for
ANSWER = "It does what it says."
ONE_THREAD = 0.6  # of the rate at which THREADS write, where nobody waits


class _Selector(selectors.DefaultSelector):
    """Waits for nothing but other threads' messages: what would be waited for is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0 if timeout is not None else None)
        if not found and timeout:
            self.now += timeout
        return found


class Loop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; what it is given for other threads it does itself, at once."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


class _Blob(bytes):
    """A state: the tokens of the sequence. As long as a real one would be."""

    tokens: list[float]

    def __new__(cls, tokens: Sequence[float]) -> _Blob:
        made = super().__new__(cls)
        made.tokens = list(tokens)
        return made

    def __len__(self) -> int:
        return len(self.tokens) * BLOB_BYTES_A_TOKEN


class _Cells:
    """A context's sequence that remembers tokens. `computed`: how many were evaluated."""

    def __init__(self) -> None:
        self.held: list[Any] = []
        self.parked: list[Any] = []
        self.computed = 0

    def decode(self, tokens: Sequence[int], start: int, outputs: int) -> None:
        self.computed += len(tokens)
        self.held += tokens

    def length(self) -> int:
        return len(self.held)

    def forget(self, start: int) -> bool:
        del self.held[start:]
        return True

    def movable(self) -> bool:
        return True

    def park(self, start: int, end: int, shift: int) -> None:
        self.parked = self.held[start:end]
        del self.held[start:]

    def unpark(self, *, keep: bool) -> None:
        self.held += self.parked if keep else []
        self.parked = []

    def save(self) -> bytes:
        return _Blob(self.held)

    def restore(self, blob: bytes) -> bool:
        assert isinstance(blob, _Blob)
        self.held = list(blob.tokens)
        return True


class _Shelf:
    """States that outlive the memory's."""

    def __init__(self) -> None:
        self.states: dict[str, tuple[list[int], bytes]] = {}

    def longest(self, tokens: Sequence[int]) -> tuple[int, str]:
        return max(((common(held, tokens), name) for name, (held, _) in self.states.items()), default=(0, ""))

    def load(self, name: str) -> tuple[list[int], bytes] | None:
        return self.states.get(name)

    def store(self, tokens: Sequence[int], blob: bytes) -> None:
        self.states[str(hash(tuple(tokens)))] = list(tokens), blob


class Tokenizer:
    """A GGUF model's vocabulary."""

    def __init__(self, path: Path) -> None:
        from llama_cpp import Llama

        self._model = Llama(str(path), vocab_only=True, verbose=False)
        self.of = functools.lru_cache(4096)(self._of)

    def _of(self, text: str, *, marks: bool = False) -> tuple[int, ...]:
        return tuple(self._model.tokenize(text.encode("utf-8", "surrogatepass"), add_bos=False, special=marks))


class Engine:
    """Answers with a given number of tokens, after the time that a machine of these rates needs.

    Attributes:
        cpu: Seconds of processor time so far.
        length: A request -> how many tokens its answer has.
    """

    def __init__(self, tokenizer: Tokenizer, *, reads: float, writes: float, length: Callable[[Request], int]) -> None:
        """`reads` and `writes` in tokens a second."""
        self.cpu = 0.0
        self.length = length
        self._info = ModelInfo("virtual", "0" * 64, 8192, prefill_rate=reads, decode_rate=writes)
        self._tokenizer = tokenizer
        self._cells = _Cells()
        self._prefixes = Prefixes(self._cells, step=UBATCH, shelf=_Shelf())
        self._answers: dict[str, tuple[str, Finished]] = {}
        self._owed: tuple[list[int], list[int], int] | None = None
        self._mending: asyncio.Task[None] | None = None

    # --- an engine ---------------------------------------------------------------------------------------------------

    def model(self) -> ModelInfo:
        return self._info

    def status(self) -> EngineStatus:
        return EngineStatus("idle", pid=1)

    async def count(self, texts: Sequence[str]) -> list[int]:
        return [len(self._tokenizer.of(text)) for text in texts]

    async def close(self) -> None:
        await self._interrupt()

    def recall(self, request: Request) -> tuple[str, Finished] | None:
        """As `Remembered`."""
        return self._answers.get(request.key(self._info.digest)) if request.max_tokens else None

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        if known := self.recall(request):
            yield Text(known[0])
            yield known[1]
            return
        await self._interrupt()
        tokens, places, stable = self._prompt(request)
        ahead = request.priority is Priority.PREFETCH and bool(request.messages[-1].text)
        before = self._cells.computed
        resident = self._prefixes.enter(tokens, places, 0 if ahead else stable)
        reused, exact = len(resident.tokens), len(resident.tokens) == resident.exact
        self._owed = self._owed if exact else (tokens, places, stable)
        await self._read(self._cells.computed - before)
        yield Reading(reused, len(tokens))
        await self._evaluate(resident, tokens, places, stable)
        if ahead and not request.max_tokens:
            self._prefixes.keep_whole(resident)
        written = min(self.length(request), request.max_tokens)
        usage = Usage(len(tokens), reused, answer_tokens=written, approximate=not exact)
        finished = Finished("stop", usage, "virtual")
        if written:
            yield Text(ANSWER, written)
            frugal = request.priority is Priority.PREFETCH
            rate = self._info.decode_rate * (ONE_THREAD if frugal else 1)
            await self._spend(written / rate, 1 if frugal else THREADS)
            self._prefixes.extend(resident, [-1] * written, 1)
            if exact:
                self._answers[request.key(self._info.digest)] = ANSWER, replace(finished, remembered=True)
        if self._owed is not None:
            self._mending = asyncio.get_running_loop().create_task(self._mend())
        yield finished

    # --- its time ----------------------------------------------------------------------------------------------------

    async def _spend(self, seconds: float, threads: int) -> None:
        began = asyncio.get_running_loop().time()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.cpu += (asyncio.get_running_loop().time() - began) * threads

    async def _read(self, tokens: int) -> None:
        await self._spend(tokens / self._info.prefill_rate, THREADS)

    async def _evaluate(self, resident: Resident, tokens: list[int], places: list[int], stable: int) -> None:
        if resident.logits is not None and len(resident.tokens) == len(tokens):
            return
        for end in (place for place in places if place > len(resident.tokens)):
            have = len(resident.tokens)
            await self._read(end - have)
            self._prefixes.extend(resident, tokens[have:end], 1, reading=True)
            if end == stable:
                self._prefixes.keep(resident)
        resident.logits, resident.logits_at = np.zeros(1, np.float32), len(tokens)

    async def _mend(self) -> None:
        """As `llama.Model.mend`."""
        await asyncio.sleep(MEND_SECONDS)
        assert self._owed is not None
        tokens, places, stable = self._owed
        if not self._prefixes.holds(tokens[:stable]):
            resident = self._prefixes.enter(tokens[:stable], [place for place in places if place <= stable])
            for end in (place for place in places if len(resident.tokens) < place <= stable):
                have = len(resident.tokens)
                await self._read(end - have)
                self._prefixes.extend(resident, tokens[have:end], 1, reading=True)
            self._prefixes.keep(resident)
        self._owed = None

    async def _interrupt(self) -> None:
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.gather(self._mending, return_exceptions=True)
            self._mending = None

    def _prompt(self, request: Request) -> tuple[list[int], list[int], int]:
        """As `llama.Model`: the prompt's tokens, where they are cut, and how many other prompts share."""
        tokens: list[int] = []
        ends: list[int] = []
        stable = 0
        for part in render("qwen", request.messages, thinking=False, reasoning=False, opening="", close=""):
            tokens += self._tokenizer.of(part.text, marks=part.mark)
            if part.cut:
                ends.append(len(tokens))
            if part.keep:
                stable = len(tokens)
        tokens += self._tokenizer.of(request.answer_prefix) if request.answer_prefix else ()
        return tokens, cuts(len(tokens), ends, UBATCH), stable


@contextmanager
def machine_of(engine: Engine, loop: Loop) -> Iterator[None]:
    """The allowance goes by the loop's clock and the engine's processor time."""
    with (
        patch.object(allowance, "time", SimpleNamespace(monotonic=loop.time)),
        patch.object(allowance, "machine", SimpleNamespace(cpu_seconds=lambda pid: engine.cpu)),
    ):
        yield
