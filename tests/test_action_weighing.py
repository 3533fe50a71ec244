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
from glossator.action.rank import END, Written, as_written
from glossator.action.target import target_at
from glossator.action.weighing import LINES, WHOLE, Weighing, _read_to, same
from glossator.engine import Chunk, Finished, Priority, Request, Score, likelihood
from glossator.engine.scripted import Scripted
from glossator.engine.timely import OutOfTime

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
    end = time.monotonic() + 60
    rough = await work._read([work._version(*each) for each in pool], end, end, lambda event: None, whole=False)
    assert [logprob for logprob, _ in rough[:-1]] == pytest.approx([expected] * 39)
    assert rough[-1][0] == pytest.approx(expected - 1000)


async def test_each_version_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a version is read, its code is put together once."""
    made: list[int] = []
    put_together = Written.code

    def code(self: Written, proposal: Proposal) -> str:
        made.append(id(proposal))
        return put_together(self, proposal)

    work, pool = await weighing(Counting()), versions(40)
    monkeypatch.setattr(Written, "code", code)
    assert len(await work.weigh(pool, time.monotonic() + 60)) == WHOLE
    assert sorted(made) == sorted(id(proposal) for proposal, _ in pool)


@pytest.mark.parametrize("whole", [0, 8])
async def test_what_was_read_roughly_is_kept(whole: int) -> None:
    """Where the time is over before the most promising were read to their end, their rough values stand for them."""

    class Ending(Counting):
        ended = 0

        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            if all(text.endswith(END) for text in request.answers):
                self.ended += len(request.answers)
            if self.ended > whole + 1:  # the code itself
                raise OutOfTime
            async for chunk in super().stream(request):
                yield chunk

    engine = Ending()
    work = await weighing(engine)
    found = await work.weigh(versions(40), time.monotonic() + 60)
    assert engine.ended == WHOLE + 1
    assert len({proposal.new_text for _, proposal in found}) == len(found) == WHOLE
    expected = work.score.logprob + _logprob("-") - _logprob("+")
    assert [logprob for logprob, _ in found] == pytest.approx([expected] * WHOLE)
    assert found == sorted(found, key=lambda pair: -pair[0])


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
    """Portions grow; one of which not even the half would be done in time is not begun, nor one whose end would come
    after the limit, nor any when the time is over."""
    now = [0.0]
    monkeypatch.setattr(portions.time, "monotonic", lambda: now[0])

    def taken(until: float, each: float, **options: float) -> list[int]:
        now[0] = 0.0
        sizes = []
        for some in portions.portions(range(50), until, **options):  # type: ignore[arg-type]
            sizes.append(len(some))
            now[0] += each * len(some)
        return sizes

    assert taken(1000, 1) == [8, 16, 26]
    assert taken(0, 1) == []
    assert taken(15, 1) == [8]
    assert taken(17, 1) == [8, 16]
    assert taken(37, 1) == [8, 16, 26]
    assert taken(36, 1) == [8, 16]
    assert taken(17, 1, limit=23) == [8]
    assert taken(17, 1, limit=24) == [8, 16]
    assert taken(10, 1, limit=5) == [8]
    assert taken(1000, 1, first=1) == [1, 2, 4, 8, 16, 19]
    assert taken(0.5, 1, first=1) == [1]
    assert list(portions.portions([], 10)) == []


@given(st.floats(0, 100), st.floats(0.01, 100), st.floats(0, 1000))
def test_first_portion(base: float, each: float, seconds: float) -> None:
    """So many are asked first as have the time, by halves, and one in any case."""
    size = portions.first_portion(base, each, seconds)
    assert size in (1, 2, 4, 8)
    assert size == 1 or base + each * size <= seconds
    assert size == portions.FIRST or base + each * 2 * size > seconds
