"""What is read ahead is what the next question begins with."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from glossator.action import prefetch
from glossator.action.budget import prompt_tokens
from glossator.action.catalogue import load, prompts_folder
from glossator.action.run import run
from glossator.action.target import target_at
from glossator.engine import Chunk, ModelInfo, Priority, Request
from glossator.engine.scripted import Rule, Scripted

ACTIONS = load(prompts_folder())[0]


class Watched(Scripted):
    """Keeps the requests that it was asked."""

    def __init__(self, rate: float = 0.0) -> None:
        info = ModelInfo("watched", "0" * 64, 8192, prefill_rate=rate)
        super().__init__([Rule(text="It returns a number.")], info)
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.requests.append(request)
        async for chunk in super().stream(request):
            yield chunk


@pytest.mark.parametrize("functions", [3, 60, 120, 150, 180, 200, 400, 3000])
async def test_read_ahead(functions: int) -> None:
    """However large the file: what is read when it is opened is how a hover's and a command's prompts begin."""
    text = "import os\n" + "".join(f"\n\ndef other{n}():\n    return {n}\n" for n in range(functions))
    engine = Watched()
    action = ACTIONS["explain"]
    whole = target_at(text, "a.py", offset=0)
    await prefetch.read(action, whole, engine)
    one = target_at(text, "a.py", name="other2")
    for hover in (True, False):
        await run(action, one, engine, budget=prompt_tokens(engine.model(), hover=hover))
    asked = engine.requests[-2:]
    if functions > 200:  # not even the outline fits: there is nothing to share, and nothing is read
        assert len(engine.requests) == 2
        assert [request.messages[1].stable for request in asked] == ["", ""]
        return
    ahead = engine.requests[0]
    assert len(engine.requests) == 3
    assert ahead.priority is Priority.PREFETCH and ahead.max_tokens == 0
    for request in asked:
        assert ahead.messages[0] == request.messages[0]
        assert ahead.messages[1].stable == request.messages[1].stable != ""
        assert ahead.messages[1].preamble == request.messages[1].preamble


@pytest.mark.parametrize("lines", [1, 200])
@pytest.mark.parametrize("rate", [0.0, 40.0])
async def test_question_read_ahead(lines: int, rate: float) -> None:
    """However much of what a function calls fits beside it: the question that is read ahead is the one that a hover
    asks, to the last character."""
    helpers = "".join(f"def help{n}():\n" + f"    a = {n}\n" * lines + "    return a\n\n\n" for n in range(4))
    text = helpers + "def one():\n    return help0() + help1() + help2() + help3()\n"
    engine = Watched(rate)
    action, one = ACTIONS["explain"], target_at(text, "a.py", name="one")
    ahead = await prefetch.question(action, one, engine)
    await run(action, one, engine, budget=prompt_tokens(engine.model(), hover=True))
    (asked,) = engine.requests
    assert ahead is not None
    assert ahead.max_tokens == 0 < asked.max_tokens
    assert ahead.messages == asked.messages
    assert ahead.answer_prefix == asked.answer_prefix
