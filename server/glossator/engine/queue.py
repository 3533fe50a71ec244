"""Who is next: jobs in order of priority, then of arrival. Plain data; knows no threads, sockets or models."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

from . import EngineBusy, Priority, Request

LONGEST = 64  # jobs that wait; a person never has so many questions at once, a broken client has


@dataclass(slots=True, eq=False)
class Job:
    """One request on its way.

    Attributes:
        owner: The connection that asked; lanes of different owners are different lanes.
        cancelled: Nobody waits for the answer any more.
        preempted: Something more urgent came; the job is to stop and to be queued again.
        sent: The text that the owner has already got, in an earlier run.
        order: Place of arrival.
    """

    owner: Any
    id: int
    request: Request
    cancelled: bool = False
    preempted: bool = False
    sent: str = ""
    order: int = field(default=0)

    @property
    def stopped(self) -> bool:
        """Whether the run is to end before its answer does."""
        return self.cancelled or self.preempted

    def again(self) -> Request:
        """The request of the next run: what was written already is the best guess at what will be written."""
        return replace(self.request, draft=self.sent + self.request.draft) if self.sent else self.request


class Waiting:
    """The jobs that wait, and the one that runs."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._arrivals = itertools.count()
        self._jobs: list[Job] = []
        self.running: Job | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._jobs)

    def add(self, job: Job) -> list[Job]:
        """Queue a new job; returns those that lose their place to it. Raises `EngineBusy` when it is refused itself.

        A running job of less urgency is marked as pre-empted; one of the same lane as cancelled (and returned).
        """
        job.order = next(self._arrivals)
        lost = [other for other in self._jobs if self._same_lane(other, job)]
        waiting = [other for other in self._jobs if other not in lost]
        if len(waiting) >= self._longest:
            last = max(waiting, key=_urgency)
            if last.request.priority <= job.request.priority:
                raise EngineBusy(f"{len(waiting)} requests wait already; try again when some are answered")
            waiting.remove(last)
            lost.append(last)
        if self.running and not self.running.cancelled:
            if self._same_lane(self.running, job):
                self.running.cancelled = True
                lost.append(self.running)
            elif job.request.priority < self.running.request.priority:
                self.running.preempted = True
        self._jobs = sorted([*waiting, job], key=_urgency)
        return lost

    @staticmethod
    def _same_lane(one: Job, other: Job) -> bool:
        return bool(one.request.lane) and (one.owner, one.request.lane) == (other.owner, other.request.lane)

    def next(self) -> Job | None:
        """Take the most urgent job; it is the one that runs from now on."""
        self.running = self._jobs.pop(0) if self._jobs else None
        if self.running:
            self.running.preempted = False
        return self.running

    def done(self) -> bool:
        """The running job's run ended; True: it was only pre-empted and waits again, at its old place."""
        job, self.running = self.running, None
        if job is None or job.cancelled or not job.preempted:
            return False
        self._jobs = sorted([*self._jobs, job], key=_urgency)
        return True

    def drop(self, owner: object, id: int | None = None) -> None:
        """Cancel one job of an owner, or (None) all of them."""
        for job in [*self._jobs, self.running]:
            if job and job.owner is owner and id in (None, job.id):
                job.cancelled = True
        self._jobs = [job for job in self._jobs if not job.cancelled]

    def of(self, owner: object) -> list[Job]:
        """An owner's jobs, the running one too."""
        return [job for job in [self.running, *self._jobs] if job and job.owner is owner and not job.cancelled]

    def ahead(self, job: Job) -> int:
        """How many go before a waiting job."""
        return self._jobs.index(job) + (self.running is not None)

    def order(self) -> list[Job]:
        """The waiting jobs, most urgent first."""
        return list(self._jobs)


def _urgency(job: Job) -> tuple[Priority, int]:
    return job.request.priority, job.order
