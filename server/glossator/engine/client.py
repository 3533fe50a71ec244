"""The engine process as an `Engine`: found or started when it is first needed, and survived when it dies.

One process serves all windows of a user that want the same model with the same settings. Knows no llama.cpp, and of
sockets and processes only that `address`, `link` and `supervise` deal with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import time
import weakref
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import filelock

from .. import __version__
from ..models import Card
from . import (
    Chunk,
    EngineBusy,
    EngineDied,
    EngineError,
    EngineStatus,
    ModelInfo,
    Request,
    address,
    supervise,
    wire,
)
from .calibration import Calibration, Shelf
from .link import Link, Lost, reach
from .process import Options

_START_SECONDS = 30.0  # for the process to open its socket; loading the model comes after
_FAILURE_SECONDS = 5.0  # a model that could not be loaded is not tried again sooner


class SharedEngine:
    """An `Engine` in another process. Usable from several event loops; each has its own connection.

    Args:
        card, path, digest: The model, its file, and the file's SHA-256.
        runtime: Folder for sockets and locks, the user's own.
        logs: Folder of `engine.log`.
        states: Folder for saved KV states; None: none are saved.
        calibrations: Folder for what was measured of models on this machine; None: nothing is kept.
        context, threads, gpu_layers, idle_seconds, reasoning: As in the settings.
        silence_seconds: How long the process may say nothing while it is awaited before it is ended.
        command: What to start instead of the real engine process; for tests.
    """

    def __init__(
        self,
        card: Card,
        path: Path,
        digest: str,
        *,
        runtime: Path,
        logs: Path,
        states: Path | None = None,
        calibrations: Path | None = None,
        context: int = 0,
        threads: int = 0,
        gpu_layers: int = -1,
        idle_seconds: float = 300.0,
        reasoning: bool = True,
        silence_seconds: float = 20.0,
        command: Sequence[str] = (),
    ) -> None:
        self._options = Options(
            path=str(path),
            digest=digest,
            card=card,
            states=str(states) if states else "",
            context=context,
            threads=threads,
            gpu_layers=gpu_layers,
            calibrations=str(calibrations) if calibrations else "",
        ).to_json()
        self._command = list(command) or supervise.engine_command()
        name = json.dumps([__version__, wire.PROTOCOL, self._options, self._command])
        self._name = "engine-" + hashlib.sha256(name.encode()).hexdigest()[:16]
        self._runtime = runtime
        self._logs = logs
        self._idle = idle_seconds
        self._silence = silence_seconds
        self._record = supervise.Record(logs)
        known = Shelf(calibrations, digest).load() if calibrations else Calibration()
        self._info = ModelInfo(
            name=card.name,
            digest=digest,
            context=min(context or known.context or 8192, card.context),
            reasoning=card.reasoning and reasoning,
            think_open=card.think_open,
            think_close=card.think_close,
            prefill_rate=known.prefill_rate,
            decode_rate=known.decode_rate,
        )
        self._links: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Link] = weakref.WeakKeyDictionary()
        self._openings: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()
        self._latest: Link | None = None  # for `status`
        self._child: supervise.Child | None = None
        self._starting = 0
        self._failure: tuple[float, EngineError] | None = None  # when and why the model could not be loaded

    # --- asking -------------------------------------------------------------------------------------------------------

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Answer `request`. Raises `EngineError`; closing the generator cancels."""
        digest = request.key(self._info.digest)
        self._record.check(digest)
        for _ in range(3):
            link = await self._link()
            begun = False
            try:
                async with contextlib.aclosing(link.ask(request, digest)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
                self._record.answered()
                return
            except Lost:  # it left by its own will, as the request was on its way
                if begun:
                    break
            except EngineError as error:
                self._note(link, error)
                raise
        raise EngineDied("the engine process left while it was asked; ask again")

    async def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without special tokens. Starts the engine where it is needed."""
        self._record.check("")
        for _ in range(3):
            link = await self._link()
            try:
                return await link.count(texts)
            except Lost:
                continue
            except EngineError as error:
                self._note(link, error)
                raise
        raise EngineDied("the engine process left while it was asked; ask again")

    def model(self) -> ModelInfo:
        """What the card says; once the model was loaded, what it says of itself."""
        if self._latest and self._latest.info:
            ours = self._info
            self._info = replace(self._latest.info, name=ours.name, digest=ours.digest, reasoning=ours.reasoning)
        return self._info

    def status(self) -> EngineStatus:
        """What the engine said last; never waits."""
        record, link = self._record, self._latest
        status = EngineStatus("off")
        if record.failed:
            status = EngineStatus("failed")
        elif link and not link.lost:
            status = link.status
            if link.info and status.state == "starting":
                status = replace(status, state="idle")
        elif self._starting:
            status = EngineStatus("starting", self._child.pid if self._child and self._child.code is None else None)
        elif self._failure:
            status = EngineStatus("failed")
        return replace(status, restarts=record.restarts, last_error=record.last_error)

    async def close(self) -> None:
        """Let this event loop's connection go."""
        link = self._links.pop(asyncio.get_running_loop(), None)
        if link:
            await link.close()

    def _note(self, link: Link, error: EngineError) -> None:
        """Remember that the model could not be loaded."""
        if link.info is None and not isinstance(error, EngineDied | EngineBusy):
            self._failure = (time.monotonic(), error)
            self._record.last_error = str(error)

    # --- reaching -----------------------------------------------------------------------------------------------------

    async def _link(self) -> Link:
        loop = asyncio.get_running_loop()
        link = self._links.get(loop)
        if link and not link.lost:
            return link
        async with self._openings.setdefault(loop, asyncio.Lock()):
            link = self._links.get(loop)
            if link and not link.lost:
                return link
            self._record.check("")
            if self._failure and time.monotonic() - self._failure[0] < _FAILURE_SECONDS:
                raise self._failure[1]
            self._failure = None
            self._starting += 1
            try:
                link = await self._reach_or_start()
            finally:
                self._starting -= 1
            self._links[loop] = self._latest = link
            return link

    async def _reach(self, path: Path) -> Link | None:
        """The engine that is there, or None; one that listens without answering is ended."""
        try:
            return await reach(path, self._idle, self._silence, self._lost)
        except TimeoutError as error:
            pid = error.args[0] if error.args else None
            self._end(pid, path)
            raise self._record.death("the engine process did not answer and was ended", pid=pid) from None
        except OSError:
            return None

    async def _reach_or_start(self) -> Link:
        path = address.place(self._runtime, self._name)
        if link := await self._reach(path):
            return link
        lock = filelock.FileLock(path.with_suffix(".lock"), mode=0o600)
        limit = time.monotonic() + _START_SECONDS + self._silence
        while True:  # polled, so that neither the loop nor a thread of its pool waits for another process
            try:
                lock.acquire(blocking=False)
                break
            except filelock.Timeout:
                if time.monotonic() > limit:
                    raise EngineError(f"another program has been starting the engine for too long ({path})") from None
                await asyncio.sleep(0.05)
                if link := await self._reach(path):
                    return link
            except OSError as error:
                raise EngineError(f"{path.parent} cannot be written: {error.strerror or error}") from error
        try:
            return await self._reach(path) or await self._start(path)
        finally:
            lock.release()

    async def _start(self, path: Path) -> Link:
        command = [*self._command, "--socket", str(path), "--options", self._options]
        try:
            os.unlink(path)  # noqa: PTH108 - a local name that nobody listens at any more
        except FileNotFoundError:
            pass
        except OSError as error:
            raise EngineError(f"{path} cannot be removed: {error.strerror or error}") from error
        child = self._child = supervise.spawn(command, self._logs, path.parent)
        limit = time.monotonic() + _START_SECONDS
        while time.monotonic() < limit:
            await asyncio.sleep(0.02)
            if link := await self._reach(path):
                return link
            if child.code is not None:
                raise self._record.death(f"the engine process ended as it started{supervise.said_of(child.code)}")
        self._end(child.pid, path)
        raise self._record.death(f"the engine process did not open its socket within {_START_SECONDS:.0f} s")

    # --- deaths -------------------------------------------------------------------------------------------------------

    def _lost(self, link: Link) -> EngineError:
        """The engine behind `link` died or hangs: make sure of it, note it, and say it."""
        why = link.lost.why if link.lost else ""
        if link.hung:
            self._end(link.pid, None)
        elif self._child and self._child.pid == link.pid:
            why += supervise.said_of(self._child.code)
        return self._record.death(why, link.blamed, link.pid)

    def _end(self, pid: int | None, path: Path | None) -> None:
        supervise.end(pid, self._options)
        if path:
            path.unlink(missing_ok=True)
