"""What is kept of the questions that an engine was asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

from glossator.engine import Finished, Message, Request, Text
from glossator.engine.overheard import MOST, Overheard
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Rule, Scripted


def asking(text: str, **more: object) -> Request:
    return Request((Message("user", text),), **more)  # type: ignore[arg-type]


async def answer(engine: Overheard, request: Request) -> str:
    return "".join([chunk.text async for chunk in engine.stream(request) if isinstance(chunk, Text)])


async def test_questions_are_kept_as_they_were_asked() -> None:
    """Each question is there word for word, its answer unchanged, and those beyond the limit are counted."""
    heard = Overheard(Scripted([Rule(text="It adds.")]))
    for number in range(MOST + 2):
        assert await answer(heard, asking(f"question {number}")) == "It adds."
    assert [each.request.messages[0].text for each in heard.questions] == [f"question {n}" for n in range(MOST)]
    assert heard.more == 2 and not any(each.remembered for each in heard.questions)


async def test_what_is_no_question_is_not_kept() -> None:
    """A prompt that is only read, and texts that are only weighed, are no questions."""
    heard = Overheard(Scripted([Rule(text="It adds.")]))
    await answer(heard, asking("read this", max_tokens=0))
    assert heard.questions == [] and heard.more == 0


async def test_a_remembered_answer_is_told_from_one_that_was_asked(tmp_path: Path) -> None:
    """The second time nothing was sent, and that is known."""
    engine = Remembered(Scripted([Rule(text="It adds.")]), tmp_path / "answers", 16)
    await engine.opened(10)
    for times in (False, True):
        heard = Overheard(engine)
        chunks = [chunk async for chunk in heard.stream(asking("what does it do?"))]
        assert isinstance(chunks[-1], Finished) and [each.remembered for each in heard.questions] == [times]
        await asyncio.to_thread(engine._shelf.flush, 20)  # what is kept is written in the background
    await engine.close()
