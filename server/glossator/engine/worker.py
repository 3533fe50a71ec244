"""The thread that runs the model: loads it, then takes one job after the other. Knows no connections and no llama.cpp.

What it has to tell is called in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from . import Chunk, EngineBusy, EngineError, Finished, ModelInfo, Request, Text
from .queue import Job

log = logging.getLogger(__name__)

IDLE_SECONDS = 3.0  # without a request, before the pause is used to measure
MEND_SECONDS = 0.5  # the same for making exact what the next question will build on


class Model(Protocol):
    """What the worker runs. `generate` is called for one request at a time; `count` may be called beside it.

    `info` may change after `generate` and `calibrate`.
    """

    info: ModelInfo

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""

    def generate(self, request: Request, emit: Callable[[Chunk], None], cancelled: Callable[[], bool]) -> None:
        """Answer through `emit`; return early once `cancelled()` is true."""

    def calibrate(self, cancelled: Callable[[], bool]) -> None:
        """Measure what is not known yet; return early once `cancelled()` is true. Nothing to do: at once."""

    def mend(self, cancelled: Callable[[], bool]) -> bool:
        """Make exact what had to be quick; whether nothing is left to do (early False once `cancelled()` is true)."""

    def state(self) -> dict[str, int]:
        """Counts for the status."""

    def close(self) -> None:
        """Give everything back."""


class Events(Protocol):
    """Who is told, in the event loop's thread."""

    def loaded(self, model: Model) -> None:
        """The model is there, or knows more of itself than before."""

    def failed(self, error: EngineError) -> None:
        """There is no model; the thread has ended."""

    def counted(self, counts: dict[str, int]) -> None:
        """The model's counts."""

    def emitted(self, job: Job, chunk: Chunk) -> None:
        """The model wrote something new, or reads."""

    def ran(self, job: Job, finished: Finished | None, error: EngineError | None) -> None:
        """A run has ended: with the answer's last chunk, with an error, or (neither) because it was stopped."""


class Worker:
    """The thread. `run` may be called when `loaded` was, and again when `ran` was.

    Attributes:
        touched: When the model last wrote something, or a run began (seconds of the monotonic clock).
    """

    def __init__(self, load: Callable[[], Model], events: Events) -> None:
        self.events = events
        self.touched = time.monotonic()
        self._load = load
        self._loop = asyncio.get_running_loop()
        self._pauses = 3  # in which measuring is tried; it gives way to jobs
        self._mended = True
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)

    def start(self) -> None:
        """Begin loading."""
        self._thread.start()

    def run(self, job: Job) -> None:
        """Work on a job."""
        self.touched = time.monotonic()
        self._inbox.put(job)

    def silent(self) -> float:
        """Seconds since the model last wrote something."""
        return time.monotonic() - self.touched

    def end(self, seconds: float) -> None:
        """Close the model, waiting at most so long; the job that runs must have been cancelled."""
        self._inbox.put(None)
        self._thread.join(seconds)

    def report(self, what: Callable[..., None], *arguments: object) -> None:
        """Call `what` in the loop's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(what, *arguments)

    def _work(self) -> None:
        try:
            model = self._load()
        except Exception as error:
            self.report(self.events.failed, told(error))
            return
        self.report(self.events.loaded, model)
        info = model.info
        while (job := self._next(model)) is not None:
            run = _Run(self, job)
            try:
                model.generate(job.again(), run.emit, run.stopped)
                trouble = run.verdict()
            except Exception as error:
                trouble = told(error)
            self._mended = False
            self.report(self.events.counted, model.state())
            self.report(self.events.ran, job, run.finished, trouble)
            if model.info != info:
                info = model.info
                self.report(self.events.loaded, model)
        with contextlib.suppress(Exception):
            model.close()

    def _next(self, model: Model) -> Job | None:
        """The next job. Pauses are used to make exact what had to be quick, and the first ones to measure."""
        while self._pauses or not self._mended:
            with contextlib.suppress(queue.Empty):
                return self._inbox.get(timeout=IDLE_SECONDS if self._mended else MEND_SECONDS)
            try:
                if self._mended:
                    self._measure(model)
                else:
                    self._mended = True  # unless it says otherwise: what fails is not tried again
                    self._mended = model.mend(self._wanted)
                    self.report(self.events.counted, model.state())
            except Exception as error:
                told(error)  # to the log; answers do not depend on it
        return self._inbox.get()

    def _measure(self, model: Model) -> None:
        self._pauses -= 1
        model.calibrate(self._wanted)
        if not self._wanted():
            self._pauses = 0
        self.report(self.events.loaded, model)

    def _wanted(self) -> bool:
        """Whether something waits for this thread."""
        return not self._inbox.empty()


class _Run:
    """One run of a job, seen from the worker: passes on what the client has not got yet."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self._worker = worker
        self._job = job
        self._written = ""
        self._differs = False
        self.finished: Finished | None = None

    def stopped(self) -> bool:
        return self._job.stopped or self._differs

    def emit(self, chunk: Chunk) -> None:
        self._worker.touched = time.monotonic()
        if self._differs:
            return
        if isinstance(chunk, Finished):
            self.finished = chunk  # sent when the run has ended, with the counts that belong to it
            return
        if isinstance(chunk, Text):
            sent = self._job.sent
            self._written += chunk.text
            if len(self._written) <= len(sent):  # written again after a pre-emption
                self._differs = not sent.startswith(self._written)
                return
            self._differs = not self._written.startswith(sent)
            chunk = Text(self._written[len(sent) :], chunk.tokens)
            self._job.sent = self._written
        self._worker.report(self._worker.events.emitted, self._job, chunk)

    def verdict(self) -> EngineError | None:
        if self._differs or (self.finished and self._written != self._job.sent):
            self.finished = None
            return EngineBusy("something more urgent interrupted this answer; ask again")
        if self.finished or self._job.stopped:
            return None
        return EngineError("the model stopped without an answer; ask again")


def told(error: Exception) -> EngineError:
    """What a user may read of an error. An unexpected one goes to the log by place and kind, without its text."""
    if isinstance(error, EngineError):
        return error
    frames = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    log.error("unexpected %s at %s", type(error).__name__, " < ".join(reversed(frames)))
    return EngineError(f"the engine failed with {type(error).__name__}; the engine's log shows where")
