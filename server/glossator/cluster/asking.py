"""What a worker does: asks about the definitions of a portion as `gloss` does on one machine, and brings the answers.

The same code, the same pieces of other files and the same budget give the same questions under the same keys. It writes
into no cache and no ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from .. import __version__
from ..action import gloss
from ..action.sources import SourceFile
from ..action.target import Target
from ..action.workspaces import Workspaces
from ..code.languages import language_of
from ..code.tree import parse
from ..engine import Chunk, Engine, EngineError, Finished, ModelInfo, Request, Text
from ..engine.apart import Apart
from ..engine.front import Front
from ..engine.remembered_answer import Answer, whole
from ..engine.remote_lanes import AT_ONCE
from ..settings import folders
from . import Brought, Portion, Setup


class Asker:
    """A worker and its engine, which is opened with the first portion. For one thread at a time."""

    def __init__(self, setup: Setup, opened: Callable[[Setup], Engine] | None = None) -> None:
        self._setup, self._opened = setup, opened or _apart
        self._engine: Engine | None = None
        self._loop = asyncio.new_event_loop()

    def asked(self, portion: Portion) -> Brought:
        """Ask about a portion. Whatever goes wrong is part of what is brought. Blocks."""
        try:
            engine = Noting(self._own(), self._setup.info)
            return self._loop.run_until_complete(self._asked(portion, engine))
        except EngineError as error:
            return _failed(portion, str(error))
        except Exception as error:  # a fault of ours is told by the definitions' names; the worker goes on
            return _failed(portion, f"a worker failed with {type(error).__name__}")

    def close(self) -> None:
        """Let the engine go."""
        if self._engine is not None:
            self._loop.run_until_complete(self._engine.close())
        self._loop.close()

    def _own(self) -> Engine:
        if self._setup.version != __version__:
            raise EngineError(f"a worker has Glossator {__version__}, not {self._setup.version}; install that there")
        if self._engine is None:
            self._engine = self._opened(self._setup)
        if self._engine.model().digest != self._setup.info.digest:
            raise EngineError(f"a worker has another {self._setup.info.name} (its digest differs); pull the same there")
        return self._engine

    async def _asked(self, portion: Portion, engine: Noting) -> Brought:
        """A server takes several questions at once, an engine of one's own one after the other."""
        part = rebuilt(portion)
        places = [place for place, _ in part.places()]
        strands = AT_ONCE if self._setup.settings.backend == "remote" else 1
        shares = [places[at::strands] for at in range(min(strands, len(places)))]
        found = await asyncio.gather(*(self._strand(portion, part, share, engine) for share in shares))
        said = {place[1]: each for one in found for place, each in one.items()}
        told = {start: each for start, each in said.items() if isinstance(each, gloss.Told)}
        failed = {start: str(each) for start, each in said.items() if isinstance(each, EngineError)}
        return Brought(portion.number, told, failed, engine.answers)

    async def _strand(
        self, portion: Portion, part: gloss.Part, places: Sequence[gloss.Place], engine: Engine
    ) -> dict[gloss.Place, gloss.Told | EngineError]:
        setup, around = self._setup, Carried(portion)
        trouble = EngineError("a worker did not find it")
        found: dict[gloss.Place, gloss.Told | EngineError] = {}
        try:
            asked = gloss.asked([part], places, setup.action, engine, around, budget=setup.budget)
            async with aclosing(asked):
                async for place, said in asked:
                    found[place] = said
        except EngineError as error:  # after several in a row the rest is not asked
            trouble = error
        return dict.fromkeys(places, trouble) | found


class Carried(Workspaces):
    """In the place of an index: what a portion brought along of other files."""

    def __init__(self, portion: Portion) -> None:
        super().__init__(None)
        self._beyond = portion.beyond

    def completed(self, target: Target) -> Target:
        """`target` with what was found for it where there is an index."""
        return replace(target, beyond=tuple(self._beyond.get(target.span.start, ())))


class Noting(Front):
    """An `Engine` that notes what is worth remembering. Tells the rates that the questions are made for."""

    def __init__(self, engine: Engine, info: ModelInfo) -> None:
        super().__init__(engine)
        self._planned = info
        self.answers: dict[str, Answer] = {}

    def model(self) -> ModelInfo:
        """The other engine's, which is as quick as it was where the work was planned."""
        planned = self._planned
        return replace(super().model(), prefill_rate=planned.prefill_rate, decode_rate=planned.decode_rate)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The other engine's answer. Raises what that one raises."""
        pieces: list[Text] = []
        async with aclosing(self._engine.stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Text):
                    pieces.append(chunk)
                elif isinstance(chunk, Finished):
                    digest = self._engine.model().digest
                    if answer := whole(request, pieces, chunk, digest):
                        self.answers[request.key(digest)] = answer
                yield chunk


def _apart(setup: Setup) -> Engine:
    return Apart(setup.settings, folders())


def rebuilt(portion: Portion) -> gloss.Part:
    """The file of a portion and its definitions, in their order. Raises `EngineError` where they are not found."""
    language = language_of(portion.path, portion.language)
    if language is None:
        raise EngineError(f"{portion.path}: a worker does not know {portion.language}; install the same there")
    source = SourceFile(portion.path, Path(portion.place), portion.text, language)
    by_start = {each.code.start: each for each in gloss.explained(parse(portion.text, language))}
    return gloss.Part(source, tuple(by_start[start] for start in portion.starts))


def _failed(portion: Portion, why: str) -> Brought:
    return Brought(portion.number, {}, dict.fromkeys(portion.starts, why), {})
