"""A search offers what the model finds likeliest, checked, with the others behind it."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from glossator.action.catalogue import load, prompts_folder
from glossator.action.changes import Changes
from glossator.action.outcome import Event, Outcome, Proposal, Refusal, Stage
from glossator.action.rank import as_written
from glossator.action.run import recall, run
from glossator.action.search import LATE, NOTHING
from glossator.action.target import Target, target_at
from glossator.action.tools import Tools
from glossator.answer.compared import Compiled
from glossator.answer.compiling import Change, Compilers
from glossator.code.languages import Language
from glossator.engine import Chunk, Finished, ModelInfo, Priority, Request, Score, Usage
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Doubted, Likely, Rule, Scripted

FIX = load(prompts_folder())[0]["fix"]
TEXT = """import os


class Range:
    def holds(self, value):
        \"\"\"Whether a value is in the range, its ends too.\"\"\"
        if value < self.low:
            return False
        return value < self.high
"""
RIGHT = TEXT.replace("value < self.high", "value <= self.high")
SAME = "Bug: none.\n\n```python\ndef holds(self, value):\n    return value in self\n```"
NONSENSE = "I cannot say."
AS_IT_IS = r"if value < self\.low:\n        return False\n    return value < self\.high\n```"
DOUBTS = (
    Doubted(" < self.high", " <=", " self.high"),
    Doubted(" < self.low", " >", " self.low:"),
    Doubted(" return False", " return", " True"),
)
LIKELY = (
    Likely(r"value <= self\.high", -3.0),
    Likely(r"value > self\.low", -4.0),
    Likely(r"value in self", -5.0),
    Likely(r"value < self\.high\n```", -9.0),
)


def at(**options: object) -> Target:
    return target_at(TEXT, "ranges.py", name="Range.holds", **options)  # type: ignore[arg-type]


async def fixed(answer: str, target: Target, likely: Sequence[Likely] = LIKELY, **options: object) -> Outcome:
    engine = Scripted([Rule(text=answer)], likely=likely, doubted=DOUBTS)
    return await run(FIX, target, engine, budget=2000, **options)  # type: ignore[arg-type]


async def test_likeliest() -> None:
    """Of all repairs, the rewritten function among them, the likeliest is offered, and the next ones are there."""
    outcome = await fixed(SAME, at())
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.candidates[0].new_text == RIGHT
    assert "value > self.low" in outcome.candidates[1].new_text
    assert "value in self" in outcome.candidates[2].new_text
    assert len({each.new_text for each in outcome.candidates}) == len(outcome.candidates) <= 5
    assert "parses" in " ".join(outcome.rungs)


class Seen(Scripted):
    """Finds another change likely once it has the code before it."""

    def __init__(self, *likely: Likely) -> None:
        super().__init__([Rule(text=NONSENSE)], likely=LIKELY, doubted=DOUBTS)
        self.rather = Scripted([], likely=likely)
        self.looks: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        seen = request.answers and not request.max_tokens and "value < self.high" in request.messages[-1].stable
        self.looks += [request] if seen else []
        async for chunk in (self.rather if seen else super()).stream(request):
            yield chunk


async def test_the_likeliest_are_looked_at_before_the_code() -> None:
    """What a model finds likely both unseen and with the code in sight comes first, all in one question."""
    engine = Seen(Likely(r"value > self\.low", -2.0), Likely("", -4.0))  # unseen it is behind by 1, so it wins by 1
    outcome = await run(FIX, at(), engine, budget=2000)
    assert isinstance(outcome, Proposal)
    assert "value > self.low" in outcome.new_text
    assert outcome.candidates[1].new_text == RIGHT
    (look,) = engine.looks
    assert len(look.answers) == len(set(look.answers)) <= 6 and "Range.holds" in look.messages[-1].text
    engine = Seen(Likely(r"value > self\.low", -3.5), Likely("", -4.0))  # not by as much as it is behind
    outcome = await run(FIX, at(), engine, budget=2000)
    assert isinstance(outcome, Proposal) and outcome.new_text == RIGHT


async def test_no_time_for_a_second_look() -> None:
    """Where the second look takes too long, the order is the first one's."""

    class Late(Seen):
        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            async for chunk in super().stream(request):
                if self.looks:
                    await asyncio.sleep(3600)
                yield chunk

    outcome = await run(FIX, at(), Late(Likely(r"value > self\.low", -2.0), Likely("", -4.0)), budget=2000, seconds=3.0)
    assert isinstance(outcome, Proposal) and outcome.new_text == RIGHT


async def test_no_rewrite() -> None:
    """A model that does not write code still finds the place."""
    outcome = await fixed(NONSENSE, at())
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT


async def test_nothing_is_likelier() -> None:
    """Where every change makes the code less likely, nothing is offered."""
    outcome = await fixed(NONSENSE, at(), likely=[Likely(AS_IT_IS, -0.5), Likely("", -30.0)])
    assert isinstance(outcome, Refusal)


