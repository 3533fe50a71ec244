"""What tests share: the real 0.5B model, fetched once into the user's models folder, and tiny GGUF files."""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from glossator.engine import Chunk, Request
from glossator.engine.scripted import Scripted
from glossator.models import ModelError, catalogue
from glossator.models.pull import pull
from glossator.settings import folders

Value = str | int | float | bool | list[str] | list[int]
Maker = Callable[..., bytes]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `tests/faults`; pytest asks for options here and not there."""
    group = parser.getgroup("faults")
    group.addoption("--faults", choices=("short", "long"), default="short", help="how many faults are tried")
    group.addoption("--faults-seed", type=int, default=None, help="the seed that an earlier run printed")


@pytest.fixture(scope="session")
def model_05b() -> Path:
    """The file of `qwen2.5-coder-0.5b` in the user's own models folder, whatever GLOSSATOR_HOME a test sets."""
    try:
        return pull(catalogue.card("qwen2.5-coder-0.5b"), folders({}).models, notice=print)
    except ModelError as error:
        pytest.fail(f"tests marked `model` need the real 0.5B model: {error}", pytrace=False)


@pytest.fixture
def counting() -> type[Scripted]:
    """A scripted engine whose class counts in `asked` what it is asked: answers, scores and continuations."""

    class Counting(Scripted):
        asked = 0

        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            type(self).asked += 1
            async for chunk in super().stream(request):
                yield chunk

    return Counting


@pytest.fixture
def gguf() -> Maker:
    """Makes the bytes of a small GGUF file that is sound but holds one tensor of zeros only."""
    return make_gguf


def make_gguf(values: dict[str, Value] | None = None, *, tensors: int = 1, version: int = 3) -> bytes:
    """A GGUF file of the architecture `qwen2` with `values` added; an empty string takes a value out."""
    merged: dict[str, Value] = {
        "general.architecture": "qwen2",
        "qwen2.context_length": 2048,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ["a", "b", "ä" * 1000],
        "tokenizer.ggml.token_type": [1, 1, 1],
        "tokenizer.chat_template": "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}",
        **(values or {}),
    }
    kept = {key: value for key, value in merged.items() if value != ""}
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, len(kept))
    head += b"".join(_string(key) + _value(value) for key, value in kept.items())
    for number in range(tensors):  # 64 x 2 numbers of 4 bytes each
        head += _string(f"blk.{number}.weight") + struct.pack("<IQQIQ", 2, 64, 2, 0, number * 512)
    return head + bytes(-len(head) % 32) + bytes(512 * tensors)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    if all(isinstance(item, str) for item in value):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(_string(str(item)) for item in value)
    return struct.pack("<IIQ", 9, 5, len(value)) + b"".join(struct.pack("<i", item) for item in value)
