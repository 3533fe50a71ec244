"""The shared engine: one process, found or started, cancelled, pre-empted, killed and survived."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from glossator.engine import (
    Chunk,
    EngineBusy,
    EngineDied,
    EngineError,
    Finished,
    Message,
    ModelBroken,
    Priority,
    Queued,
    Request,
    RequestPoisoned,
    Text,
    address,
    likelihood,
    wire,
)
from glossator.engine.client import SharedEngine
from glossator.engine.supervise import Record, environment
from glossator.models import Card

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these ways to die are POSIX's")

FAKE = Path(__file__).parent / "engine_fake.py"
CARD = Card("fake", "fake.gguf")

Make = Callable[..., SharedEngine]


def ask(text: str, priority: Priority = Priority.COMMAND, lane: str = "") -> Request:
    return Request((Message("user", text),), priority=priority, lane=lane)


async def collect(engine: SharedEngine, request: Request) -> list[Chunk]:
    return [chunk async for chunk in engine.stream(request)]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))


def engines(folder: Path) -> list[psutil.Process]:
    """The engine processes that listen under `folder`."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if "--socket" in line and any(str(folder) in part for part in line):
                found.append(process)
    return found


async def gone(folder: Path, seconds: float = 5.0) -> bool:
    """Whether no engine process is left within the time."""
    limit = time.monotonic() + seconds
    while engines(folder):
        if time.monotonic() > limit:
            return False
        await asyncio.sleep(0.05)
    return True


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder: a socket's path has about 100 bytes."""
    import shutil
    import tempfile

    place = Path(tempfile.mkdtemp(prefix="gl-"))
    yield place
    for process in engines(place):
        with contextlib.suppress(psutil.NoSuchProcess):  # it was just leaving
            process.kill()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
async def make(folder: Path) -> AsyncIterator[Make]:
    made: list[SharedEngine] = []

    def build(file: str = "fake.gguf", card: Card = CARD, **more: object) -> SharedEngine:
        settings: dict[str, object] = {"runtime": folder / "run", "logs": folder / "logs", "idle_seconds": 0.0}
        command = [sys.executable, str(FAKE)]
        engine = SharedEngine(card, folder / file, "d" * 64, **(settings | {"command": command} | more))  # type: ignore[arg-type]
        made.append(engine)
        return engine

    yield build
    for engine in made:
        await engine.close()


class Running:
    """A stream in the background, with what it gave so far."""

    def __init__(self, engine: SharedEngine, request: Request) -> None:
        self.chunks: list[Chunk] = []
        self.task = asyncio.create_task(self._run(engine, request))

    async def _run(self, engine: SharedEngine, request: Request) -> None:
        async with contextlib.aclosing(engine.stream(request)) as stream:
            async for chunk in stream:
                self.chunks.append(chunk)

    async def until(self, kind: type, count: int = 1) -> None:
        limit = time.monotonic() + 20
        while sum(isinstance(chunk, kind) for chunk in self.chunks) < count:
            assert time.monotonic() < limit
            if self.task.done():
                await self.task
                break
            await asyncio.sleep(0.005)

    async def end(self) -> str:
        await self.task
        return text_of(self.chunks)


# --- working ----------------------------------------------------------------------------------------------------------


async def test_told_not_to_think(make: Make) -> None:
    """A model that reasons is asked as one that does not where the user wants that, also once it was loaded."""
    for wanted in (True, False):
        engine = make(card=Card("fake", "fake.gguf", reasoning=True), reasoning=wanted)
        assert engine.model().reasoning is wanted
        await collect(engine, ask("hello"))
        assert (engine.model().reasoning, engine.model().context) == (wanted, 4096)


async def test_answers_and_leaves(make: Make, folder: Path) -> None:
    """A first request starts the process; with idle time 0 it is gone when its last client is."""
    engine = make()
    assert engine.status().state == "off"
    chunks = await collect(engine, ask("count 3 1"))
    assert isinstance(chunks[0], Queued)
    assert text_of(chunks) == "0 1 2 []"
    assert isinstance(chunks[-1], Finished)
    await asyncio.sleep(0.05)
    status = engine.status()
    assert (status.state, status.restarts, status.tokens["prompt"]) == ("idle", 0, 10)
    assert [process.pid for process in engines(folder)] == [status.pid]
    assert await engine.count(["a b c", ""]) == [3, 0]
    assert engine.model().context == 4096
    await engine.close()
    assert await gone(folder)
    assert list((folder / "run").glob("*.sock")) == []


