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
from .portions import FIRST, portions
from .rank import END, Written

LINES = 3  # that are read behind a change at first
WHOLE = 12  # that are read to their end
ROUGHLY = 0.6  # of the time, for the first reading


@dataclass(frozen=True, slots=True)
class _Version:
    """The definition with a proposal: `text`, which parts from the code at `start`. Roughly it is read to `cut`."""

    proposal: Proposal
    bias: float
    text: str
    start: int
    cut: int


@dataclass(frozen=True, slots=True)
class Weighing:
    """What versions are compared with: `code`, and what the engine says of it with `END` behind it, asked as `writing`
    asks. `first` versions are asked about at first."""

    writing: Written
    engine: Engine
    code: str
    score: Score
    first: int = FIRST

    async def weigh(
        self,
        pool: Sequence[tuple[Proposal, float]],
        until: float,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> list[tuple[float, Proposal]]:
        """How likely the definition is with each (natural logarithm, its bias added), the likeliest first.

        Fewer when there are many, or when `until` (`time.monotonic`) is over: what is not done by then is not asked,
        and what was not read to its end is told as likely as its beginning lets expect. Raises `EngineError`.
        """
        versions = [self._version(proposal, bias) for proposal, bias in pool]
        rough: list[tuple[float, _Version]] = []
        if len(versions) > WHOLE and _long(versions):
            now = time.monotonic()
            rough_by = now + ROUGHLY * max(until - now, 0.0)
            rough = (await self._read(versions, rough_by, until, on_event, whole=False))[:WHOLE]
            versions = [version for _, version in rough]
        found = await self._read(versions, until, until, on_event, whole=True)
        whole = {id(version) for _, version in found}
        found += [pair for pair in rough if id(pair[1]) not in whole]
        return [(logprob, version.proposal) for logprob, version in sorted(found, key=lambda pair: -pair[0])]

    def _version(self, proposal: Proposal, bias: float) -> _Version:
        text = self.writing.code(proposal)
        return _Version(proposal, bias, text, same(self.code, text), _read_to(self.code, text))

    async def _read(
        self,
        versions: Sequence[_Version],
        until: float,
        limit: float,
        on_event: Callable[[Event], None],
        *,
        whole: bool,
    ) -> list[tuple[float, _Version]]:
        found: list[tuple[float, _Version]] = []
        done = 0
        for some in portions(versions, until, first=self.first, limit=limit):
            on_event(Stage("weighing", done, len(versions)))
            done += len(some)
            cuts = [len(each.text) if whole else each.cut for each in some]
            asked = [
                each.text[:cut] if cut < len(each.text) else each.text + END
                for each, cut in zip(some, cuts, strict=True)
            ]
            try:
                scores = await likelihood.score(self.engine, self.writing.request, asked)
            except ContextTooLong:
                continue
            for each, cut, score in zip(some, cuts, scores, strict=True):
                unread = len(each.text) - cut
                rest = self._behind(len(self.code) - unread) if unread else 0.0
                found.append((score.logprob + rest + each.bias, each))
        return sorted(found, key=lambda pair: -pair[0])

    def _behind(self, offset: int) -> float:
        """How likely the code itself is behind an offset."""
        tokens = zip(self.score.ends, self.score.token_logprobs, strict=True)
        return sum(logprob for end, logprob in tokens if end > offset)


def _long(versions: Sequence[_Version]) -> bool:
    """Whether reading all of them twice as far as they change would take less than reading them whole."""
    rough = sum(each.cut - each.start for each in versions)
    whole = sum(len(each.text) - each.start for each in versions)
    return rough + whole * WHOLE // len(versions) < whole


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
