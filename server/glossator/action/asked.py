"""One answer of the model, told as it comes, its thought and its answer apart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from ..answer.reasoning import Splitter
from ..engine import Engine, Finished, Queued, Reading, Request, Text
from .outcome import Answer, Event, Stage, Thought


@dataclass(frozen=True, slots=True)
class Said:
    """What the model wrote, and how it ended."""

    thought: str
    answer: str
    finished: Finished


async def ask(engine: Engine, request: Request, on_event: Callable[[Event], None]) -> Said:
    """One answer, told as it comes."""
    info = engine.model()
    splitter = Splitter(info.think_open, info.think_close)
    stage = ""
    finished = Finished("stop")
    async with aclosing(engine.stream(request)) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, Queued):
                on_event(Stage("queued", 0, chunk.ahead))
            elif isinstance(chunk, Reading):
                on_event(Stage("reading", chunk.done, chunk.total))
            elif isinstance(chunk, Text):
                for kind, text in splitter.feed(chunk.text):
                    if kind != stage:
                        stage = kind
                        on_event(Stage("thinking" if kind == "thought" else "answering"))
                    on_event(Thought(text) if kind == "thought" else Answer(text))
            else:
                finished = chunk
    for kind, text in splitter.finish():
        on_event(Thought(text) if kind == "thought" else Answer(text))
    return Said(splitter.thought.strip(), splitter.answer.strip(), finished)
