"""Quiet moments: what is read and explained before anyone asks, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from glossator.action import catalogue, prefetch
from glossator.code.languages import language_of
from glossator.code.tree import parse
from glossator.engine import Chunk, Priority, Request
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Rule, Scripted
from glossator.lsp import idle
from glossator.lsp.documents import Documents
from glossator.lsp.idle import Idle
from glossator.lsp.indexes import Indexes
from glossator.lsp.trees import Trees
from glossator.settings import Prefetch, Settings

SOURCE = "".join(f"def f{n}(a):\n    b = a + {n}\n    return b * {n}\n\n\n" for n in range(12))
URI = "file:///w/a.py"


class Recorded(Scripted):
    """Keeps the requests."""

    def __init__(self, rules: list[Rule]) -> None:
        super().__init__(rules)
        self.asked: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.asked.append(request)
        async for chunk in super().stream(request):
            yield chunk


class Opening:
    def __init__(self, engine: Any) -> None:
        self.engine = engine

    async def get(self) -> Any:
        return self.engine


class Jobs:
    def running(self) -> list[Any]:
        return []


@dataclass
class Server:
    """What `Idle` uses of the server."""

    engine: Any
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        self.documents, self.trees, self.jobs = Documents(), Trees(), Jobs()
        self.opening = Opening(self.engine)
        self.indexes = Indexes(self)  # type: ignore[arg-type]
        self.actions, _ = catalogue.load(catalogue.prompts_folder(), None)
        self.documents.open(URI, 1, "python", SOURCE)
        self.tasks: list[asyncio.Task[Any]] = []

    def current(self, uri: str) -> Any:
        return self.documents.get(uri)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        self.tasks.append(asyncio.get_running_loop().create_task(work))
        return self.tasks[-1]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are short, and the machine has mains power."""
    monkeypatch.setattr(idle, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(idle, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(idle, "mains", lambda: True)


@pytest.fixture
def engine() -> Recorded:
    return Recorded([Rule(text="It adds.")])


async def test_reads_then_explains_what_is_near(engine: Recorded, tmp_path: Path) -> None:
    """In a pause the file is read first, then the definitions around the cursor are explained and remembered."""
    server = Server(Remembered(engine, tmp_path / "answers", 8))
    quiet = Idle(server)  # type: ignore[arg-type]
    quiet.touched(URI, 30)
    await asyncio.wait_for(server.tasks[0], 30)
    first, *others = engine.asked
    assert first.max_tokens == 0
    assert first.messages[-1].stable
    assert not first.messages[-1].text
    assert len(others) == idle.MOST_SYMBOLS
    assert "f6" in others[0].messages[-1].text
    assert {request.priority for request in engine.asked} == {Priority.PREFETCH}
    quiet.touched(URI, 30)
    await asyncio.wait_for(server.tasks[1], 30)
    assert len(engine.asked) == len(others) + 2, "only the file is read again: the explanations are remembered"


@pytest.mark.parametrize(("mode", "most"), [("read", 1), ("off", 0)])
async def test_modes(engine: Recorded, mode: Any, most: int) -> None:
    """`read` explains nothing, `off` does nothing."""
    server = Server(engine, Settings(prefetch=Prefetch(mode=mode)))
    Idle(server).touched(URI, 3)  # type: ignore[arg-type]
    for task in server.tasks:
        await asyncio.wait_for(task, 30)
    assert len(engine.asked) == most


async def test_on_battery_nothing_is_explained(engine: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `auto`, explanations that nobody asked for are made on mains power only."""
    monkeypatch.setattr(idle, "mains", lambda: False)
    server = Server(engine)
    Idle(server).touched(URI, 3)  # type: ignore[arg-type]
    await asyncio.wait_for(server.tasks[0], 30)
    assert [request.max_tokens for request in engine.asked] == [0]


@pytest.mark.parametrize("backend", ["remote", "scripted"])
async def test_only_the_local_engine_is_used(engine: Recorded, backend: Any) -> None:
    """Neither a remote server nor a script is asked what nobody wants to know."""
    server = Server(engine, replace(Settings(), backend=backend))
    Idle(server).touched(URI, 3)  # type: ignore[arg-type]
    assert not server.tasks


async def test_a_keystroke_ends_it(engine: Recorded) -> None:
    """Whatever the user does ends the work that was begun."""
    held = Recorded([Rule(hold=True)])
    server = Server(held)
    quiet = Idle(server)  # type: ignore[arg-type]
    quiet.touched(URI, 3)
    while not held.asked:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    quiet.touched(URI, 4)
    await asyncio.wait([server.tasks[0]], timeout=30)
    assert server.tasks[0].cancelled()
    quiet.stop()


async def test_the_allowance_is_kept(engine: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the minute's seconds are used nothing more is begun, and the status tells."""
    used = iter(range(0, 1000, 15))
    monkeypatch.setattr(idle, "_cpu", lambda engine: float(next(used)))
    server = Server(engine)
    quiet = Idle(server)  # type: ignore[arg-type]
    quiet.touched(URI, 3)
    while quiet.state()["cpuSeconds"] < 30:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert len(engine.asked) == 2
    assert quiet.state()["ofCpuSeconds"] == 20.0
    quiet.stop()


def test_nearest_first() -> None:
    """The definition that holds the cursor comes first, then its neighbours."""
    language = language_of("a.py")
    assert language is not None
    targets = prefetch.near(parse(SOURCE, language), "a.py", SOURCE.index("def f5") + 8, 3)
    assert targets[0].name == "f5"
    assert {target.name for target in targets} == {"f4", "f5", "f6"}
