"""Log-probabilities of given answers: the same as by hand, whatever is shared and however it is cut."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from glossator.engine import Chunk, EngineError, Finished, Message, Queued, Request, Score, likelihood
from glossator.engine.prefixes import Prefixes, Resident
from glossator.engine.scoring import Judged, continuations, judged, likelihoods, scored
from glossator.engine.scripted import Scripted

WORDS = 50
PROMPT = [7, 3, 9]


def row(tokens: Sequence[int]) -> npt.NDArray[np.float32]:
    """The logits after `tokens`: made up, but always the same."""
    return np.random.default_rng(list(tokens)).normal(size=WORDS, scale=4).astype(np.float32)


class Cells:
    """A context that holds tokens and makes up logits."""

    def __init__(self, *, forgets: bool = True) -> None:
        self.held: list[int] = []
        self.rows: list[npt.NDArray[np.float32]] = []
        self.computed = 0
        self.batches: list[int] = []
        self.forgets = forgets

    def decode(self, tokens: Sequence[int], start: int, outputs: int) -> None:
        assert len(self.held) == start
        self.computed += len(tokens)
        self.batches.append(outputs)
        self.rows = []
        for token in tokens:
            self.held.append(token)
            self.rows.append(row(self.held))
        self.rows = self.rows[len(tokens) - outputs :]

    def logits(self, index: int) -> npt.NDArray[np.float32]:
        return self.rows[index]

    def length(self) -> int:
        return len(self.held)

    def forget(self, start: int) -> bool:
        if not self.forgets:
            self.held.clear()
            return False
        del self.held[start:]
        return True

    def movable(self) -> bool:
        return False

    def park(self, start: int, end: int, shift: int) -> None:
        raise AssertionError

    def unpark(self, *, keep: bool) -> None:
        raise AssertionError

    def save(self) -> bytes:
        return b""

    def restore(self, blob: bytes) -> bool:
        raise AssertionError


def read(cells: Cells) -> tuple[Prefixes, Resident]:
    prefixes = Prefixes(cells)
    resident = prefixes.enter(PROMPT, [len(PROMPT)])
    prefixes.extend(resident, PROMPT, 1, reading=True)
    cells.computed = 0
    return prefixes, resident


def by_hand(tokens: Sequence[int]) -> list[float]:
    found = []
    for at, token in enumerate(tokens):
        logits = row([*PROMPT, *tokens[:at]]).astype(np.float64)
        found.append(float(logits[token] - np.log(np.exp(logits).sum())))
    return found


@pytest.mark.parametrize("step", [1, 3, 64])
def test_likelihoods(step: int) -> None:
    """Every token's log-probability is that of a softmax over the row before it, in the order of the answers."""
    answers = [[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 9, 9], [], [1, 2], [8], [1, 2, 3, 9, 9], [1, 2, 3, 4, 5, 6, 7, 8]]
    cells = Cells()
    prefixes, resident = read(cells)
    found = dict(likelihoods(prefixes, resident, row(PROMPT), answers, rows=cells, step=step))
    assert sorted(found) == list(range(len(answers)))
    for at, tokens in enumerate(answers):
        assert [each.logprob for each in found[at]] == pytest.approx(by_hand(tokens), abs=1e-4)
        for place, each in enumerate(found[at]):
            logits = row([*PROMPT, *tokens[:place]])
            assert each.preferred == logits.argmax()
            assert each.preferred_logprob >= each.logprob - 1e-6
            assert (each.preferred == tokens[place]) == (abs(each.preferred_logprob - each.logprob) < 1e-6)
    assert max(cells.batches) <= step


def test_shared_beginnings_are_evaluated_once() -> None:
    """Answers that differ in their last tokens cost little more than one of them."""
    cells = Cells()
    prefixes, resident = read(cells)
    answers = [[*range(40), last, 1] for last in (41, 42, 43)]
    list(likelihoods(prefixes, resident, row(PROMPT), answers, rows=cells, step=16))
    assert cells.computed == 41 + 2 * 2


def test_memory_that_cannot_go_back() -> None:
    """Where cells cannot be removed the scores are refused, not wrong."""
    cells = Cells(forgets=False)
    prefixes, resident = read(cells)
    with pytest.raises(EngineError, match="go back"):
        list(likelihoods(prefixes, resident, row(PROMPT), [[1, 2, 3], [1, 2, 4]], rows=cells, step=16))


