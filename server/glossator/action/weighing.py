"""How likely a model finds many versions of a definition, without reading each of them to its end.

Most of what a change does to the likelihood shows in its own line and the next few. So all are read up to there first,
and the most promising once more, as a whole.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..engine import ContextTooLong, Engine, Score, likelihood
from .outcome import Event, Proposal, Stage
from .portions import portions
from .rank import END, Written

LINES = 3  # that are read behind a change at first
WHOLE = 12  # that are read to their end
ROUGHLY = 0.6  # of the time, for the first reading


@dataclass(frozen=True, slots=True)
class Weighing:
    """What versions are compared with: `code`, and what the engine says of it with `END` behind it, asked as `writing`
    asks."""

    writing: Written
    engine: Engine
    code: str
    score: Score

    async def weigh(
        self,
        pool: Sequence[tuple[Proposal, float]],
        until: float,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> list[tuple[float, Proposal]]:
        """How likely the definition is with each (natural logarithm, its bias added), the likeliest first.

        Fewer when there are many, or when `until` (`time.monotonic`) is over. Raises `EngineError`.
        """
        if len(pool) > WHOLE and self._long(pool):
            now = time.monotonic()
            rough = await self._read(pool, now + ROUGHLY * max(until - now, 0.0), on_event, whole=False)
            bias = {id(proposal): value for proposal, value in pool}
            pool = [(proposal, bias[id(proposal)]) for _, proposal in rough[:WHOLE]]
        return await self._read(pool, until, on_event, whole=True)

    async def _read(
        self, pool: Sequence[tuple[Proposal, float]], until: float, on_event: Callable[[Event], None], *, whole: bool
    ) -> list[tuple[float, Proposal]]:
        found: list[tuple[float, Proposal]] = []
        done = 0
        for some in portions(pool, until):
            on_event(Stage("weighing", done, len(pool)))
            done += len(some)
            texts = [self.writing.code(proposal) for proposal, _ in some]
            cuts = [len(text) if whole else _read_to(self.code, text) for text in texts]
            asked = [text[:cut] if cut < len(text) else text + END for text, cut in zip(texts, cuts, strict=True)]
            try:
                scores = await likelihood.score(self.engine, self.writing.request, asked)
            except ContextTooLong:
                continue
            for text, cut, score, (proposal, bias) in zip(texts, cuts, scores, some, strict=True):
                rest = self._behind(len(self.code) - (len(text) - cut)) if cut < len(text) else 0.0
                found.append((score.logprob + rest + bias, proposal))
        return sorted(found, key=lambda pair: -pair[0])

    def _behind(self, offset: int) -> float:
        """How likely the code itself is behind an offset."""
        tokens = zip(self.score.ends, self.score.token_logprobs, strict=True)
        return sum(logprob for end, logprob in tokens if end > offset)

    def _long(self, pool: Sequence[tuple[Proposal, float]]) -> bool:
        """Whether reading all of them twice as far as they change would take less than reading them whole."""
        texts = [self.writing.code(proposal) for proposal, _ in pool]
        starts = [same(self.code, text) for text in texts]
        rough = sum(_read_to(self.code, text) - start for text, start in zip(texts, starts, strict=True))
        whole = sum(len(text) - start for text, start in zip(texts, starts, strict=True))
        return rough + whole * WHOLE // len(pool) < whole


def same(code: str, text: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(code, text, strict=False)))


def _read_to(code: str, text: str) -> int:
    """The end of the line `LINES` behind the last that `text` does not share with `code`; its length where there is
    none. Blank lines after it belong to it, since a tokenizer takes them together."""
    start = same(code, text)
    pairs = zip(reversed(code[start:]), reversed(text[start:]), strict=False)
    changed = len(text) - sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    end = changed
    for _ in range(LINES + 1):
        end = text.find("\n", end) + 1
        if not end:
            return len(text)
    while text.startswith("\n", end):
        end += 1
    return end