async def test_scores(make: Make) -> None:
    """Scores come back in the order of the answers, and cancelling them frees the engine."""
    engine = make()
    scores = await likelihood.score(engine, ask("count 1 1"), ["abc", "", "d"])
    assert [(each.tokens, each.logprob) for each in scores] == [(3, -3.0), (0, 0.0), (1, -1.0)]
    assert await likelihood.score(engine, ask("count 1 1"), []) == []
    held = asyncio.create_task(likelihood.score(engine, ask("hold"), ["abc"]))
    await asyncio.sleep(0.1)
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held
    assert text_of(await asyncio.wait_for(collect(engine, ask("count 1 1")), 1)) == "0 []"


async def test_urgent_request_interrupts_scores(make: Make) -> None:
    """Scores that nobody waits for at a keyboard give way, and are worked out afterwards."""
    engine = make()
    await collect(engine, ask("count 1 1"))
    slow = asyncio.create_task(likelihood.score(engine, ask("count 40 10", Priority.PREFETCH), ["abc"]))
    await asyncio.sleep(0.1)
    await collect(engine, ask("count 1 1"))
    assert not slow.done()
    assert [each.logprob for each in await slow] == [-3.0]


async def test_stays_for_its_idle_time(make: Make, folder: Path) -> None:
    """The process outlives its last client for the idle time, and the next client finds it."""
    first = make(idle_seconds=1.0)
    await collect(first, ask("count 1 1"))
    pid = first.status().pid
    await first.close()
    second = make(idle_seconds=1.0)
    await collect(second, ask("count 1 1"))
    assert second.status().pid == pid
    await second.close()
    await asyncio.sleep(0.5)
    assert engines(folder)
    assert await gone(folder, 3)


async def test_different_settings_are_different_engines(make: Make, folder: Path) -> None:
    """Two clients of the same settings share a process; another context length has its own."""
    one, two, other = make(), make(), make(context=2048)
    await asyncio.gather(*(collect(engine, ask("count 1 1")) for engine in (one, two, other)))
    assert one.status().pid == two.status().pid != other.status().pid
    assert len(engines(folder)) == 2


def test_racing_starters(folder: Path) -> None:
    """Six processes that need the engine at the same time end with one."""
    code = f"""
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {str(FAKE.parent)!r})
from glossator.engine import Message, Request
from glossator.engine.client import SharedEngine
from glossator.models import Card
async def main():
    folder = Path({str(folder)!r})
    engine = SharedEngine(Card("fake", "fake.gguf"), folder / "slow.gguf", "d" * 64, runtime=folder / "run",
        logs=folder / "logs", idle_seconds=0.0, command=[sys.executable, {str(FAKE)!r}])
    async for chunk in engine.stream(Request((Message("user", "count 5 100"),))):
        pass
    print(engine.status().pid)
    await engine.close()
asyncio.run(main())
"""
    children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(6)]
    pids = {child.communicate()[0] for child in children}
    assert [child.returncode for child in children] == [0] * 6
    assert len(pids) == 1
    assert asyncio.run(gone(folder))


async def test_several_event_loops(make: Make, folder: Path) -> None:
    """One engine object serves several event loops at once."""
    engine = make(idle_seconds=2.0)
    texts: list[str] = []

    async def once() -> None:
        texts.append(text_of(await collect(engine, ask("count 3 5"))))
        await engine.close()

    threads = [threading.Thread(target=lambda: asyncio.run(once())) for _ in range(4)]
    for thread in threads:
        thread.start()
    await once()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert texts == ["0 1 2 []"] * 5
    assert len(engines(folder)) == 1