def greedy(tokens: Sequence[int], most: int, last: int) -> list[int]:
    """What follows `tokens`, one token after the other."""
    written: list[int] = []
    while len(written) < most and (not written or written[-1] != last):
        written.append(int(row([*PROMPT, *tokens, *written]).argmax()))
    return written


@pytest.mark.parametrize("step", [1, 3, 64])
def test_continuations(step: int) -> None:
    """Each beginning goes on as it would alone, to its end or the limit, and no beginning is evaluated twice."""
    spine = list(range(20))
    beginnings = [[*spine[:at], 49] for at in (3, 17, 9)] + [[], spine, [*spine[:9], 49]]
    cells = Cells()
    prefixes, resident = read(cells)
    found = dict(
        continuations(
            prefixes, resident, row(PROMPT), beginnings, rows=cells, step=step, most=4, over=lambda each: each[-1] == 7
        )
    )
    assert sorted(found) == list(range(len(beginnings)))
    for at, tokens in enumerate(beginnings):
        assert list(found[at]) == greedy(tokens, 4, 7)
    # The spine, a token of its own for each of four branches, and at most three tokens that each went on with.
    assert cells.computed <= 20 + 4 + 6 * 3


def test_logprob_of_large_logits() -> None:
    """Logits far from zero neither overflow nor lose the sum."""
    logits = np.array([1000.0, 1000.0, -np.inf], np.float32)
    assert judged(logits, 1) == pytest.approx((math.log(0.5), 0, math.log(0.5)))
    assert judged(logits, 2).logprob == -math.inf


def test_scored() -> None:
    """A token that ends within a character ends before it."""
    found = [Judged(-1.0, 1, -1.0), Judged(-2.0, 5, -0.5), Judged(-0.5, 3, -0.5)]
    one = scored(found, [b"a\xc3", b"\xa4b", b"c"], [b"a\xc3", b"z", b"c"])
    assert one == Score(3, -3.5, (-1.0, -2.0, -0.5), (1, 3, 4), ("a\ufffd", "z", "c"), (-1.0, -0.5, -0.5))


REQUEST = Request((Message("user", "?"),), draft="x", max_tokens=9)


class Saying(Scripted):
    """An engine that always says the same."""

    def __init__(self, *chunks: Chunk) -> None:
        super().__init__([])
        self.chunks, self.asked = chunks, list[Request]()

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.asked.append(request)
        for chunk in self.chunks:
            yield chunk


async def test_scores_and_continuations_are_asked_of_the_stream() -> None:
    """The answers travel in the request; nothing is asked about none."""
    engine = Saying(Queued(0), Finished("stop", scores=(Score(1, -1.0), Score(2, -2.0))))
    assert await likelihood.score(engine, REQUEST, ["a", "b"]) == [Score(1, -1.0), Score(2, -2.0)]
    assert await likelihood.score(engine, REQUEST, []) == []
    (asked,) = engine.asked
    assert (asked.answers, asked.max_tokens, asked.draft) == (("a", "b"), 0, "")
    engine = Saying(Finished("stop", texts=(" b",)))
    assert await likelihood.go_on(engine, REQUEST, ["a"]) == [" b"]
    assert await likelihood.go_on(engine, REQUEST, []) == []
    (asked,) = engine.asked
    assert (asked.answers, asked.max_tokens, asked.draft) == (("a",), 9, "")


async def test_engine_that_cannot_score() -> None:
    """An engine that answers without scores is an error in words."""
    with pytest.raises(EngineError, match="no scores"):
        await likelihood.score(Saying(Finished("stop")), REQUEST, ["a"])
    with pytest.raises(EngineError, match="went on with nothing"):
        await likelihood.go_on(Saying(Finished("stop")), REQUEST, ["a"])
    with pytest.raises(EngineError, match="ended before"):
        await likelihood.score(Saying(Queued(0)), REQUEST, ["a"])


def test_key() -> None:
    """Scores are another question than the answer; without them the key is what it was."""
    one = Request((Message("user", "?"),))
    assert (
        len({one.key(""), Request(one.messages, answers=("a",)).key(""), Request(one.messages, answers=("b",)).key("")})
        == 3
    )
