"""The engine process's inside: connections, the queue, one thread that runs the model, and when to leave.

All state belongs to the event loop's thread; the worker gets one job at a time and reports back through the loop.
Knows no llama.cpp: a model is what `Model` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from .. import __version__
from . import Chunk, EngineBusy, EngineError, EngineStatus, Finished, ModelInfo, Queued, Request, Text, address, wire
from .queue import Job, Waiting

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
_FIRST_CLIENT_SECONDS = 30.0
_HELLO_SECONDS = 10.0
_UNREAD_BYTES = 4 << 20  # a client that leaves this much unread is let go
_LEAVE_SECONDS = 3.0  # for the worker to stop and the model to put its state away


class Model(Protocol):
    """What the worker runs. `generate` is called for one request at a time; `count` may be called beside it."""

    info: ModelInfo

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""

    def generate(self, request: Request, emit: Callable[[Chunk], None], cancelled: Callable[[], bool]) -> None:
        """Answer through `emit`; return early once `cancelled()` is true."""

    def close(self) -> None:
        """Give everything back."""


class Client:
    """A connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.greeted = False

    def send(self, tree: wire.Tree) -> None:
        """Write a line, without waiting; a client that does not read is let go."""
        if self._writer.is_closing():
            return
        self._writer.write(wire.encode(tree))
        if self._writer.transport.get_write_buffer_size() > _UNREAD_BYTES:
            log.warning("a client does not read what it asked for; its connection is closed")
            self._writer.transport.abort()

    def error(self, id: int, error: EngineError) -> None:
        """End a request with an error."""
        self.send({"id": id, "error": wire.error_to(error)})

    def close(self) -> None:
        """Let go once what was written is out."""
        self._writer.close()