async def test_long_runtime_folder(make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the runtime folder's path is too long for a socket, a short private one is used."""
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    engine = make(runtime=folder / ("x" * 60) / ("y" * 60))
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"
    short = address.place(engine._runtime, engine._name)
    assert short.parent.parent == folder
    assert short.parent.stat().st_mode & 0o777 == 0o700


async def test_closed_while_it_answers(make: Make, folder: Path) -> None:
    """Closing the client ends its streams in words and its process."""
    engine = make()
    held = Running(engine, ask("hold"))
    await held.until(Text)
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await asyncio.wait_for(held.task, 1)
    assert await gone(folder)


async def test_loopback_with_token(make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sockets are no files, a loopback port with a token does; without the token nobody is served."""
    monkeypatch.setattr(address, "SUFFIX", ".port")
    engine = make()
    assert text_of(await collect(engine, ask("count 2 1"))) == "0 1 []"
    (place,) = (folder / "run").glob("*.port")
    assert place.stat().st_mode & 0o777 == 0o600
    import json

    with socket.create_connection(("127.0.0.1", json.loads(place.read_text())["port"])) as stranger:
        stranger.sendall(b'{"hello": 1, "token": "x", "idle": 0.0}\n')
        stranger.settimeout(5)
        assert b"not understood" in stranger.recv(1000)


# --- cancelling and scheduling ----------------------------------------------------------------------------------------


async def test_cancel(make: Make) -> None:
    """Closing a stream frees the engine for the next request within half a second, 20 times over."""
    engine = make()
    await collect(engine, ask("count 1 1"))
    for _ in range(20):
        held = Running(engine, ask("hold"))
        await held.until(Text)
        began = time.monotonic()
        held.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held.task
        assert time.monotonic() - began < 3
        await collect(engine, ask("count 1 1"))
        assert time.monotonic() - began < 3
    assert engine.status().restarts == 0


async def test_a_vanished_client_holds_nothing(make: Make, folder: Path) -> None:
    """A client that goes away takes its requests with it."""
    keeper, leaver = make(), make()
    await collect(keeper, ask("count 1 1"))
    held = Running(leaver, ask("hold"))
    await held.until(Text)
    link = next(iter(leaver._links.values()))
    link._writer.transport.abort()
    assert text_of(await asyncio.wait_for(collect(keeper, ask("count 1 1")), 2)) == "0 []"
    with pytest.raises(EngineError):
        await held.task


async def test_preemption(make: Make) -> None:
    """A command stops a hover, which then goes on where it was: its text comes once and whole."""
    engine = make()
    hover = Running(engine, ask("count 40 10", Priority.HOVER))
    await hover.until(Text, 5)
    began = time.monotonic()
    assert text_of(await collect(engine, ask("count 2 1"))) == "0 1 []"
    assert time.monotonic() - began < 3
    assert not hover.task.done()
    text = await hover.end()
    assert text.startswith("".join(f"{at} " for at in range(40)))
    assert sum(isinstance(chunk, Queued) for chunk in hover.chunks) == 2
    assert "[0 1 2 " in text  # what was written was the guess of the second run


async def test_an_answer_that_would_change(make: Make) -> None:
    """A pre-empted answer that does not repeat itself ends with an error instead of a mixture."""
    engine = make()
    hover = Running(engine, ask("different", Priority.HOVER))
    await hover.until(Text, 5)
    await collect(engine, ask("count 1 1"))
    with pytest.raises(EngineBusy, match="interrupted"):
        await hover.end()
    assert "2." not in text_of(hover.chunks)


async def test_order(make: Make) -> None:
    """What waits goes by priority, then by arrival."""
    engine = make()
    first = Running(engine, ask("count 10 20"))
    await first.until(Text)
    ended: list[str] = []

    async def one(name: str, priority: Priority) -> None:
        await collect(engine, ask(f"count 1 1 {name}", priority))
        ended.append(name)

    names = [("p", Priority.PREFETCH), ("h1", Priority.HOVER), ("h2", Priority.HOVER), ("c", Priority.COMMAND)]
    async with asyncio.TaskGroup() as group:
        for name, priority in names:
            group.create_task(one(name, priority))
            await asyncio.sleep(0.01)
    assert ended == ["c", "h1", "h2", "p"]
    await first.end()


async def test_lanes(make: Make) -> None:
    """A newer request of a lane replaces the older one, waiting or running; other lanes and clients are left alone."""
    engine, other = make(), make()
    await asyncio.gather(collect(engine, ask("count 1 1")), collect(other, ask("count 1 1")))
    running = Running(engine, ask("hold", lane="hover"))
    await running.until(Text)
    foreign = Running(other, ask("count 2 1", lane="hover"))
    waiting = Running(engine, ask("count 1 1", lane="menu"))
    await foreign.until(Queued)
    await waiting.until(Queued)
    newest = Running(engine, ask("count 3 1", lane="hover"))
    with pytest.raises(EngineBusy, match="newer"):
        await running.end()
    assert [await r.end() for r in (foreign, waiting, newest)] == ["0 1 []", "0 []", "0 1 2 []"]


async def test_bounded_queue(make: Make) -> None:
    """Beyond the bound a request is refused in words; a more urgent one takes the place of the least urgent."""
    engine = make()
    held = Running(engine, ask("hold"))
    await held.until(Text)
    many = [Running(engine, ask(f"count 1 1 {at}", Priority.PREFETCH)) for at in range(64)]
    await many[-1].until(Queued)
    with pytest.raises(EngineBusy, match="64 requests wait"):
        await collect(engine, ask("count 1 1 too many", Priority.PREFETCH))
    urgent = Running(engine, ask("count 1 1 urgent"))
    await urgent.until(Queued)
    with pytest.raises(EngineBusy, match="more urgent"):
        await many[-1].end()
    held.task.cancel()
    await asyncio.gather(*(r.end() for r in many[:-1]), urgent.end())


async def test_count_beside_a_run(make: Make) -> None:
    """Counting does not wait for a running answer."""
    engine = make()
    held = Running(engine, ask("hold"))
    await held.until(Text)
    assert await asyncio.wait_for(engine.count(["a b"]), 1) == [2]
    held.task.cancel()


# --- trouble ----------------------------------------------------------------------------------------------------------


async def test_killed_twenty_times(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 in the middle of an answer: an error in words within 2 s, the next request is served, 20 times over."""
    monkeypatch.setattr("glossator.engine.supervise.DEATHS", 1000)
    engine = make()
    for turn in range(20):
        running = Running(engine, ask(f"count 1000 5 {turn}"))
        await running.until(Text, 2)
        pid = engine.status().pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(EngineDied, match="next request starts it again"):
            await running.end()
        assert time.monotonic() - began < 5
        assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"
        assert engine.status().pid != pid
    assert engine.status().restarts == 20


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGTERM])
async def test_ways_to_die(make: Make, folder: Path, number: signal.Signals) -> None:
    """A crash inside the model is an error in words; no core file and no debugger follow."""
    engine = make()
    with pytest.raises(EngineDied):
        await collect(engine, ask(f"signal {int(number)}"))
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"
    assert not [path for path in (folder / "run").iterdir() if "core" in path.name]


