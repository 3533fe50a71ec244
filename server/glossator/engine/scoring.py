"""How likely a model finds given texts as its answer: log-probabilities instead of writing.

`likelihoods` is the evaluation, over cells and rows of logits; `score` asks any engine. Knows no llama.cpp, no code and
no files.
"""

from __future__ import annotations

import codecs
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from . import Chunk, EngineError, Finished, Request, Score
from .prefixes import Prefixes, Resident, common

Logits = npt.NDArray[np.float32]


class Rows(Protocol):
    """The last batch's rows of logits; see `llama_native.Native`."""

    def logits(self, index: int) -> Logits: ...


def logprob(logits: Logits, token: int) -> float:
    """The natural logarithm of a token's probability in one row over the vocabulary."""
    most = logits.max()
    return float(logits[token] - most) - float(np.log(np.exp(logits - most).sum(dtype=np.float64)))


def likelihoods(
    prefixes: Prefixes, resident: Resident, logits: Logits, answers: Sequence[Sequence[int]], *, rows: Rows, step: int
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """The log-probability of every token of each answer (tokens), each written after what `resident` holds.

    Gives the answers' places as they are done: what they have in common at their beginning is evaluated once. `logits`
    are those after the last token that `resident` holds; `step` is how many rows one batch may give. Raises what
    `Prefixes.extend` raises.
    """
    base = len(resident.tokens)
    before: Sequence[int] = ()
    known: list[float] = []
    for at in sorted(range(len(answers)), key=lambda each: tuple(answers[each])):
        tokens = answers[at]
        shared = common(before, tokens)
        del known[shared:]
        if tokens and not shared:
            known.append(logprob(logits, tokens[0]))
        while len(known) < len(tokens):
            first = len(known) - 1  # the row of one token tells of the next; the last one's row is not needed
            _go_back(prefixes, resident, base + first)
            batch = tokens[first : min(first + step, len(tokens) - 1)]
            prefixes.extend(resident, batch, len(batch))
            known += [logprob(rows.logits(row), tokens[first + row + 1]) for row in range(len(batch))]
        yield at, tuple(known)
        before = tokens


def _go_back(prefixes: Prefixes, resident: Resident, length: int) -> None:
    prefixes.cut(resident, length)
    if len(resident.tokens) != length:
        raise EngineError("this model cannot score answers: it cannot go back to where they part")


def scored(logprobs: Sequence[float], pieces: Iterable[bytes]) -> Score:
    """The score of one answer from its tokens' log-probabilities and the bytes that they stand for."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    length, ends = 0, []
    for piece in pieces:
        length += len(decoder.decode(piece))
        ends.append(length)
    return Score(len(logprobs), float(sum(logprobs)), tuple(logprobs), tuple(ends))


async def score(
    stream: Callable[[Request], AsyncGenerator[Chunk, None]], request: Request, answers: Sequence[str]
) -> list[Score]:
    """What `Engine.score` says, by an engine's `stream`."""
    if not answers:
        return []
    asked = replace(request, answers=tuple(answers), max_tokens=0, thinking=0, draft="")
    async with aclosing(stream(asked)) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, Finished):
                if len(chunk.scores) != len(answers):
                    raise EngineError("the engine gave no scores")
                return list(chunk.scores)
    raise EngineError("the engine ended before it gave scores")
