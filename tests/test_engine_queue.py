"""Who is next, as plain data."""

from __future__ import annotations

import random

import pytest

from glossator.engine import EngineBusy, Message, Priority, Request
from glossator.engine.queue import Job, Waiting

COMMAND, HOVER, PREFETCH = Priority.COMMAND, Priority.HOVER, Priority.PREFETCH


def job(id: int, priority: Priority = COMMAND, lane: str = "", owner: object = "me") -> Job:
    return Job(owner, id, Request((Message("user", "x"),), draft="d", priority=priority, lane=lane))


def test_urgent_first_then_by_arrival() -> None:
    """Priority decides, then arrival."""
    waiting = Waiting()
    for one in (job(1, PREFETCH), job(2, HOVER), job(3), job(4, HOVER), job(5)):
        waiting.add(one)
    assert [one.id for one in waiting.order()] == [3, 5, 2, 4, 1]
    assert waiting.ahead(waiting.order()[2]) == 2


def test_preempted_job_returns_to_its_place() -> None:
    """A pre-empted job goes on before what came later, with its text so far as draft."""
    waiting = Waiting()
    first = job(1, HOVER)
    waiting.add(first)
    assert waiting.next() is first
    waiting.add(job(2, HOVER))
    assert not first.stopped
    waiting.add(job(3))
    assert first.stopped
    first.sent = "so far"
    assert waiting.done()
    assert [one.id for one in waiting.order()] == [3, 1, 2]
    waiting.next()
    assert not waiting.done()
    assert waiting.next() is first
    assert not first.stopped
    assert first.again().draft == "so fard"


def test_lane() -> None:
    """A newer job of the same owner and lane takes the older one's place, waiting or running."""
    waiting = Waiting()
    running, old, other = job(1, lane="a"), job(2, lane="b"), job(3, lane="a", owner="you")
    waiting.add(running)
    waiting.next()
    waiting.add(old)
    waiting.add(other)
    assert waiting.add(job(4, lane="b")) == [old]
    assert waiting.add(job(5, lane="a")) == [running]
    assert running.cancelled
    assert not waiting.done()
    assert [one.id for one in waiting.order()] == [3, 4, 5]


def test_bound() -> None:
    """A full queue refuses what is not more urgent than all that waits."""
    waiting = Waiting(longest=2)
    waiting.add(job(1, PREFETCH))
    last = job(2, PREFETCH)
    waiting.add(last)
    with pytest.raises(EngineBusy):
        waiting.add(job(3, PREFETCH))
    assert waiting.add(job(4)) == [last]
    assert [one.id for one in waiting.order()] == [4, 1]


def test_drop() -> None:
    """One job or all of an owner's are cancelled, the running one too."""
    waiting = Waiting()
    mine = [job(1), job(2), job(3)]
    for one in (*mine, job(4, owner="you")):
        waiting.add(one)
    waiting.next()
    waiting.drop("me", 2)
    assert [one.id for one in waiting.of("me")] == [1, 3]
    waiting.drop("me")
    assert mine[0].cancelled
    assert [one.id for one in waiting.order()] == [4]


def test_nothing_is_lost() -> None:
    """In 20,000 random steps every job ends exactly once: run, cancelled, replaced or refused."""
    rng = random.Random(11)
    waiting = Waiting(longest=8)
    open_jobs: dict[int, Job] = {}
    for step in range(20_000):
        match rng.randrange(4):
            case 0 | 1:
                new = job(step, rng.choice(list(Priority)), rng.choice(["", "a", "b"]), rng.choice("xy"))
                try:
                    for lost in waiting.add(new):
                        del open_jobs[lost.id]
                except EngineBusy:
                    continue
                open_jobs[new.id] = new
            case 2:
                if waiting.running is None:
                    waiting.next()
                else:
                    ran = waiting.running
                    if rng.random() < 0.5:
                        ran.preempted = False  # it finished before it noticed
                    if not waiting.done():
                        open_jobs.pop(ran.id, None)
            case 3:
                if open_jobs and rng.random() < 0.3:
                    gone = rng.choice(list(open_jobs.values()))
                    waiting.drop(gone.owner, gone.id)
                    del open_jobs[gone.id]
        alive = {one.id for one in waiting.order()}
        if waiting.running and not waiting.running.cancelled:
            alive.add(waiting.running.id)
        assert alive == set(open_jobs)
        assert len(waiting) <= 9
