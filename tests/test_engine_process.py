"""The engine process itself: what it is given, what it gives away, and how it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from glossator.engine import EngineError, Message, ModelMissing, Request, Text, address, wire
from glossator.engine.client import SharedEngine
from glossator.engine.process import Options
from glossator.models import Advice, Card

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

FAKE = Path(__file__).parent / "engine_fake.py"


@pytest.fixture
def folder() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="gl-"))
    yield place
    shutil.rmtree(place, ignore_errors=True)


def shared(folder: Path, **more: object) -> SharedEngine:
    settings: dict[str, object] = {"idle_seconds": 0.0, "command": [sys.executable, str(FAKE)]}
    return SharedEngine(
        Card("fake", "fake.gguf"),
        folder / "fake.gguf",
        "d" * 64,
        runtime=folder / "run",
        logs=folder / "logs",
        **(settings | more),  # type: ignore[arg-type]
    )


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[SharedEngine]:
    made = shared(folder)
    await text(made, "count 1 1")
    yield made
    await made.close()


async def text(engine: SharedEngine, what: str) -> str:
    chunks = [chunk async for chunk in engine.stream(Request((Message("user", what),)))]
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))


def test_options_survive_the_command_line() -> None:
    """What is given on the command line is what was meant."""
    card = Card("x", "x.gguf", sources=("hub:a/b",), advice=Advice(temperature=0.6))
    options = Options("/m/x.gguf", "d", card, "/s", 1, 2, 3)
    assert Options.from_json(options.to_json()) == options


async def test_a_process_of_its_own(engine: SharedEngine) -> None:
    """It has its own session, no inherited files, no core dumps, a low claim on memory and no foreign environment."""
    process = psutil.Process(engine.status().pid)
    proc = Path(f"/proc/{process.pid}")
    assert os.getsid(process.pid) == process.pid
    names = [path.readlink() for path in (proc / "fd").iterdir()]
    outside = [name for name in names if not str(name).startswith(("socket:", "pipe:", "anon_inode:", "/dev/null"))]
    assert {name.name for name in outside} == {"engine.log"}
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_CORE)
    assert max(soft, hard) == 1
    assert int((proc / "oom_score_adj").read_text()) >= 600
    assert {"GGML_NO_BACKTRACE", "PYTHONSAFEPATH"} <= set(process.environ())
    assert not [name for name in process.environ() if "PYTEST" in name or "KEY" in name]


async def test_private_places(engine: SharedEngine, folder: Path) -> None:
    """Socket, lock and log are the user's alone."""
    assert (folder / "run").stat().st_mode & 0o777 == 0o700
    for path in [*(folder / "run").iterdir(), folder / "logs" / "engine.log"]:
        assert path.stat().st_mode & 0o077 == 0, path


async def test_asked_to_leave(engine: SharedEngine, folder: Path) -> None:
    """SIGTERM in the middle of an answer: it goes at once, the answer ends in words, and the next is served."""
    pid = engine.status().pid or 0
    running = asyncio.create_task(text(engine, "count 1000 10"))
    await asyncio.sleep(0.2)
    os.kill(pid, signal.SIGTERM)
    began = time.monotonic()
    with pytest.raises(EngineError, match="ask again"):
        await running
    assert time.monotonic() - began < 5
    assert await text(engine, "count 1 1") == "0 []"
    assert engine.status().restarts == 0


async def test_client_that_does_not_read(engine: SharedEngine, folder: Path) -> None:
    """A client that asks and never reads is let go; memory stays bounded and others are served."""
    process = psutil.Process(engine.status().pid)
    before = process.memory_info().rss
    (path,) = (folder / "run").glob("*.sock")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(path))
        deaf.sendall(wire.encode({"hello": wire.PROTOCOL, "idle": 0.0}))
        line = wire.encode({"id": 1, "count": ["x"] * 20_000})
        deaf.setblocking(False)
        limit = time.monotonic() + 3
        while time.monotonic() < limit:
            with contextlib.suppress(BlockingIOError):
                try:
                    deaf.send(line)
                except (BrokenPipeError, ConnectionResetError):
                    break
            await asyncio.sleep(0.001)
        assert await text(engine, "count 1 1") == "0 []"
        assert process.memory_info().rss - before < 50 << 20


async def test_log_is_bounded(folder: Path) -> None:
    """The log starts over at a megabyte."""
    (folder / "logs").mkdir(mode=0o700)
    log = folder / "logs" / "engine.log"
    log.write_bytes(b"x" * (2 << 20))
    engine = shared(folder)
    await text(engine, "count 1 1")
    await engine.close()
    assert log.stat().st_size < 1 << 20
    assert log.with_suffix(".log.1").exists()


async def test_the_real_process_from_a_hostile_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real process imports nothing from the folders it was started or runs in, and says which model is missing."""
    evil = f"open({str(folder / 'witness')!r}, 'w').close()"
    (folder / "run").mkdir(mode=0o700)
    for place in (folder, folder / "run"):
        for name in ("sitecustomize.py", "usercustomize.py", "llama_cpp.py", "json.py", "numpy.py"):
            (place / name).write_text(evil)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    engine = shared(folder, command=())
    with pytest.raises(ModelMissing, match=r"fake\.gguf"):
        await text(engine, "count 1 1")
    await engine.close()
    assert not (folder / "witness").exists()


async def test_stale_socket_and_port(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dead engine left behind does not stop a new one."""
    for suffix in (".sock", ".port"):
        monkeypatch.setattr(address, "SUFFIX", suffix)
        engine = shared(folder)
        path = address.place(folder / "run", engine._name)
        if suffix == ".sock":
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(path))
        else:
            path.write_text(json.dumps({"port": 1, "token": "x"}))
        assert await text(engine, "count 1 1") == "0 []"
        await engine.close()
