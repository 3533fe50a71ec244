"""An engine that answers from disk what was answered before, and otherwise asks another.

Only whole answers are kept: the model ended by itself or reached the token limit. What a key covers is `Request.key`'s
business, how bytes are kept safe is `remembered_disk`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from . import Chunk, Engine, EngineError, EngineStatus, Finished, ModelInfo, Request, Score, Text, Usage
from .remembered_disk import Shelf

_FRESH_SECONDS = 3600.0  # an answer that is used and older than this is stored anew, so that it is not thrown out


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is kept: the pieces as they were streamed, the last chunk, and when (seconds since the epoch)."""

    pieces: tuple[Text, ...]
    finished: Finished
    stored: float

    def to_bytes(self) -> bytes:
        pieces = [[piece.text, piece.tokens] for piece in self.pieces]
        return json.dumps({"pieces": pieces, "finished": asdict(self.finished), "stored": self.stored}).encode()

    @classmethod
    def from_bytes(cls, written: bytes) -> _Answer:
        tree: dict[str, Any] = json.loads(written)
        last = tree["finished"]
        finished = Finished(last["reason"], Usage(**last["usage"]), last["model"], remembered=True)
        return cls(tuple(Text(text, tokens) for text, tokens in tree["pieces"]), finished, tree["stored"])


def _score(tree: dict[str, Any]) -> Score:
    """A score from its fields. Raises `TypeError`, `ValueError` or `KeyError`."""
    many = {name: tuple(tree[name]) for name in ("token_logprobs", "ends", "preferred", "preferred_logprobs")}
    return Score(int(tree["tokens"]), float(tree["logprob"]), **many)


class Remembered:
    """An `Engine` in front of another."""

    def __init__(self, engine: Engine, folder: Path, megabytes: int) -> None:
        self.engine = engine  # asked directly by those who want a new answer
        self._shelf = Shelf(folder, megabytes)
        self._hits = self._misses = 0

    def recall(self, request: Request) -> tuple[str, Finished] | None:
        """The remembered answer, or None. Synchronous, some hundred microseconds, never touches the engine."""
        answer = self._look_up(request)
        if answer is None:
            return None
        return "".join(piece.text for piece in answer.pieces), answer.finished

    def forget(self, request: Request | None = None) -> None:
        """Forget one answer, or all of them."""
        self._shelf.drop(None if request is None else request.key(self.engine.model().digest))

    def state(self) -> dict[str, Any]:
        """`{state, entries, bytes, hits, misses}`; `state` is `on`, `opening` or `off: why`. Never waits."""
        return {**self._shelf.state(), "hits": self._hits, "misses": self._misses}

    def open(self) -> None:
        """Begin opening the folder in the background; until then nothing is remembered."""
        self._shelf.start()

    async def opened(self, seconds: float = 1.0) -> bool:
        """Wait until the folder is open, at most `seconds`; whether answers can be recalled."""
        return await asyncio.to_thread(self._shelf.ready, seconds)

    def _look_up(self, request: Request) -> _Answer | None:
        if request.max_tokens <= 0:  # it wants the prompt evaluated, not an answer
            return None
        try:
            key = request.key(self.engine.model().digest)
        except EngineError:
            return None
        payload = self._shelf.get(key)
        if payload is None:
            return None
        try:
            answer = _Answer.from_bytes(payload)
        except (KeyError, TypeError, ValueError):  # written by another version
            return None
        self._hits += 1
        if not 0 <= time.time() - answer.stored < _FRESH_SECONDS:
            self._shelf.put(key, replace(answer, stored=time.time()).to_bytes())
        return answer

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The remembered chunks, or the other engine's. Raises what that one raises."""
        if not self._shelf.ready(0):
            await asyncio.to_thread(self._shelf.ready, 1.0)
        if request.answers:
            async with contextlib.aclosing(self._judged(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        if answer := self._look_up(request):
            for piece in answer.pieces:
                yield piece
            yield answer.finished
            return
        if request.max_tokens > 0:
            self._misses += 1
        pieces: list[Text] = []
        async with contextlib.aclosing(self.engine.stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Text):
                    pieces.append(chunk)
                elif isinstance(chunk, Finished):
                    self._keep(request, pieces, chunk)
                yield chunk

    def _keep(self, request: Request, pieces: list[Text], finished: Finished) -> None:
        known = finished.remembered or finished.usage.approximate
        if finished.reason in ("stop", "length") and request.max_tokens > 0 and not known:
            answer = _Answer(tuple(pieces), finished, time.time())
            self._shelf.put(request.key(self.engine.model().digest), answer.to_bytes())

    def _known(self, request: Request) -> Finished | None:
        """What is kept of a request for scores or continuations."""
        with contextlib.suppress(EngineError, TypeError, ValueError, KeyError):  # nothing, or by another version
            payload = self._shelf.get(request.key(self.engine.model().digest))
            found = json.loads(payload or b"null")
            if len(found) == len(request.answers):
                model = self.engine.model().name
                if request.max_tokens:
                    return Finished("stop", model=model, remembered=True, texts=tuple(map(str, found)))
                return Finished("stop", model=model, remembered=True, scores=tuple(map(_score, found)))
        return None

    async def _judged(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Scores or continuations: those that are kept, or the other engine's."""
        if known := self._known(request):
            yield known
            return
        async with contextlib.aclosing(self.engine.stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Finished):
                    values = [*chunk.texts, *map(asdict, chunk.scores)]
                    self._shelf.put(request.key(self.engine.model().digest), json.dumps(values).encode())
                yield chunk

    async def count(self, texts: Sequence[str]) -> list[int]:
        """The other engine's count."""
        return await self.engine.count(texts)

    def model(self) -> ModelInfo:
        """The other engine's model."""
        return self.engine.model()

    def status(self) -> EngineStatus:
        """The other engine's."""
        return self.engine.status()

    async def close(self) -> None:
        """Write what is waiting to be written (at most 2 s) and close the other engine."""
        await asyncio.to_thread(self._shelf.flush, 2.0)
        await self.engine.close()
