"""What a client that follows jobs is told of one (`glossator/job`), and the words in which users are told of it.

Knows jobs and outcomes, no transport. The page for clients is `docs/PROTOCOL.md`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..action import candidates
from ..action.outcome import Explanation, NewFile, Outcome
from ..answer.quoted import quoted
from ..engine import Usage

if TYPE_CHECKING:
    from .jobs import Job


def described(job: Job) -> dict[str, Any]:
    """The parameters of `glossator/job`: thought and answer are all that there is so far. What is empty is left out.

    `offers` edits were found; `offered`: they wait for the user's word; `applied`: one of them is in the document.
    `candidates` repairs can be chosen from, and `candidate` of them is in the document (0: the code as it was); `said`
    tells it to a user, with what comes next. Where the document holds none of them at the moment the number of them is
    there alone: an undo may bring one back. It is missing where there is no choice, or none any more.
    """
    values: dict[str, Any] = {"job": job.id, "action": job.action.name, "uri": job.snapshot.uri, "state": job.state}
    values |= {"title": job.title, "kind": job.action.kind, "line": _line(job), "seconds": _seconds(job)}
    optional: dict[str, Any] = {"thought": job.thought, "answer": job.answer, "rungs": list(job.rungs)}
    optional |= {"note": job.note, "reasons": [quoted(reason) for reason in job.reasons], "tokens": job.tokens}
    optional |= {"offers": len(candidates.found(job.outcome)), "offered": job.offered, "applied": job.applied}
    if job.state in ("reading", "searching", "weighing", "running", "testing"):
        optional |= {"done": job.done, "total": job.total}
    if job.outcome is not None:
        optional |= _outcome(job.outcome)
    if job.placed and len(candidates.found(job.outcome)) > 1:
        values["candidates"] = len(candidates.found(job.outcome))
    if job.candidate is not None:
        values |= {"candidate": job.candidate, "said": said(job)}
    return values | {name: value for name, value in optional.items() if value}


def said(job: Job) -> str:
    """A line for a user: which of several is in the document, what comes next, and what is noted of it."""
    return quoted(f"{job.title}: {candidates.announced(job.target, job.outcome, job.candidate or 0)}{noted(job)}")


def noted(job: Job) -> str:
    """The note in brackets, to be put behind what is told."""
    return f" ({job.note})" if job.note else ""


def _line(job: Job) -> int:
    """Where the code is in the document as it was, from 0."""
    text, start = job.snapshot.text, job.target.span.start
    return text.count("\n", 0, start) + text.count("\r", 0, start) - text.count("\r\n", 0, start)


def _seconds(job: Job) -> float:
    spent = job.outcome.seconds if job.outcome is not None else time.monotonic() - job.begun
    return round(spent, 2)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    values: dict[str, Any] = {"model": outcome.model, "remembered": outcome.remembered, "usage": _usage(outcome.usage)}
    values["cut"] = outcome.finish if outcome.finish in ("length", "loop") else ""
    if isinstance(outcome, Explanation):
        values |= {"markdown": outcome.markdown, "dropped": list(outcome.dropped)}
    elif isinstance(outcome, NewFile):
        values |= {"path": outcome.path, "text": outcome.text}
    return values


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "promptTokens": usage.prompt_tokens,
        "reusedTokens": usage.reused_tokens,
        "thoughtTokens": usage.thought_tokens,
        "answerTokens": usage.answer_tokens,
        "cpuSeconds": round(usage.cpu_seconds, 2),
    }
