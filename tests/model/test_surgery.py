"""Answers after an edit in the middle of a text, from the state of the text before it, on the real 0.5B model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glossator.engine import Chunk, Finished, Message, Priority, Request, Sampling, Text
from glossator.engine.llama import Model
from glossator.models import catalogue

pytestmark = pytest.mark.model

SOURCE = (Path(__file__).parent.parent.parent / "server/glossator/engine/spelling.py").read_text()
ROWS = SOURCE.splitlines(keepends=True)
EDITED = "".join([*ROWS[:12], "LIMIT = 12  # pieces that wait\n", *ROWS[12:]])


def load(path: Path) -> Model:
    return Model(path, catalogue.card("qwen2.5-coder-0.5b"), "digest", context=4096)


@pytest.fixture(scope="module")
def exact(model_05b: Path) -> tuple[str, float]:
    """What a model says that has read nothing before, and the seconds to its first token."""
    fresh = load(model_05b)
    text, _, seconds = ask(fresh, EDITED)
    fresh.close()
    return text, seconds


@pytest.fixture
def model(model_05b: Path) -> Iterator[Model]:
    loaded = load(model_05b)
    yield loaded
    loaded.close()


def ask(
    model: Model, stable: str, *, tokens: int = 16, priority: Priority = Priority.COMMAND
) -> tuple[str, Finished, float]:
    """The answer, its end, and the seconds to its first token."""
    messages = (Message("user", "\n\nWhat does Stops do?", stable=stable),)
    chunks: list[Chunk] = []
    began, first = time.perf_counter(), 0.0

    def emit(chunk: Chunk) -> None:
        nonlocal first
        if isinstance(chunk, Text):
            first = first or time.perf_counter() - began
        chunks.append(chunk)

    request = Request(messages, tokens, sampling=Sampling(temperature=0), priority=priority)
    model.generate(request, emit, lambda: False)
    last = chunks[-1]
    assert isinstance(last, Finished)
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text)), last, first


def test_edit_in_the_middle(exact: tuple[str, float], model: Model) -> None:
    """An edit costs a fraction of reading; the answer says that it is not exact, and mending makes it exact."""
    answer, cold = exact
    ask(model, SOURCE)
    _, quick, seconds = ask(model, EDITED)
    assert quick.usage.approximate
    assert seconds * 4 < cold
    assert model.mend(lambda: False)
    text, finished, _ = ask(model, EDITED)
    assert not finished.usage.approximate
    assert finished.usage.prompt_tokens - finished.usage.reused_tokens < 40
    assert text == answer


def test_interrupted_mending(exact: tuple[str, float], model: Model) -> None:
    """Mending gives way at once and goes on later; what is asked meanwhile is answered."""
    ask(model, SOURCE)
    ask(model, EDITED, tokens=2)
    began = time.perf_counter()
    assert not model.mend(lambda: time.perf_counter() - began > 0.2)
    assert time.perf_counter() - began < 3
    assert ask(model, EDITED, tokens=2)[1].usage.approximate
    assert model.mend(lambda: False)
    text, finished, _ = ask(model, EDITED)
    assert (text, finished.usage.approximate) == (exact[0], False)
    assert model.mend(lambda: False)


def test_what_is_made_ahead_is_exact(model: Model) -> None:
    """An answer that nobody waits for is worth reading the text exactly."""
    ask(model, SOURCE, tokens=1)
    assert not ask(model, EDITED, tokens=1, priority=Priority.PREFETCH)[1].usage.approximate
    assert model.state()["blobs"] == 2


def test_question_read_ahead(exact: tuple[str, float], model: Model) -> None:
    """A question that was read whole is answered at once, as exactly as any, whatever the model did in between."""
    ask(model, SOURCE, tokens=1)
    assert not ask(model, EDITED, tokens=0, priority=Priority.PREFETCH)[1].usage.approximate
    ask(model, SOURCE, tokens=1)
    text, finished, seconds = ask(model, EDITED)
    assert (text, finished.usage.approximate) == (exact[0], False)
    assert finished.usage.reused_tokens == finished.usage.prompt_tokens
    assert seconds * 20 < exact[1]