async def test_killed_while_idle(make: Make) -> None:
    """An engine that died while nobody waited is replaced without a word."""
    engine = make()
    await collect(engine, ask("count 1 1"))
    os.kill(engine.status().pid or 0, signal.SIGKILL)
    await asyncio.sleep(0.2)
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"


async def test_stopped_process(make: Make, folder: Path) -> None:
    """An engine that is stopped (SIGSTOP) is given up and ended after the time limit, and replaced."""
    engine = make(silence_seconds=1.0)
    running = Running(engine, ask("count 10000 5"))
    await running.until(Text)
    pid = engine.status().pid or 0
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(EngineDied, match="did not answer"):
        await running.end()
    assert time.monotonic() - began < 3
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"
    assert engine.status().pid != pid
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_stopped_before_a_client_comes(make: Make) -> None:
    """A client that finds an engine which does not answer its greeting ends it; the next request is served."""
    first = make(idle_seconds=60.0)
    await collect(first, ask("count 1 1"))
    os.kill(first.status().pid or 0, signal.SIGSTOP)
    second = make(idle_seconds=0.0, silence_seconds=1.0)
    with pytest.raises(EngineDied, match="did not answer"):
        await collect(second, ask("count 1 1"))
    assert text_of(await collect(second, ask("count 1 1"))) == "0 []"


async def test_poison(make: Make) -> None:
    """A request that ended the engine twice is refused; others are served."""
    engine = make()
    for _ in range(2):
        with pytest.raises(EngineDied):
            await collect(engine, ask("signal 9"))
    with pytest.raises(RequestPoisoned, match="refused"):
        await collect(engine, ask("signal 9"))
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"


