"""The engine process's inside: connections, the queue, who is told what, and when to leave.

All state belongs to the event loop's thread; the worker gets one job at a time and reports back through the loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from .. import __version__
from . import Chunk, EngineBusy, EngineError, EngineStatus, Finished, Queued, address, wire
from .queue import Job, Waiting
from .worker import Model, Worker, told

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
_FIRST_CLIENT_SECONDS = 30.0
_HELLO_SECONDS = 10.0
_FAILED_SECONDS = 0.3  # between telling that the model cannot be loaded and leaving
_UNREAD_BYTES = 4 << 20  # a client that leaves this much unread is let go
_LEAVE_SECONDS = 3.0  # for the worker to stop and the model to put its state away


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

    def __init__(self, path: Path, load: Callable[[], Model], *, starter: int = 0, hang_seconds: float = 180.0) -> None:
        self._path = path
        self._starter = starter  # the process that will be the first client; 0: not known
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
        self._counts: dict[str, int] = {}  # what the model says of itself
        self._loop = asyncio.get_running_loop()
        self._worker = Worker(load, self)
        self._counter = ThreadPoolExecutor(1, "count")
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
        if self._model:  # while it loads, nothing can stop it and nothing needs to be put away
            await asyncio.to_thread(self._worker.end, _LEAVE_SECONDS)
        await asyncio.sleep(0.02)  # the last lines leave
        return why

    def leave(self, why: str) -> None:
        """End the process, soon."""
        if not self._over.done():
            self._over.set_result(why)

    def status(self) -> EngineStatus:
        """What goes out with each beat."""
        state = "starting" if self._model is None else "busy" if self._waiting.running else "idle"
        return EngineStatus(state, os.getpid(), 0, len(self._waiting), "", {**self._counts, **self._tokens})

    # --- connections --------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        self._clients.add(client)
        self._starter = 0
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
        if self._failure:
            self._fail(client, self._failure)
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
            client.error(id, told(error))

    # --- what the worker reports --------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self._model and not self._waiting.running and (job := self._waiting.next()):
            self._worker.run(job)

    def loaded(self, model: Model) -> None:
        """The worker has a model."""
        self._model = model
        self._loaded.set()
        for client in self._clients:
            if client.greeted:
                client.send({"model": asdict(model.info)})
        self._next()

    def failed(self, error: EngineError) -> None:
        """The worker has none and has ended."""
        log.error("%s", error)
        self._failure = error
        self._loaded.set()
        for client in self._clients:
            if client.greeted:
                self._fail(client, error)

    def _fail(self, client: Client, error: EngineError) -> None:
        """Tell a client that there is no model; the process leaves as soon as one was told."""
        for job in self._waiting.of(client):
            client.error(job.id, error)
        client.send({"failed": wire.error_to(error)})
        self._loop.call_later(_FAILED_SECONDS, self.leave, "the model could not be loaded")

    def counted(self, counts: dict[str, int]) -> None:
        """The model's counts."""
        self._counts = counts

    def emitted(self, job: Job, chunk: Chunk) -> None:
        """The model wrote something."""
        if not job.cancelled:
            job.owner.send({"id": job.id, "chunk": wire.chunk_to(chunk)})

    def ran(self, job: Job, finished: Finished | None, error: EngineError | None) -> None:
        """A run of a job has ended."""
        if finished or error:
            job.preempted = False
        if finished:
            for name in self._tokens:
                self._tokens[name] += getattr(finished.usage, f"{name}_tokens")
        again = self._waiting.done()
        self._next()
        job.owner.send({"beat": asdict(self.status())})
        if job.cancelled:
            return
        if again:
            self.emitted(job, Queued(self._waiting.ahead(job) if job is not self._waiting.running else 0))
        elif finished:
            self.emitted(job, finished)
        elif error:
            job.owner.error(job.id, error)

    # --- time ---------------------------------------------------------------------------------------------------------

    async def _tick(self, place: tuple[int, int]) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            beat = asdict(self.status())
            for client in list(self._clients):
                if self._waiting.of(client) or self._tasks:
                    client.send({"beat": beat})
            if self._waiting.running and self._worker.silent() > self._hang_seconds:
                log.error("the model has not moved for %d s; the process ends", self._hang_seconds)
                os._exit(70)
            if self._starter and os.name == "posix" and os.getppid() != self._starter:
                self.leave("the process that started it is gone, and nobody else came")
            if address.mark(self._path) != place and not self._waiting.running and not len(self._waiting):
                self.leave("another engine took its place")
