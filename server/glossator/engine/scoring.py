"""How likely a model finds given texts as its answer, and how it would go on with them.

`likelihoods` and `continuations` are the evaluation, over cells and rows of logits; `likelihood` asks an engine for it.
Texts are taken in the order of their tokens, so that each common beginning is evaluated once. Knows no llama.cpp, no
code and no files.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from . import EngineError, Score
from .prefixes import Prefixes, Resident, common

Logits = npt.NDArray[np.float32]


class Rows(Protocol):
    """The last batch's rows of logits; see `llama_native.Native`."""

    def logits(self, index: int) -> Logits: ...


class Judged(NamedTuple):
    """One token of a text: its log-probability, the likeliest token in its place, and that one's log-probability."""

    logprob: float
    preferred: int
    preferred_logprob: float


def judged(logits: Logits, token: int) -> Judged:
    """A token in one row over the vocabulary."""
    best = int(logits.argmax())
    total = float(np.log(np.exp(logits - logits[best]).sum(dtype=np.float64)))
    return Judged(float(logits[token] - logits[best]) - total, best, -total)


def likelihoods(
    prefixes: Prefixes, resident: Resident, logits: Logits, answers: Sequence[Sequence[int]], *, rows: Rows, step: int
) -> Iterator[tuple[int, tuple[Judged, ...]]]:
    """What the model thinks of every token of each answer (tokens), each written after what `resident` holds.

    Gives the answers' places as they are done: what they have in common at their beginning is evaluated once. `logits`
    are those after the last token that `resident` holds; `step` is how many rows one batch may give. Raises what
    `Prefixes.extend` raises.
    """
    base = len(resident.tokens)
    before: Sequence[int] = ()
    known: list[Judged] = []
    for at in sorted(range(len(answers)), key=lambda each: tuple(answers[each])):
        tokens = answers[at]
        shared = common(before, tokens)
        del known[shared:]
        if tokens and not shared:
            known.append(judged(logits, tokens[0]))
        while len(known) < len(tokens):
            first = len(known) - 1  # the row of one token tells of the next; the last one's row is not needed
            _go_back(prefixes, resident, base + first)
            batch = tokens[first : min(first + step, len(tokens) - 1)]
            prefixes.extend(resident, batch, len(batch))
            known += [judged(rows.logits(row), tokens[first + row + 1]) for row in range(len(batch))]
        yield at, tuple(known)
        before = tokens


def _go_back(prefixes: Prefixes, resident: Resident, length: int) -> None:
    prefixes.cut(resident, length)
    if len(resident.tokens) != length:
        raise EngineError("this model cannot score answers: it cannot go back to where they part")


def continuations(
    prefixes: Prefixes,
    resident: Resident,
    logits: Logits,
    beginnings: Sequence[Sequence[int]],
    *,
    rows: Rows,
    step: int,
    most: int,
    over: Callable[[Sequence[int]], bool],
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The likeliest tokens after each of `beginnings` (tokens), each written after what `resident` holds.

    At most `most` tokens; `over` is asked of what was written after each one and ends it, the last token included.
    Otherwise as `likelihoods`.
    """
    base = len(resident.tokens)
    before: Sequence[int] = ()
    for at in sorted(range(len(beginnings)), key=lambda each: tuple(beginnings[each])):
        tokens = beginnings[at]
        row = logits
        if tokens:
            _go_back(prefixes, resident, base + min(common(before, tokens), len(tokens) - 1))
            while (have := len(resident.tokens) - base) < len(tokens):
                prefixes.extend(resident, tokens[have : have + step], 1)
            row = rows.logits(-1)
        else:
            _go_back(prefixes, resident, base)
        written: list[int] = []
        while len(written) < most:
            written.append(int(row.argmax()))
            if over(written) or len(written) == most:
                break
            prefixes.extend(resident, written[-1:], 1)
            row = rows.logits(-1)
        yield at, tuple(written)
        before = tokens


def scored(found: Sequence[Judged], pieces: Iterable[bytes], preferred: Iterable[bytes]) -> Score:
    """The score of one answer from what was found of its tokens, and the bytes of them and of the likeliest."""
    logprobs = tuple(each.logprob for each in found)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    length, ends = 0, []
    for piece in pieces:
        length += len(decoder.decode(piece))
        ends.append(length)
    rather = tuple(each.decode("utf-8", "replace") for each in preferred)
    sure = tuple(each.preferred_logprob for each in found)
    return Score(len(logprobs), float(sum(logprobs)), logprobs, tuple(ends), rather, sure)