async def test_bystanders_are_not_poisoned(make: Make) -> None:
    """A request that only waited when the engine died is not blamed."""
    engine = make()
    for turn in range(2):
        running = Running(engine, ask(f"count 1000 5 {turn}"))
        await running.until(Text)
        waiting = Running(engine, ask("count 1 1 innocent"))
        await waiting.until(Queued)
        os.kill(engine.status().pid or 0, signal.SIGKILL)
        for one in (running, waiting):
            with pytest.raises(EngineDied):
                await one.end()
    assert text_of(await collect(engine, ask("count 1 1 innocent"))) == "0 []"


async def test_five_deaths(make: Make) -> None:
    """After five deaths the engine is left alone: refusals come at once and in words, and nothing is started."""
    engine = make()
    for turn in range(5):
        with pytest.raises(EngineDied, match="starts it again"):
            await collect(engine, ask(f"signal 9 {turn}"))
    began = time.monotonic()
    with pytest.raises(EngineDied, match="5 times"):
        await collect(engine, ask("count 1 1"))
    with pytest.raises(EngineDied, match="5 times"):
        await engine.count(["x"])
    assert time.monotonic() - began < 3
    assert engine.status().state == "failed"


def test_rest_and_again() -> None:
    """The rest ends, doubles with the next death, and is forgiven by an answer."""
    now = [1000.0]
    record = Record(Path("logs"), lambda: now[0])
    for _ in range(5):
        record.check("r")
        record.death("died")
    assert record.failed
    now[0] += 181
    record.check("r")
    record.death("died")
    assert not record.failed  # the old deaths are out of the window
    for _ in range(4):
        record.death("died")
    now[0] += 181
    assert record.failed
    now[0] += 181
    assert not record.failed


async def test_garbage_to_the_engine(make: Make, folder: Path) -> None:
    """Whatever strangers write on its socket, the engine closes their connection and serves on."""
    engine = make()
    await collect(engine, ask("count 1 1"))
    pid = engine.status().pid
    (path,) = (folder / "run").glob("*.sock")
    hello = b'{"hello": 1, "idle": 0.0}\n'
    for garbage in (
        b"\n",
        b"\xff\xfe\0\n",
        b"[]\n",
        b"[" * 100_000 + b"\n",
        b'{"hello": 99}\n',
        b'{"hello": 1, "idle": "x"}\n',
        hello + b"nonsense\n",
        hello + b'{"id": "x", "ask": {}}\n',
        hello + b'{"id": 1}\n',
        hello + b'{"id": 1, "ask": {"messages": []}}\n',
        hello + b'{"id": 1, "ask": {"messages": [{"role": "root", "text": "", "stable": ""}]}}\n',
        hello + b'{"id": 1, "count": [3]}\n',
        hello + b'{"id": true, "cancel": true}\n',
        hello + b"x" * (9 << 20),
        b"",
    ):
        with socket.socket(socket.AF_UNIX) as stranger, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stranger.connect(str(path))
            stranger.settimeout(10)
            await asyncio.to_thread(stranger.sendall, garbage)
            stranger.shutdown(socket.SHUT_WR)
            while await asyncio.to_thread(stranger.recv, 65536):
                pass
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"
    assert engine.status().pid == pid


async def test_garbage_from_the_engine(make: Make, folder: Path) -> None:
    """An engine that says something else than the protocol is an error in words, not a crash or a wait."""
    for said in (
        b"not json\n",
        b'{"id": 1, "chunk": ["text"]}\n',
        b'{"id": 1, "counts": "x"}\n',
        b'{"id": 1}\n',
        b'{"beat": {}}\n',
        b'{"error": "x"}\n',
        b"x" * (9 << 20),
        b"",
    ):
        engine = make()
        path = address.place(folder / "run", engine._name)

        async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes = said) -> None:
            await reader.readline()
            writer.write(b'{"hello": %d, "pid": 1}\n' % wire.PROTOCOL)
            await reader.readline()
            with contextlib.suppress(ConnectionError):
                writer.write(said)
                await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(impostor, path)
        with pytest.raises(EngineDied):
            await asyncio.wait_for(collect(engine, ask("count 1 1")), 5)
        server.close()
        path.unlink(missing_ok=True)


async def test_native_prints_stay_off_the_wire(make: Make, folder: Path) -> None:
    """What the model prints on stdout goes to the log."""
    engine = make()
    assert text_of(await collect(engine, ask("print"))) == "[]"
    assert b"{}\n{}\n" in (folder / "logs" / "engine.log").read_bytes()