async def test_unlikely_rewrite() -> None:
    """What the model rewrote but finds unlikely is offered where nothing is likelier, and else at the end."""
    rare = Likely("value in self", -40.0)
    outcome = await fixed(SAME, at(), likely=[rare, Likely(AS_IT_IS, -0.5), Likely("", -30.0)])
    assert isinstance(outcome, Proposal)
    assert "value in self" in outcome.new_text
    outcome = await fixed(SAME, at(), likely=[rare, *LIKELY])
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert "value in self" in outcome.candidates[-1].new_text


async def test_what_is_said_is_answered() -> None:
    """With a diagnostic or words the model's answer to them is offered at once; without an answer there is a search."""
    for told in ({"diagnostics": ("no such thing",)}, {"instruction": "use in"}):
        outcome = await fixed(SAME, at(**told))
        assert isinstance(outcome, Proposal)
        assert "value in self" in outcome.new_text
        assert outcome.candidates == ()
        outcome = await fixed(NONSENSE, at(**told))
        assert isinstance(outcome, Proposal)
        assert outcome.new_text == RIGHT


async def test_time() -> None:
    """When its time is over a search asks nothing and offers what it has; it tells how far it is."""
    events: list[Event] = []
    outcome = await fixed(SAME, at(), seconds=0.0, on_event=events.append)
    assert isinstance(outcome, Proposal)
    assert "value in self" in outcome.new_text
    stages = [event.name for event in events if isinstance(event, Stage)]
    assert "weighing" not in stages and "searching" not in stages
    await fixed(SAME, at(), on_event=events.append)
    stages = [event.name for event in events if isinstance(event, Stage)]
    assert "weighing" in stages and "searching" in stages


class Slow(Scripted):
    """Never comes to an end with what `slow` names; keeps how many answers it was asked about at a time."""

    def __init__(self, slow: str, answer: str = SAME, info: ModelInfo | None = None) -> None:
        super().__init__([Rule(text=answer)], info, likely=LIKELY, doubted=DOUBTS)
        self.slow = slow
        self.sizes: list[int] = []

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        kind = ("going on" if request.max_tokens else "scores") if request.answers else "answer"
        self.sizes += [len(request.answers)] if request.answers else []
        if self.slow in (kind, "many" if len(request.answers) > 1 else "one"):
            await asyncio.Event().wait()
        async for chunk in super().stream(request):
            yield chunk


@pytest.mark.parametrize("slow", ["scores", "going on", "many"])
async def test_what_takes_longer_is_given_up(slow: str) -> None:
    """What the model has not answered when the time is over is not waited for: there is the first try."""
    outcome = await asyncio.wait_for(run(FIX, at(), Slow(slow), budget=2000, seconds=0.3), 60)
    assert isinstance(outcome, Proposal)
    assert "value in self" in outcome.new_text


@pytest.mark.parametrize("slow", ["going on", "many"])
async def test_that_the_time_was_over_is_told(slow: str) -> None:
    """Where nothing could be weighed in time it is not said that nothing likelier was found."""
    outcome = await asyncio.wait_for(run(FIX, at(), Slow(slow, NONSENSE), budget=2000, seconds=0.3), 60)
    assert isinstance(outcome, Refusal)
    assert LATE in outcome.reasons
    assert NOTHING not in outcome.reasons