class Server:
    """Serves one model at one place until nobody needs it."""

    def __init__(self, path: Path, load: Callable[[], Model], *, hang_seconds: float = 180.0) -> None:
        self._path = path
        self._load = load
        self._hang_seconds = hang_seconds
        self._waiting = Waiting()
        self._clients: set[Client] = set()
        self._model: Model | None = None
        self._loaded = asyncio.Event()
        self._failure: EngineError | None = None
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._leaving: asyncio.TimerHandle | None = None  # set while nobody is connected
        self._idle_seconds = 0.0  # as the newest client wishes
        self._token = ""
        self._tokens = dict.fromkeys(("prompt", "reused", "thought", "answer", "drafted"), 0)
        self._loop = asyncio.get_running_loop()
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._worker = threading.Thread(target=self._work, name="model", daemon=True)
        self._counter = ThreadPoolExecutor(1, "count")
        self._touched = time.monotonic()  # when the worker last showed life
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> str:
        """Serve; returns why it ended."""
        server, self._token = await address.listen(self._path, self._connected)
        place = address.mark(self._path)
        self._leaving = self._loop.call_later(_FIRST_CLIENT_SECONDS, self.leave, "nobody came")
        self._worker.start()
        tick = asyncio.create_task(self._tick(place))
        why = await self._over
        tick.cancel()
        server.close()
        for client in self._clients:
            client.send({"bye": why})
            client.close()
        if address.mark(self._path) == place:
            self._path.unlink(missing_ok=True)
        if self._waiting.running:
            self._waiting.running.cancelled = True
        self._inbox.put(None)
        if self._model:  # while it loads, nothing can stop it and nothing needs to be put away
            await asyncio.to_thread(self._worker.join, _LEAVE_SECONDS)
        await asyncio.sleep(0.02)  # the last lines leave
        return why

    def leave(self, why: str) -> None:
        """End the process, soon."""
        if not self._over.done():
            self._over.set_result(why)

    def status(self) -> EngineStatus:
        """What goes out with each beat."""
        state = "starting" if self._model is None else "busy" if self._waiting.running else "idle"
        return EngineStatus(state, os.getpid(), 0, len(self._waiting), "", dict(self._tokens))

    # --- connections --------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        self._clients.add(client)
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None
        try:
            await self._serve(client, reader)
        except wire.WireError as error:
            log.warning("a client said something that is not of the protocol (%s); its connection is closed", error)
            client.send({"error": f"not understood: {error}"})
        except (ValueError, OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # a line over the cap, a connection that broke, no greeting
        finally:
            client.close()
            self._clients.discard(client)
            self._waiting.drop(client)
            if not self._clients:
                self._leaving = self._loop.call_later(self._idle_seconds, self.leave, "nobody needs it")

    async def _serve(self, client: Client, reader: asyncio.StreamReader) -> None:
        async with asyncio.timeout(_HELLO_SECONDS):
            hello = wire.decode(await reader.readline())
        if hello.get("hello") != wire.PROTOCOL or hello.get("token", "") != self._token:
            raise wire.WireError("greeting")
        self._idle_seconds = max(0.0, float(wire.take(hello, "idle", float)))
        client.greeted = True
        client.send({"hello": wire.PROTOCOL, "pid": os.getpid(), "version": __version__})
        if self._model:
            client.send({"model": asdict(self._model.info)})
        while line := await reader.readline():
            self._said(client, wire.decode(line))

    def _said(self, client: Client, tree: wire.Tree) -> None:
        id = wire.take(tree, "id", int)
        if "ask" in tree:
            self._ask(client, Job(client, id, wire.request_from(wire.take(tree, "ask", dict))))
        elif "count" in tree:
            texts = wire.take(tree, "count", list)
            if not all(isinstance(text, str) for text in texts):
                raise wire.WireError("count: expected texts")
            task = asyncio.create_task(self._count(client, id, texts))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif "cancel" in tree:
            self._waiting.drop(client, id)
        else:
            raise wire.WireError("neither ask, count nor cancel")

    def _ask(self, client: Client, job: Job) -> None:
        if self._failure:
            client.error(job.id, self._failure)
            return
        try:
            lost = self._waiting.add(job)
        except EngineBusy as error:
            client.error(job.id, error)
            return
        for other in lost:
            lane = bool(job.request.lane) and other.request.lane == job.request.lane
            why = "a newer request took this one's place" if lane else "more urgent requests took this one's place"
            other.owner.error(other.id, EngineBusy(why))
        client.send({"beat": asdict(self.status())})
        client.send({"id": job.id, "chunk": wire.chunk_to(Queued(self._waiting.ahead(job)))})
        self._next()

    async def _count(self, client: Client, id: int, texts: list[str]) -> None:
        await self._loaded.wait()
        if self._failure or self._model is None:
            client.error(id, self._failure or EngineError("no model"))
            return
        try:
            counts = await self._loop.run_in_executor(self._counter, self._model.count, texts)
            client.send({"id": id, "counts": counts})
        except Exception as error:
            client.error(id, _told(error))

    # --- the worker ---------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self._model and not self._waiting.running and (job := self._waiting.next()):
            self._touched = time.monotonic()
            self._inbox.put(job)

    def _work(self) -> None:
        """The worker thread: load, then run job after job."""
        try:
            model = self._load()
        except Exception as error:
            self.report(self._not_loaded, _told(error))
            return
        self.report(self._is_loaded, model)
        while (job := self._inbox.get()) is not None:
            run = _Run(self, job)
            try:
                model.generate(job.again(), run.emit, run.stopped)
                trouble = run.verdict()
            except Exception as error:
                trouble = _told(error)
            self.report(self._ran, job, run.finished, trouble)
        with contextlib.suppress(Exception):
            model.close()

    def report(self, what: Callable[..., None], *arguments: object) -> None:
        """Call `what` in the loop's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(what, *arguments)

    def _is_loaded(self, model: Model) -> None:
        self._model = model
        self._loaded.set()
        for client in self._clients:
            if client.greeted:
                client.send({"model": asdict(model.info)})
        self._next()

    def _not_loaded(self, error: EngineError) -> None:
        log.error("%s", error)
        self._failure = error
        self._loaded.set()
        for client in self._clients:
            for job in self._waiting.of(client):
                client.error(job.id, error)
            client.send({"failed": wire.error_to(error)})
        self.leave("the model could not be loaded")

    def emitted(self, job: Job, chunk: Chunk) -> None:
        """A chunk came from the worker (in the loop's thread)."""
        if not job.cancelled:
            job.owner.send({"id": job.id, "chunk": wire.chunk_to(chunk)})

    def _ran(self, job: Job, finished: Finished | None, error: EngineError | None) -> None:
        self._touched = time.monotonic()
        if finished or error:
            job.preempted = False
        if finished:
            for name in self._tokens:
                self._tokens[name] += getattr(finished.usage, f"{name}_tokens")
        again = self._waiting.done()
        if not job.cancelled:
            if again:
                self.emitted(job, Queued(self._waiting.ahead(job)))
            elif error:
                job.owner.error(job.id, error)
        self._next()
        job.owner.send({"beat": asdict(self.status())})

    # --- time ---------------------------------------------------------------------------------------------------------

    async def _tick(self, place: tuple[int, int]) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            beat = asdict(self.status())
            for client in list(self._clients):
                if self._waiting.of(client) or self._tasks:
                    client.send({"beat": beat})
            if self._waiting.running and time.monotonic() - self._touched > self._hang_seconds:
                log.error("the model has not moved for %d s; the process ends", self._hang_seconds)
                os._exit(70)
            if address.mark(self._path) != place and not self._waiting.running and not len(self._waiting):
                self.leave("another engine took its place")

    def touch(self) -> None:
        """The worker shows life."""
        self._touched = time.monotonic()


class _Run:
    """One run of a job, seen from the worker: passes on what the client has not got yet."""

    def __init__(self, server: Server, job: Job) -> None:
        self._server = server
        self._job = job
        self._written = ""
        self._differs = False
        self.finished: Finished | None = None

    def stopped(self) -> bool:
        self._server.touch()
        return self._job.stopped or self._differs

    def emit(self, chunk: Chunk) -> None:
        self._server.touch()
        if self._differs:
            return
        if isinstance(chunk, Finished):
            self.finished = chunk
        if isinstance(chunk, Text):
            sent = self._job.sent
            self._written += chunk.text
            if len(self._written) <= len(sent):  # written again after a pre-emption
                self._differs = not sent.startswith(self._written)
                return
            self._differs = not self._written.startswith(sent)
            chunk = Text(self._written[len(sent) :], chunk.tokens)
            self._job.sent = self._written
        self._server.report(self._server.emitted, self._job, chunk)

    def verdict(self) -> EngineError | None:
        if self._differs:
            return EngineBusy("something more urgent interrupted this answer; ask again")
        if self.finished or self._job.stopped:
            return None
        return EngineError("the model stopped without an answer; ask again")


def _told(error: Exception) -> EngineError:
    """What a user may read of an error. An unexpected one goes to the log by place and kind, without its text."""
    if isinstance(error, EngineError):
        return error
    frames = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    log.error("unexpected %s at %s", type(error).__name__, " < ".join(reversed(frames)))
    return EngineError(f"the engine failed with {type(error).__name__}; the engine's log shows where")
