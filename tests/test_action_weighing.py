"""Many versions are weighed by reading the most of them only a little behind their change."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.action import portions
from glossator.action.catalogue import load, prompts_folder
from glossator.action.judge import proposed
from glossator.action.outcome import Proposal
from glossator.action.rank import END, as_written
from glossator.action.target import target_at
from glossator.action.weighing import LINES, WHOLE, Weighing, _read_to, same
from glossator.engine import Chunk, Finished, Priority, Request, Score, likelihood
from glossator.engine.scripted import Scripted

FIX = load(prompts_folder())[0]["fix"]
TEXT = "def steps(a):\n" + "".join(f"    a = a + {number}\n" for number in range(40)) + "    return a\n"
TARGET = target_at(TEXT, "steps.py", name="steps")


class Counting(Scripted):
    """A token is a character, each as likely as its code point is small; what it is asked is kept."""

    def __init__(self) -> None:
        super().__init__([])
        self.texts: list[str] = []

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.texts += request.answers
        found = [(tuple(map(_logprob, text)), tuple(range(1, len(text) + 1))) for text in request.answers]
        yield Finished("stop", scores=tuple(Score(len(ends), sum(own), own, ends) for own, ends in found))


def _logprob(character: str) -> float:
    return -ord(character) / 100


def versions(count: int) -> list[tuple[Proposal, float]]:
    found = []
    for number in range(count):
        outcome = proposed(FIX, TARGET, TEXT.rstrip("\n").replace(f"+ {number}\n", f"- {number}\n"))
        assert isinstance(outcome, Proposal)
        found.append((outcome, -1000.0 if number == 1 else 0.0))
    return found


async def weighing(engine: Counting) -> Weighing:
    writing = await as_written(FIX, TARGET, engine, Priority.COMMAND)
    code = TEXT.rstrip("\n")
    (score,) = await likelihood.score(engine, writing.request, [code + END])
    engine.texts.clear()
    return Weighing(writing, engine, code, score)


async def test_only_the_most_promising_are_read_whole() -> None:
    """Of many all are looked at, and a few read to the end; what a rough reading says agrees with the whole one."""
    engine = Counting()
    work = await weighing(engine)
    pool = versions(40)
    found = await work.weigh(pool, time.monotonic() + 60, lambda event: None)
    whole = [text for text in engine.texts if text.endswith(END)]
    assert len(found) == WHOLE
    assert WHOLE <= len(whole) < len(pool)
    assert len(engine.texts) == len(pool) + WHOLE
    read = sum(len(text) - same(TEXT, text) for text in engine.texts)  # common beginnings are read once
    assert read < 0.6 * sum(len(TEXT) - same(TEXT, work.writing.code(proposal)) for proposal, _ in pool)
    # Every version differs by the same two characters: each is as likely as the others, one has a bias.
    expected = work.score.logprob + _logprob("-") - _logprob("+")
    assert [logprob for logprob, _ in found] == pytest.approx([expected] * WHOLE)
    assert all(proposal is not pool[1][0] for _, proposal in found)
    rough = await work._read(pool, time.monotonic() + 60, lambda event: None, whole=False)
    assert [logprob for logprob, _ in rough[:-1]] == pytest.approx([expected] * 39)
    assert rough[-1][0] == pytest.approx(expected - 1000)


async def test_few_are_read_whole_at_once() -> None:
    """A handful is read once."""
    engine = Counting()
    work = await weighing(engine)
    found = await work.weigh(versions(5), time.monotonic() + 60, lambda event: None)
    assert len(found) == len(engine.texts) == 5


LINE = st.sampled_from(["a = 1", "b = 2", "", "    c", "d\n"])


@given(st.lists(LINE, min_size=1, max_size=12), st.integers(0, 11), LINE)
def test_the_rest_is_what_the_code_has_too(rows: list[str], at: int, new: str) -> None:
    """What is not read is the same in both, begins with a line, and `LINES` lines at least lie before it."""
    code = "\n".join(rows)
    changed = "\n".join([*rows[:at], new, *rows[at + 1 :]])
    cut = _read_to(code, changed)
    rest = changed[cut:]
    assert code.endswith(rest)
    if rest:
        assert changed[cut - 1] == "\n" and not rest.startswith("\n")
        shared = len(code) - len(rest)
        same_end = 0
        while same_end < min(cut, shared) and changed[cut - 1 - same_end] == code[shared - 1 - same_end]:
            same_end += 1
        assert changed[cut - same_end : cut].count("\n") >= LINES


def test_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions grow; one of which not even the half would be done in time is not begun; the first always is."""
    now = [0.0]
    monkeypatch.setattr(portions.time, "monotonic", lambda: now[0])

    def taken(until: float, each: float) -> list[int]:
        now[0] = 0.0
        sizes = []
        for some in portions.portions(range(50), until):
            sizes.append(len(some))
            now[0] += each * len(some)
        return sizes

    assert taken(1000, 1) == [8, 16, 26]
    assert taken(0, 1) == [8]
    assert taken(15, 1) == [8]
    assert taken(17, 1) == [8, 16]
    assert taken(37, 1) == [8, 16, 26]
    assert taken(36, 1) == [8, 16]
    assert list(portions.portions([], 10)) == []