async def test_checking_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many candidates in a file that takes long to check, no more are checked than there is time for."""
    checked: list[str] = []

    def proposed(self: Changes, code: str) -> None:
        checked.append(code)
        time.sleep(0.5)

    monkeypatch.setattr(Changes, "_proposed", proposed)
    outcome = await fixed(NONSENSE, at(), seconds=1.0)
    assert isinstance(outcome, Refusal)
    assert LATE in outcome.reasons
    assert len(checked) <= 1


async def test_checking_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops waiting stops the checking of the candidates that are left."""
    begun, stops = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def distinct(self: Changes, texts: object, until: float, stop: threading.Event) -> list[object]:
        stops.append(stop)
        loop.call_soon_threadsafe(begun.set)
        stop.wait(60)
        return []

    true = Changes._distinct
    monkeypatch.setattr(Changes, "_distinct", distinct)
    task = asyncio.create_task(fixed(NONSENSE, at()))
    await asyncio.wait_for(begun.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stops[0].is_set()
    monkeypatch.setattr(Changes, "_proposed", None)
    code = TEXT[TEXT.index("    def") :]
    engine = Scripted([], likely=LIKELY)
    writing = await as_written(FIX, at(), engine, Priority.COMMAND)
    changes = Changes(FIX, at(), writing, engine, code, Score(0, 0.0, (), ()), lambda event: None)
    assert true(changes, [(code, 0.0)], math.inf, stops[0]) == []


async def test_no_further_try_after_the_time() -> None:
    """A try that comes after a search is given up when the time is over, with a reason."""
    info = ModelInfo("m", "0" * 64, 8192, prefill_rate=20.0, decode_rate=2.0)
    engine = Slow("answer", info=info)
    engine._likely = (Likely(AS_IT_IS, -0.5), Likely("", -30.0))
    outcome = await asyncio.wait_for(run(FIX, at(), engine, budget=2000, seconds=1.0), 60)
    assert isinstance(outcome, Refusal)
    assert outcome.reasons == (LATE,)


async def test_slow_machines_are_asked_about_few_at_a_time() -> None:
    """Where many would take most of the time only one or two are asked about at first."""
    sizes = {}
    for rate in (1.0, 1000.0):
        engine = Slow("", info=ModelInfo("m", "0" * 64, 8192, prefill_rate=rate, decode_rate=rate))
        assert isinstance(await run(FIX, at(), engine, budget=2000), Proposal)
        sizes[rate] = engine.sizes[1]  # after the code itself
    assert sizes[1.0] == 1 < sizes[1000.0]


@pytest.mark.parametrize("answer", ["", "value <= range.high"], ids=["searched", "the first try"])
async def test_compiling_has_its_time(answer: str) -> None:
    """A compiler that does not come to an end is not waited for, neither at the first try nor later; the repair is
    offered without its word."""

    class Hanging(Compilers):
        asked = 0

        def works(self, language: Language) -> bool:
            return True

        def known(self, change: Change) -> Compiled | None:
            return None

        async def check(self, change: Change) -> Compiled:
            self.asked += 1
            await asyncio.Event().wait()
            raise AssertionError

    compilers = Hanging()
    text = "function holds(range, value) {\n  return value < range.high;\n}\n"
    target = target_at(text, "ranges.js", name="holds")
    doubt = Doubted(" < range.high", " <=", " range.high;")
    likely = [Likely(r"value <= range\.high", -3.0), Likely("", -9.0)]
    said = f"```javascript\nfunction holds(range, value) {{\n  return {answer};\n}}\n```" if answer else NONSENSE
    engine = Scripted([Rule(text=said)], likely=likely, doubted=[doubt])
    outcome = await asyncio.wait_for(run(FIX, target, engine, budget=2000, tools=Tools(compilers), seconds=3.0), 60)
    assert isinstance(outcome, Proposal)
    assert "value <= range.high" in outcome.new_text
    assert "compiles" not in " ".join(outcome.rungs)
    assert compilers.asked


async def test_recalled(tmp_path: Path, counting: type[Any]) -> None:
    """An answer to what was said is recalled; a search is not, but repeated it asks the model nothing."""
    engine = Remembered(counting([Rule(text=SAME)], likely=LIKELY, doubted=DOUBTS), tmp_path / "a", 16)
    assert await engine.opened(20)
    told = at(diagnostics=("no such thing",))
    for target in (told, at()):
        await run(FIX, target, engine, budget=2000)
    await engine.close()  # what is kept is written in the background
    engine = Remembered(engine.engine, tmp_path / "a", 16)
    assert await engine.opened(20)
    asked = counting.asked
    assert asked > 3
    recalled = recall(FIX, told, engine)
    assert isinstance(recalled, Proposal) and "value in self" in recalled.new_text
    assert recall(FIX, at(), engine) is None
    again = await run(FIX, at(), engine, budget=2000)
    assert isinstance(again, Proposal) and again.new_text == RIGHT
    assert counting.asked == asked
    await engine.close()


async def test_everything_is_counted() -> None:
    """What a search reads and writes is part of what the action cost."""

    finished = [0]

    class Costly(Scripted):
        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            async for chunk in super().stream(request):
                finished[0] += isinstance(chunk, Finished)
                yield replace(chunk, usage=Usage(10, 1, 0, 2, 0, 0.5, 1.0)) if isinstance(chunk, Finished) else chunk

    engine = Costly([Rule(text=SAME)], likely=LIKELY, doubted=DOUBTS)
    outcome = await run(FIX, at(), engine, budget=2000)
    assert finished[0] > 3
    assert outcome.usage == Usage(*(finished[0] * number for number in (10, 1, 0, 2, 0, 0.5, 1.0)))
    assert not outcome.remembered


async def test_on_a_slow_machine_the_search_comes_first() -> None:
    """Where the model's own rewriting would take the search's time, it is made only if nothing was found."""
    slow, quick = (ModelInfo("m", "0" * 64, 8192, prefill_rate=10 * rate, decode_rate=rate) for rate in (2.0, 200.0))
    for info, tries in ((slow, 0), (quick, 1)):
        engine = Watched(info, LIKELY)
        outcome = await run(FIX, at(), engine, budget=2000)
        assert isinstance(outcome, Proposal)
        assert outcome.new_text == RIGHT
        assert engine.tries == tries
    engine = Watched(slow, [Likely(AS_IT_IS, -0.5), Likely("", -30.0)])
    outcome = await run(FIX, at(), engine, budget=2000)
    assert isinstance(outcome, Proposal)
    assert "value in self" in outcome.new_text
    assert engine.tries == 1


class Watched(Scripted):
    """Counts the answers that were written."""

    def __init__(self, info: ModelInfo, likely: Sequence[Likely]) -> None:
        super().__init__([Rule(text=SAME)], info, likely=likely, doubted=DOUBTS)
        self.tries = 0

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.tries += not request.answers
        async for chunk in super().stream(request):
            yield chunk
