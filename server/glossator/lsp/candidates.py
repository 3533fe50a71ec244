"""What a search found, tried one after the other: each takes the place of the one before it in the document.

They stand in a ring: 1 (the likeliest) to the last, then 0, the code as it was. Which of them is in the document is
read off the document, so that undo is understood; where the definition is none of them, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from ..action import candidates
from ..action.outcome import Proposal
from ..action.target import Target
from ..answer.edit import Edit
from ..code import Span
from ..code.symbols import symbol_at
from ..code.threads import in_turn
from ..code.tree import Tree
from .anchor import anchored
from .applying import applied, told
from .described import said
from .documents import Snapshot
from .progress import notify

if TYPE_CHECKING:
    from .jobs import Job
    from .server import Server

CHANGED = "the code is no longer as any of them left it"


@dataclass(frozen=True, slots=True)
class Turn:
    """From the candidate that is in a text to another.

    Attributes:
        number: The other's.
        edits: What turns the one into the other; offsets into the text.
        part: Where in the text the definition is.
    """

    number: int
    edits: Sequence[Edit]
    part: Span


def turned(job: Job, now: str, tree: Tree | None, by: int = 0, to: int | None = None) -> Turn | None:
    """The way from the candidate that `now` holds to the one that is `by` further, or to number `to`; None where it
    holds none of them."""
    total = len(candidates.found(job.outcome)) + 1
    parts = [candidates.part(job.target, _proposal(job, number)) for number in range(total)]
    # The longest first: one that holds another would be taken for the other.
    for number in sorted(range(total), key=lambda number: (-len(parts[number]), number != (job.candidate or 0))):
        if parts[number] not in now:  # spares most of the work
            continue
        proposal = _proposal(job, number)
        left = _left(job, number)
        other = (number + by) % total if to is None else to
        edits = candidates.between(job.target, proposal, _proposal(job, other))
        if left is None or (moved := anchored(edits, left, now, tree)) is None:
            continue
        whole = anchored([Edit(left.span, "")], left, now, tree)  # the definition's place
        return Turn(other, moved, whole[0].span if whole else Span(0, 0))
    return None


def meant(jobs: Sequence[Job], now: str, tree: Tree | None, offset: int) -> Job:
    """Of `jobs` the first whose definition holds `offset` in the text `now`; where there is none, the first."""
    for job in jobs:
        found = turned(job, now, tree, 1)
        if found is not None and found.part.start <= offset <= found.part.end:
            return job
    here = symbol_at(tree, offset) if tree is not None else None
    for job in jobs if here is not None else ():  # its code is none of them any more: to be told of it, and not another
        symbol = job.target.symbol
        if symbol is not None and here is not None and here.path[: len(symbol.path)] == symbol.path:
            return job
    return jobs[0]


async def turn(ls: Server, job: Job, by: int = 0, *, to: int | None = None) -> None:
    """Put the candidate that is `by` further, or number `to`, in the place of the one in the document, and say what
    became of it."""
    async with job.turning:  # two quick key presses: the second counts from what the first left
        if not ls.client.apply_edit:
            ls.say(f"Glossator: {job.title}: open the code action menu in the code: this editor takes edits from there")
            return
        if ls.current(job.snapshot.uri) is None:
            _refused(ls, job, "the document is not open")
            return
        took: tuple[Snapshot, Turn] | None = None

        async def edits_in(now: Snapshot) -> Sequence[Edit] | None:
            nonlocal took
            found = await in_turn(len(now.text), turned, job, now.text, await ls.trees.of(now), by, to)
            took = (now, found) if found else None
            return found.edits if found else None

        way = "choose" if to is not None else "next" if by > 0 else "previous"
        reason = await applied(ls, job.snapshot, f"Glossator: {job.title}: {way}", edits_in, changed=CHANGED)
        if reason or took is None:
            _refused(ls, job, reason or CHANGED)
            return
        if took[1].edits:
            await told(ls, took[0])
        placed(ls, job, took[1].number)
        notify(ls, job)


def declined(ls: Server, job: Job) -> None:
    """The user looked at what was offered and does not want it."""
    job.offered = False
    notify(ls, job)


def placed(ls: Server, job: Job, number: int) -> None:
    """This one is in the document now. Clients that follow jobs show it themselves, the others' users are told."""
    job.candidate, job.state, job.reasons = number, "done", ()
    job.offered, job.applied = False, number > 0
    job.placed = next(ls.numbers)
    job.tells_of(_proposal(job, number))
    if not ls.settings.jobs:
        ls.say(f"Glossator: {said(job)}")


def _refused(ls: Server, job: Job, reason: str) -> None:
    """Nothing was changed this time; another time it may be, so the job stays one that can be chosen from."""
    if reason == CHANGED:  # what is in the document is not known until an undo brings one of them back
        job.candidate, job.applied = None, False
    job.reasons = (reason,)
    ls.say(f"Glossator: {job.title}: {reason}; nothing was changed", types.MessageType.Warning)
    notify(ls, job)


def _proposal(job: Job, number: int) -> Proposal | None:
    return candidates.found(job.outcome)[number - 1] if number else None


def _left(job: Job, number: int) -> Target | None:
    """What the job was about, in the text that a candidate left; made once."""
    if number not in job.versions:
        job.versions[number] = candidates.after(job.target, _proposal(job, number))
    return job.versions[number]
