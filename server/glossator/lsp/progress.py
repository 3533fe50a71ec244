"""What the client sees of a running job: work-done progress, and `glossator/job` for clients that asked for it.

Both say the stage, the tokens so far and the thought; at most ten times a second, and the last word always.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..action import candidates
from ..answer.quoted import quoted
from .described import described
from .refused import Refused

if TYPE_CHECKING:
    from .jobs import Job
    from .server import Server

BEAT = 0.1  # seconds between two reports of one job
LINE = 90  # characters of thought in a progress message
JOB = "glossator/job"


class Beat:
    """Calls `send` soon after each `touch`, but never twice within `BEAT`."""

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def touch(self) -> None:
        """There is something new to say."""
        if self._timer is None:
            wait = max(0.0, self._last + BEAT - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait, self._fire)

    def stop(self) -> None:
        """Nothing more is said."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._last = time.monotonic()
        self._send()


class Reporter:
    """Follows one job. Silent towards a client that shows no progress and wants no notifications."""

    def __init__(self, ls: Server, job: Job) -> None:
        self._ls = ls
        self._job = job
        self._begun = False
        self._ended = False
        self._beat = Beat(self._report)
        self._told = ("", 0, 0)  # the state, how far it is and the length last sent

    def start(self) -> None:
        """The job was taken."""
        if self._ls.client.progress:
            self._ls.spawn(self._begin())
        self._notify()

    def touch(self) -> None:
        """The job got further."""
        self._beat.touch()

    def tell(self) -> None:
        """The last word about the job."""
        self._told = ("", 0, 0)
        self._notify()

    def end(self) -> None:
        """The model's work is over, whatever became of it."""
        self._beat.stop()
        self._ended = True
        if self._begun:
            self._send(types.WorkDoneProgressEnd(message=ended(self._job)))

    async def _begin(self) -> None:
        try:
            await self._ls.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(self._job.token))
        except Refused:
            return
        self._begun = True
        self._send(types.WorkDoneProgressBegin(title=self._job.title, cancellable=True, message=message(self._job)))
        if self._ended:
            self._send(types.WorkDoneProgressEnd(message=ended(self._job)))

    def _report(self) -> None:
        if self._ended or self._ls.crowded:
            return
        self._notify()
        if self._begun:
            self._send(types.WorkDoneProgressReport(message=message(self._job), percentage=self._job.percentage))

    def _send(self, value: Any) -> None:
        self._ls.progress(types.ProgressParams(token=self._job.token, value=value))

    def _notify(self) -> None:
        job = self._job
        now = (job.state, job.done, len(job.thought) + len(job.answer))
        if now != self._told:
            self._told = now
            notify(self._ls, job)


def notify(ls: Server, job: Job) -> None:
    """Tell a client that follows jobs how this one stands."""
    if ls.settings.jobs:
        ls.protocol.notify(JOB, described(job))


def ended(job: Job) -> str:
    """The last line of a progress: what became of it, of how many repairs the likeliest is offered, and the note."""
    several = len(candidates.found(job.outcome))
    parts = [job.state, f"the likeliest of {several}" if several > 1 else "", job.note]
    return " · ".join(part for part in parts if part)


def message(job: Job) -> str:
    """One line: the stage, how far it is, and the last line of thought."""
    parts = [job.state]
    if job.state == "reading" and job.total:
        parts = [f"reading {job.done}/{job.total} tokens"]
    elif job.tokens:
        parts.append(f"{job.tokens} tokens")
    if job.state == "thinking":
        last = next((line.strip() for line in reversed(job.thought.split("\n")) if line.strip()), "")
        parts += [line] if (line := quoted(last, LINE)) else []
    return " · ".join(parts)
