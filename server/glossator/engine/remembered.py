"""An engine that answers from disk what was answered before, and otherwise asks another.

Only whole answers are kept: the model ended by itself or reached the token limit. What a key covers is `Request.key`'s
business, how bytes are kept safe is `remembered_disk`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from . import Chunk, Engine, EngineError, EngineStatus, Finished, ModelInfo, Request, Score, Text
from .remembered_answer import Answer, whole
from .remembered_disk import Shelf

_FRESH_SECONDS = 3600.0  # an answer that is used and older than this is stored anew, so that it is not thrown out
_KEEP_SECONDS = 60.0  # for some hundred answers to be on disk


def _score(tree: dict[str, Any]) -> Score:
    """A score from its fields. Raises `TypeError`, `ValueError` or `KeyError`."""
    many = {name: tuple(tree[name]) for name in ("token_logprobs", "ends", "preferred", "preferred_logprobs")}
    return Score(int(tree["tokens"]), float(tree["logprob"]), **many)


class Remembered:
    """An `Engine` in front of another."""

    def __init__(self, engine: Engine, folder: Path, megabytes: int) -> None:
        self.engine = engine  # asked directly by those who want a new answer
        self._shelf = Shelf(folder, megabytes)
        self._limit = megabytes << 20
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

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """All answers by key, but no scores and continuations. Blocks; the folder must be open.

        Raises `EngineError` where they cannot be read.
        """
        try:
            for key, payload in self._shelf.each():
                with contextlib.suppress(KeyError, TypeError, ValueError):
                    yield key, Answer.from_bytes(payload)
        except (OSError, sqlite3.Error) as error:
            raise EngineError(f"the remembered answers cannot be read: {error}") from error

    def keep(self, answers: Mapping[str, Answer]) -> set[str]:
        """Keep answers that were made elsewhere, in the place of what is there; the keys that are kept now. Blocks."""
        for key, answer in answers.items():
            self._shelf.put(key, answer.to_bytes())
        self._shelf.flush(_KEEP_SECONDS)
        return self.held(answers)

    def held(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` under which something is kept. Blocks. Raises `EngineError` where it cannot be read."""
        try:
            return self._shelf.held(keys)
        except (OSError, sqlite3.Error) as error:
            raise EngineError(f"the remembered answers cannot be read: {error}") from error

    def room(self) -> int:
        """Bytes that may still be kept before something has to go."""
        return max(0, self._limit - int(self._shelf.state()["bytes"]))

    def open(self) -> None:
        """Begin opening the folder in the background; until then nothing is remembered."""
        self._shelf.start()

    async def opened(self, seconds: float = 1.0) -> bool:
        """Wait until the folder is open, at most `seconds`; whether answers can be recalled."""
        return self._shelf.ready(0) or await asyncio.to_thread(self._shelf.ready, seconds)

    def _look_up(self, request: Request) -> Answer | None:
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
            answer = Answer.from_bytes(payload)
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
        digest = self.engine.model().digest
        if answer := whole(request, pieces, finished, digest):
            self._shelf.put(request.key(digest), answer.to_bytes())

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
