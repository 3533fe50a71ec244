"""What tests share: the real 0.5B model, fetched once into the user's models folder, and tiny GGUF files."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from glossator.answer import sandbox
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tests of the real model keep to their process's part of the processors: llama.cpp's threads wait for each other
    by turning round, and those of two models on the same cores mostly wait."""
    marker = item.get_closest_marker("model")
    share = part_of_processors(os.environ) if marker and not item.get_closest_marker("editor") else set()
    if not share or marker is None or marker.kwargs.get("all_cores"):
        return (yield)
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, share)
    try:
        return (yield)
    finally:
        os.sched_setaffinity(0, every)


def part_of_processors(environment: Mapping[str, str]) -> set[int]:
    """What one of several processes of pytest keeps to; empty: there is nothing to share, or no way to."""
    count = int(environment.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(environment.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if count < 2 or not hasattr(os, "sched_setaffinity"):
        return set()
    return set(sorted(os.sched_getaffinity(0))[number % count :: count])


TRIED: dict[str, dict[tuple[str, str], float]] = {}
"""By row what `tests/faults` tried, and the unit of an extreme; told by whichever process ran it."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather what a test tried."""
    for name, told in report.user_properties if report.when == "teardown" else ():
        for row, what, value, unit in told if name == "tried" else ():
            row_of = TRIED.setdefault(row, {})
            known = row_of.get((what, unit), value if unit else 0)
            row_of[what, unit] = max(known, value) if unit else known + value


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell what was tried: a green run that tried nothing says nothing."""
    if TRIED:
        terminalreporter.section("faults tried")
    for row, found in TRIED.items():
        parts = [
            f"{what} {value:,.3g} {unit}" if unit else f"{value:,} {what}" for (what, unit), value in found.items()
        ]
        terminalreporter.write_line(f"{row}: {'; '.join(parts)}")


@pytest.fixture(scope="session")
def model_05b() -> Path:
    """The file of `qwen2.5-coder-0.5b` in the user's own models folder, whatever GLOSSATOR_HOME a test sets."""
    try:
        return pull(catalogue.card("qwen2.5-coder-0.5b"), folders({}).models, notice=print)
    except ModelError as error:
        pytest.fail(f"tests marked `model` need the real 0.5B model: {error}", pytrace=False)


@pytest.fixture(scope="session")
def walled() -> None:
    """Skips a test where this system makes no sandbox for commands."""
    place = sandbox.Place(Path(__file__).parent)
    with ThreadPoolExecutor(1) as thread:  # a test's own loop is none of this one's business
        ended = thread.submit(lambda: asyncio.run(sandbox.run(["/bin/sh", "-c", ":"], place))).result()
    if not ended.passed:
        pytest.skip(ended.message)


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
