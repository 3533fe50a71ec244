"""Quiet moments: what is read and explained before anyone asks, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from glossator.action import allowance, catalogue, prefetch
from glossator.action.workspace import Workspace
from glossator.engine import Chunk, ModelInfo, Priority, Request
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

    def __init__(self, rules: list[Rule], reads: float = 1000.0, writes: float = 500.0) -> None:
        super().__init__(rules, ModelInfo("quick", "0" * 64, 8192, prefill_rate=reads, decode_rate=writes))
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
    monkeypatch.setattr(allowance, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(idle, "mains", lambda: True)


@pytest.fixture
def engine() -> Recorded:
    return Recorded([Rule(text="It adds.")])


async def test_reads_then_explains_what_is_near(engine: Recorded, tmp_path: Path) -> None:
    """In a pause the file is read first, then what may be asked about the definitions around the cursor, and at last
    these are explained and remembered."""
    remembered = Remembered(engine, tmp_path / "answers", 8)
    remembered.open()
    assert await remembered.opened(30)
    server = Server(remembered)
    quiet = Idle(server)  # type: ignore[arg-type]
    quiet.touched(URI, 30)
    await asyncio.wait_for(server.tasks[0], 30)
    first, *others = engine.asked
    assert first.max_tokens == 0
    assert first.messages[-1].stable
    assert not first.messages[-1].text
    questions, explained = others[: prefetch.MOST_ASKED], others[prefetch.MOST_ASKED :]
    assert [question.messages for question in questions] == [request.messages for request in explained]
    assert not any(question.max_tokens for question in questions) and all(request.max_tokens for request in explained)
    assert "f6" in questions[0].messages[-1].text
    assert {request.priority for request in engine.asked} == {Priority.PREFETCH}
    quiet.touched(URI, 30)
    await asyncio.wait_for(server.tasks[1], 30)
    assert len(engine.asked) == 1 + len(others) + 1, "what is explained is neither read nor explained again"


@pytest.mark.parametrize(
    ("reads", "writes", "questions", "explanations"),
    [(10.0, 500.0, 2, 2), (20.0, 17.0, 4, 0), (1000.0, 17.0, 8, 2), (0.0, 0.0, 8, 0)],
)
async def test_a_slow_machine_does_what_is_likeliest(
    reads: float, writes: float, questions: int, explanations: int
) -> None:
    """What takes longer than a place is worth is left. Where nothing was measured a machine counts as slow."""
    engine = Recorded([Rule(text="It adds.")], reads, writes)
    quiet = Idle(Server(engine))  # type: ignore[arg-type]
    quiet.touched(URI, 30)
    await asyncio.wait_for(quiet._ls.tasks[0], 30)
    _, *others = engine.asked
    assert len([request for request in others if not request.max_tokens]) == questions
    assert len([request for request in others if request.max_tokens]) == explanations
    assert "f6" in others[0].messages[-1].text


@pytest.mark.parametrize("name", ["secrets.py", "ignored.py", "mine/private.py", "new.py", "fine.py"])
async def test_what_is_left_out_is_not_read(engine: Recorded, tmp_path: Path, name: str) -> None:
    """A document that holds secrets by its name, or that is ignored, is read by no model unless its user asks."""
    (tmp_path / "w" / "mine").mkdir(parents=True)
    (tmp_path / "w" / ".git").mkdir()
    (tmp_path / "w" / ".gitignore").write_text("ignored.py\n")
    (tmp_path / "w" / ".glossatorignore").write_text("mine/\n")
    if name != "new.py":
        (tmp_path / "w" / name).write_text(SOURCE)
    server = Server(engine, Settings(prefetch=Prefetch(mode="read")))
    server.indexes._spaces["file:///w"] = Workspace((tmp_path / "w").resolve(), tmp_path / "index")
    uri = (tmp_path / "w" / name).as_uri()
    server.documents.open(uri, 1, "python", SOURCE)
    Idle(server).touched(uri, 3)  # type: ignore[arg-type]
    await asyncio.wait_for(server.tasks[0], 30)
    assert bool(engine.asked) == (name in ("new.py", "fine.py"))


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
    monkeypatch.setattr(allowance.machine, "cpu_seconds", lambda pid: float(next(used)))
    server = Server(engine)
    quiet = Idle(server)  # type: ignore[arg-type]
    quiet.touched(URI, 3)
    while quiet.state()["cpuSeconds"] < 30:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert len(engine.asked) == 2
    assert quiet.state()["ofCpuSeconds"] == 20.0
    quiet.stop()
