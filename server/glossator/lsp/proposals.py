"""`glossator/proposal`: a text before and after one of a job's edits, to be looked at before anything is changed.

Computed for the document as it is when the client asks; where the edit does not fit it any more the client is refused,
as it would be if it wanted the edit applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..action import candidates
from ..answer.edit import apply
from ..answer.quoted import quoted
from ..code.threads import in_turn
from .applying import CLOSED, text_now
from .candidates import CHANGED, turned
from .refused import INVALID_PARAMS, REQUEST_FAILED, Refused

if TYPE_CHECKING:
    from .jobs import Job
    from .server import Server


async def proposal(ls: Server, job: Job, number: int) -> dict[str, Any]:
    """`{job, title, number, of, uri, languageId, version, before, after, gist, rungs, note}` of edit `number` (from 1).

    Raises `Refused` where there is no such edit, and where the code is not as the job or one of its edits left it.
    """
    every = candidates.found(job.outcome)
    if not 1 <= number <= len(every):
        raise Refused(f"{job.title}: there is no edit number {number}; there are {len(every)}", INVALID_PARAMS)
    now = await text_now(ls, job.snapshot)
    if now is None:
        raise Refused(f"{job.title}: {CLOSED}", REQUEST_FAILED)
    turn = await in_turn(len(now.text), turned, job, now.text, await ls.trees.of(now), 0, number)
    if turn is None:
        raise Refused(f"{job.title}: {CHANGED}", REQUEST_FAILED)
    chosen = every[number - 1]
    return {
        "job": job.id,
        "title": job.title,
        "number": number,
        "of": len(every),
        "uri": now.uri,
        "languageId": now.language_id,
        "version": now.version,
        "before": now.raw,
        "after": apply(now.raw, turn.edits),
        "gist": quoted(candidates.gist(job.target, chosen)),
        "rungs": list(chosen.rungs),
        "note": quoted(chosen.note),
    }
