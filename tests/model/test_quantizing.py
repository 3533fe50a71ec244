"""The real 0.5B model quantized by this machine: smaller, and it still writes code."""

from __future__ import annotations

from pathlib import Path

import pytest

from glossator.engine import Chunk, Finished, Message, Request, Text, corpus, quantizing
from glossator.engine.llama import Model
from glossator.engine.quantization import kind
from glossator.models import catalogue, digest, gguf, store

pytestmark = pytest.mark.model


def test_quantized_and_asked(model_05b: Path, tmp_path: Path) -> None:
    """With the weights kept that matter for code, the Q3_K_M of a model that was Q4_K_M writes a function rightly; it
    is smaller, and its file is one whose digest is known."""
    card = catalogue.card("qwen2.5-coder-0.5b")
    plan = quantizing.plan(card, model_05b, kind("Q3_K_M"), tmp_path)
    assert "is quantized already (Q4_K_M)" in plan.warning
    told: set[str] = set()
    text = corpus.standard(corpus.READ, 600)
    made = quantizing.quantize(plan, lambda done, total, what: told.add(what), text=text)
    assert told == {"weighing", "quantizing", "checking"}
    assert gguf.read(made).number("general.file_type") == 12
    assert made.stat().st_size < model_05b.stat().st_size
    found, path = store.resolve(str(made), tmp_path)
    assert (path, found.family, digest.recall(made) is not None) == (made, "qwen", True)
    model = Model(made, found, digest.digest(made), context=2048)
    try:
        chunks: list[Chunk] = []
        asked = Message("user", "Write a Python function `add(a, b)` that returns the sum. Only code, no words.")
        model.generate(Request((asked,), max_tokens=60), chunks.append, lambda: False)
    finally:
        model.close()
    assert isinstance(chunks[-1], Finished)
    answer = "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))
    assert "def add(a, b)" in answer
    assert "return a + b" in answer
