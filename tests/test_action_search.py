"""A search offers what the model finds likeliest, checked, with the others behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Event, Outcome, Proposal, Refusal, Stage
from glossator.action.run import recall, run
from glossator.action.target import Target, target_at
from glossator.engine import Chunk, Finished, ModelInfo, Request, Usage
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
    """When its time is over a search offers what it has; it tells how far it is."""
    events: list[Event] = []
    outcome = await fixed(SAME, at(), seconds=0.0, on_event=events.append)
    assert isinstance(outcome, Proposal)
    stages = [event.name for event in events if isinstance(event, Stage)]
    assert "weighing" in stages and "searching" not in stages
    await fixed(SAME, at(), on_event=events.append)
    assert "searching" in [event.name for event in events if isinstance(event, Stage)]


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
