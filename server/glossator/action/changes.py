"""The versions of a definition that a search tries: at each place where the model doubts it, what it would rather have
written, to the end of that line; the definition without one of its lines; and two such changes.

Asks an engine; runs nothing, and says nothing of which is best.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..answer.indent import fitted, shown
from ..code import Span, TooLarge
from ..code.fingerprint import shape
from ..code.tree import parse
from ..engine import ContextTooLong, Engine, Score, likelihood
from . import Action
from .doubts import Doubt, branches, deletions, doubts
from .judge import proposed
from .outcome import Event, Proposal, Stage
from .portions import FIRST, portions
from .rank import END, Written
from .target import Target
from .weighing import same

PLACES = 24  # that are branched at; the right one is rarely further behind
LINE_TOKENS = 64
CHANGED, SECOND_PLACES = 4, 6  # changes that a second one is looked for behind, and places behind each

Biased = tuple[Proposal, float]


@dataclass(frozen=True, slots=True)
class Changes:
    """Of `code`, the definition that `target` is; `score` is what the engine says of it, asked as `writing` asks."""

    action: Action
    target: Target
    writing: Written
    engine: Engine
    code: str
    score: Score
    on_event: Callable[[Event], None]
    first: int = FIRST

    async def one(self, until: float) -> list[tuple[str, float]]:
        """Versions with one change, and what is to be added to their likelihood. Raises `EngineError`.

        No place is begun after `until` (`time.monotonic`); `first` of them are at first.
        """
        places = doubts(self.code, self.score, self._body(), PLACES)
        texts: list[tuple[str, float]] = []
        done = 0
        for some in portions(places, until, first=self.first):
            self.on_event(Stage("searching", done, len(places)))
            done += len(some)
            try:
                texts += [(text, 0.0) for text in await self._branched(self.code, some)]
            except ContextTooLong:
                break
        return texts + list(deletions(self.code, self.score, self._body()))

    async def two(self, changed: Sequence[Proposal], until: float) -> list[tuple[str, float]]:
        """Versions that change one of `changed`, the most promising first, once more, behind its change.

        For those to whom more tells which is right: each further change makes a text likelier, right or not. Nothing is
        begun after `until` (`time.monotonic`). Raises `EngineError`.
        """
        parents = list(dict.fromkeys(self.writing.code(each) for each in changed))[:CHANGED]
        texts: list[str] = []
        if time.monotonic() > until:
            return []
        try:
            scores = await likelihood.score(self.engine, self.writing.request, [f"{each}{END}" for each in parents])
            for at, (parent, score) in enumerate(zip(parents, scores, strict=True)):
                if time.monotonic() > until:
                    break
                self.on_event(Stage("searching", at, len(parents)))
                # What comes before the first change was doubted in the same way when that was looked for.
                places = doubts(parent, score, max(self._body(), _behind(self.code, parent)), SECOND_PLACES)
                texts += await self._branched(parent, places)
        except ContextTooLong:
            pass  # what was found fits
        return [(text, 0.0) for text in dict.fromkeys(texts)]

    async def _branched(self, code: str, places: Sequence[Doubt]) -> list[str]:
        """`code` as the model would have it at each of these places."""
        asked = replace(self.writing.request, max_tokens=LINE_TOKENS, stop=("\n",))
        lines = await likelihood.go_on(self.engine, asked, [code[: each.start] + each.text for each in places])
        return [text for place, line in zip(places, lines, strict=True) for text in branches(code, place, line)]

    async def distinct(self, texts: Iterable[tuple[str | Proposal, float]], until: float) -> list[Biased]:
        """Those that pass the checks, each meaning once, and none that means what the code means.

        None is begun after `until` (`time.monotonic`) or once cancelled: each takes as long as its whole file does to
        be parsed and compiled.
        """
        stop = threading.Event()
        try:
            return await asyncio.to_thread(self._distinct, texts, until, stop)
        finally:
            stop.set()

    def _distinct(
        self, texts: Iterable[tuple[str | Proposal, float]], until: float, stop: threading.Event
    ) -> list[Biased]:
        seen = {self._meaning(self.code)}
        kept = []
        for each, bias in texts:
            if stop.is_set() or time.monotonic() > until:
                break
            found = each if isinstance(each, Proposal) else self._proposed(each)
            if found is None or (meaning := self._meaning(self.writing.code(found))) in seen:
                continue
            seen.add(meaning)
            kept.append((found, bias))
        return kept

    def _proposed(self, code: str) -> Proposal | None:
        found = proposed(self.action, self.target, fitted(code, self.target.text, self.target.span))
        return found if isinstance(found, Proposal) else None

    def _body(self) -> int:
        """Where in the shown code the body begins, documentation aside."""
        symbol, span = self.target.symbol, self.target.span
        assert symbol is not None and symbol.body is not None  # noqa: S101 - `search.fits` said so
        start = symbol.body.start
        documented = symbol.docstring_span
        if documented is not None and documented.start >= start:
            start = documented.end
        head = shown(self.target.text, Span(span.start, max(start, span.start)))
        return min(len(head), len(self.code))

    def _meaning(self, code: str) -> str:
        """What a version does, layout and documentation aside; the text where it cannot be parsed."""
        assert self.target.language is not None  # noqa: S101 - `search.fits` said so
        try:
            return shape(parse(code, self.target.language), Span(0, len(code)), annotations=True)
        except TooLarge:
            return code


def _behind(code: str, changed: str) -> int:
    """Where in `changed` the first line ends that is not as in `code`."""
    end = changed.find("\n", same(code, changed))
    return len(changed) if end < 0 else end
