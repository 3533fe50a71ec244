"""Which jobs are kept, and what is told of the edit that is in the document."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from glossator.action.outcome import Proposal
from glossator.action.target import target_at
from glossator.answer.edit import Edit
from glossator.code import Span
from glossator.code.languages import LANGUAGES
from glossator.code.tree import parse
from glossator.lsp.candidates import placed
from glossator.lsp.described import described
from glossator.lsp.documents import Snapshot
from glossator.lsp.jobs import KEPT, KEPT_QUIET, Job, Jobs
from glossator.lsp.progress import ended

TEXT = "def f():\n    return 1\n"
NOTE = "no example was checked: [x](command:y)\x1b cannot be run"


class Server(SimpleNamespace):
    """A server that notes what it tells."""

    def __init__(self, *, jobs: bool = True) -> None:
        self.told: list[dict[str, Any]] = []
        self.said: list[str] = []
        super().__init__(
            numbers=itertools.count(1),
            settings=SimpleNamespace(jobs=jobs),
            protocol=SimpleNamespace(notify=lambda method, params: self.told.append(params)),
            say=lambda message, kind=types.MessageType.Info: self.said.append(message),
        )


def proposal(number: int, note: str = "") -> Proposal:
    text = TEXT.replace("1", str(number))
    return Proposal(edits=(Edit(Span(20, 21), str(number)),), new_text=text, rungs=(f"rung {number}",), note=note)


def job(name: str, *, quiet: bool = False, several: bool = False) -> Job:
    """A job that is done; `several`: it found two edits."""
    tree = parse(TEXT, next(each for each in LANGUAGES if each.id == "python"))
    target = target_at(TEXT, "a.py", tree=tree, offset=4)
    action: Any = SimpleNamespace(name="fix", kind="edit")
    found = Job(name, name, f"Fix {name}", action, target, Snapshot("file:///a.py", 1, "python", TEXT), quiet)
    found.state = "done"
    if several:
        every = (proposal(2), proposal(3, NOTE))
        found.outcome = Proposal(edits=every[0].edits, new_text=every[0].new_text, candidates=every)
    return found


@pytest.fixture
def jobs() -> tuple[Jobs, Server]:
    """The jobs of a server that tells a client of them."""
    server: Any = Server()
    return Jobs(server), server


def add(jobs: Jobs, *more: Job) -> None:
    for each in more:
        jobs._jobs[each.id] = each
        jobs._trim()


async def test_hovers_push_nothing_out(jobs: Any) -> None:
    """However many hovers there were, the repairs of a job can still be chosen from; of hovers few are kept."""
    every, server = jobs
    repair = job("repair", several=True)
    add(every, repair, *(job(f"hover {number}", quiet=True) for number in range(3 * KEPT)))
    assert every.choosable() == [repair] and len(every._jobs) == 1 + KEPT_QUIET
    assert server.told == []


async def test_what_is_in_a_document_goes_last(jobs: Any) -> None:
    """A job with a repair in the document, or one on its way, outlasts later ones; when it goes the client is told."""
    every, server = jobs
    repair, turning = job("repair", several=True), job("turning", several=True)
    placed(server, repair, 1)
    await turning.turning.acquire()
    add(every, repair, turning, *(job(f"other {number}") for number in range(2 * KEPT)))
    assert {repair, turning} <= set(every._jobs.values()) and len(every._jobs) == KEPT
    assert server.told == []
    later = [job(f"later {number}", several=True) for number in range(KEPT)]
    for each in later:
        placed(server, each, 1)
    turning.turning.release()
    add(every, *later)
    assert list(every._jobs.values()) == later
    (gone,) = server.told
    assert gone["job"] == "repair" and "candidates" not in gone


async def test_one_that_is_being_delivered_stays(jobs: Any) -> None:
    """A job whose edit is still to be handed over is not the one that goes."""
    every, server = jobs
    for number in range(KEPT):
        each = job(f"job {number}", several=True)
        placed(server, each, 1)
        add(every, each)
    new = job("new", several=True)
    new.task = asyncio.ensure_future(asyncio.Event().wait())  # type: ignore[arg-type]
    add(every, new)
    assert every.find("new") is new
    new.task.cancel()


@pytest.mark.parametrize("follows", [True, False])
async def test_what_is_told_follows_the_candidate(follows: bool) -> None:
    """Checks and note are those of the edit in the document; a note is one line that leads nowhere."""
    server: Any = Server(jobs=follows)
    it = job("f", several=True)
    placed(server, it, 1)
    assert it.rungs == ("rung 2",) and "note" not in described(it)
    placed(server, it, 2)
    told = described(it)
    assert told["rungs"] == ["rung 3"] and told["note"] == "no example was checked: [x] (command:y) cannot be run"
    assert told["said"] == f"Fix f: 2 of 2; next: the code as it was ({told['note']})"
    assert ended(it) == f"done · the likeliest of 2 · {told['note']}"
    assert server.said == ([] if follows else ["Glossator: Fix f: 1 of 2; next: `3`", f"Glossator: {told['said']}"])
    placed(server, it, 0)
    assert "rungs" not in described(it) and "note" not in described(it)