async def test_errors_in_the_model(make: Make, folder: Path) -> None:
    """The model's own errors arrive as they are, unexpected ones by kind, and no source text is logged."""
    engine = make()
    with pytest.raises(EngineError, match="as asked"):
        await collect(engine, ask("error"))
    with pytest.raises(EngineError, match="ValueError"):
        await collect(engine, ask("boom"))
    with pytest.raises(EngineError, match="without an answer"):
        await collect(engine, ask("nothing SOURCE TEXT"))
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"
    assert engine.status().restarts == 0
    log = (folder / "logs" / "engine.log").read_text()
    assert "ValueError" in log
    assert "SOURCE" not in log


async def test_model_that_cannot_be_loaded(make: Make, folder: Path) -> None:
    """A broken model file is told as such to everyone who asks, and nothing is left behind."""
    engine = make("broken.gguf")
    for _ in range(3):
        with pytest.raises(ModelBroken, match="not a GGUF file"):
            await collect(engine, ask("count 1 1"))
    with pytest.raises(ModelBroken, match="not a GGUF file"):
        await engine.count(["x"])
    assert "not a GGUF" in engine.status().last_error
    await engine.close()
    assert await gone(folder)


async def test_process_that_cannot_start(make: Make) -> None:
    """A process that ends at once is told with its exit code."""
    engine = make(command=[sys.executable, "-c", "raise SystemExit(7)"])
    with pytest.raises(EngineDied, match="exit code 7"):
        await collect(engine, ask("count 1 1"))
    engine = make(command=["/no/such/program"])
    with pytest.raises(EngineError, match="could not be started"):
        await collect(engine, ask("count 1 1"))


async def test_cancel_while_loading(make: Make, folder: Path) -> None:
    """A client that goes while the model loads leaves no process."""
    engine = make("slow.gguf")
    running = Running(engine, ask("count 1 1"))
    await running.until(Queued)
    assert engine.status().state == "starting"
    running.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running.task
    await engine.close()
    assert await gone(folder)


async def test_removed_socket(make: Make, folder: Path) -> None:
    """An engine whose socket was removed answers what it has and leaves; the next request starts another."""
    engine = make(idle_seconds=60.0)
    running = Running(engine, ask("count 30 50"))
    await running.until(Text)
    pid = engine.status().pid
    for path in (folder / "run").glob("*.sock"):
        path.unlink()
    assert (await running.end()).endswith("29 []")
    assert await gone(folder)
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"
    assert engine.status().pid != pid
    assert engine.status().restarts == 0


async def test_foreign_runtime_folder(make: Make, folder: Path) -> None:
    """A runtime folder that is no private folder is refused with its path."""
    (folder / "run").write_text("")
    with pytest.raises(EngineError, match="no private folder"):
        await collect(make(), ask("count 1 1"))


async def test_too_large(make: Make) -> None:
    """A request over the wire's cap is refused in words."""
    engine = make()
    with pytest.raises(EngineError, match="MB"):
        await collect(engine, ask("count 1 1 " + "x" * (9 << 20)))
    assert text_of(await collect(engine, ask("count 1 1"))) == "0 []"


async def test_strange_text(make: Make) -> None:
    """Lone surrogates, line separators and NULs travel unharmed."""
    engine = make()
    request = Request((Message("user", "count 1 1 \ud800 \u2028 \0 \x85"),), draft="\ud800\u2028\0")
    assert text_of(await collect(engine, request)) == "0 [\ud800\u2028\0]"


def test_environment_has_no_secrets() -> None:
    """The child sees no keys, proxies or Python settings."""
    given = {"PATH": "/bin", "OPENAI_API_KEY": "x", "GLOSSATOR_KEY": "x", "HTTP_PROXY": "x", "PYTHONPATH": "/evil"}
    passed = environment(given | {"GLOSSATOR_HOME": "/h", "OMP_NUM_THREADS": "1", "AWS_SECRET": "x", "LD_PRELOAD": "x"})
    assert set(passed) == {
        "PATH",
        "GLOSSATOR_HOME",
        "OMP_NUM_THREADS",
        "GGML_NO_BACKTRACE",
        "PYTHONSAFEPATH",
        "PYTHONUTF8",
    }
