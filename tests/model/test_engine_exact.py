"""Drafts change no answer, on the real 0.5B model. `python -m bench.same` asks more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from glossator.engine import Chunk, Finished, Message, Request, Sampling, Text, decoding
from glossator.engine.llama import Model
from glossator.models import catalogue

pytestmark = pytest.mark.model

CODE = '''def total(prices, taxes, shipping):
    """Add up an order."""
    amount = 0
    for price in prices:
        amount = amount + price
    for tax in taxes:
        amount = amount + tax
    if shipping is not None:
        amount = amount + shipping
    return amount
'''
TASKS = (
    "Give the function a docstring with a section Args.",
    "Give the local variables longer, clearer names.",
    "Write the same without loops.",
)


@pytest.fixture(scope="module")
def model(model_05b: Path) -> Iterator[Model]:
    loaded = Model(model_05b, catalogue.card("qwen2.5-coder-0.5b"), "digest", context=4096)
    yield loaded
    loaded.close()


def answer(model: Model, task: str, draft: str = "") -> tuple[str, int]:
    """The text, and how many tokens were taken from drafts."""
    chunks: list[Chunk] = []
    message = Message("user", f"\n\n{task} Answer with the whole function only.", stable=f"```python\n{CODE}```")
    model.generate(Request((message,), 64, sampling=Sampling(temperature=0), draft=draft), chunks.append, lambda: False)
    last = chunks[-1]
    assert isinstance(last, Finished)
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text)), last.usage.drafted_tokens


@pytest.mark.parametrize("task", TASKS)
def test_drafts(model: Model, task: str) -> None:
    """A drafted answer is the undrafted one."""
    plain, _ = answer(model, task)
    drafted, taken = answer(model, task, CODE)
    assert drafted == plain
    assert taken > 5


def test_doubts(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every token is doubtful, all that was drafted is evaluated again, alone, and the answer stays the same."""
    plain, _ = answer(model, TASKS[1])
    redone = []
    redo = decoding.Decoding._redo
    monkeypatch.setattr(decoding.Decoding, "_redo", lambda self: (redone.append(1), redo(self))[1])
    monkeypatch.setattr(decoding, "MARGIN", 100.0)
    assert answer(model, TASKS[1], CODE)[0] == plain
    assert len(redone) > 3
