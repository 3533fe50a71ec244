"""Running actions: started at once, followed by the user, stopped at any moment, remembered for a while afterwards.

A job works on a snapshot; what the user types meanwhile does not reach it. Stopping one closes the engine's stream.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..action import Action, candidates, run
from ..action.budget import prompt_tokens
from ..action.outcome import Event, NewFile, Outcome, Proposal, Refusal, Stage, Thought
from ..action.target import Target
from ..answer.quoted import quoted
from ..engine import EngineError, Priority
from ..engine.overheard import Overheard
from .deliver import deliver
from .documents import Snapshot
from .progress import Reporter, notify

if TYPE_CHECKING:
    from .server import Server

KEPT = 20  # finished jobs whose thoughts can still be read, and whose repairs can be chosen from
KEPT_QUIET = 4  # of those that hovers started, apart: there are many, and they must not push out the others
NOTE = 120  # characters
OVER = ("done", "refused", "failed", "stopped")


@dataclass(eq=False)
class Job:
    """One action at work.

    Attributes:
        id: What `glossator.stop` names it by.
        token: Its progress token.
        title: What the user sees.
        action: What is done.
        target: What it is done to.
        snapshot: The document as it was when the job was started.
        quiet: It belongs to a hover: nothing but the hover shows it.
        state: A stage (`outcome.Stage`), then `done`, `refused`, `failed` or `stopped`.
        done: Tokens of the prompt that were read,
        total: of so many.
        tokens: Pieces of thought and answer that came so far.
        thought: The thought so far.
        answer: The answer so far.
        rungs: What the edit passed that is in the document, or is offered.
        note: What else there is to say of it, as a user is told: one short line, or "".
        reasons: Why it was refused or failed.
        outcome: What became of it.
        task: The work.
        candidate: Which of several that a search found is in the document (see `candidates.py`); None: not known.
        placed: When one of several last came into the document (of `numbers`); 0: never, or it is over with choosing.
        versions: The target in the texts that candidates left, as far as they were needed.
        turning: Held while an edit of this job is on its way to the document.
        begun: When it was started (monotonic seconds).
        heard: What was asked for it; None where nobody follows jobs.
        offered: Its edit waits for the user's word, who looks at it first.
        applied: One of its edits is in the document.
    """

    id: str
    token: str
    title: str
    action: Action
    target: Target
    snapshot: Snapshot
    quiet: bool = False
    state: str = "queued"
    done: int = 0
    total: int = 0
    tokens: int = 0
    thought: str = ""
    answer: str = ""
    rungs: tuple[str, ...] = ()
    note: str = ""
    reasons: tuple[str, ...] = ()
    outcome: Outcome | None = None
    task: asyncio.Task[None] | None = None
    candidate: int | None = None
    placed: int = 0
    versions: dict[int, Target | None] = field(default_factory=dict)
    turning: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: float = field(default_factory=time.monotonic)
    heard: Overheard | None = None
    offered: bool = False
    applied: bool = False
    touched: Callable[[], None] = field(default=lambda: None)

    @property
    def percentage(self) -> int | None:
        """Of the prompt that was read; None in other stages, whose length nobody knows."""
        return min(100, 100 * self.done // self.total) if self.state == "reading" and self.total else None

    @property
    def held(self) -> bool:
        """Whether it is still being worked with: delivered, or one of its repairs in the document or on its way."""
        delivering = self.task is not None and not self.task.done()
        return delivering or self.offered or self.candidate is not None or self.turning.locked()

    def tells_of(self, edit: Proposal | NewFile | None) -> None:
        """This edit is the one whose checks are told; None: the code is as it was."""
        self.rungs = tuple(edit.rungs) if edit else ()
        self.note = quoted(edit.note, NOTE) if isinstance(edit, Proposal) else ""

    def on_event(self, event: Event) -> None:
        """The action got further."""
        if self.state == "checking":  # it tries again
            self.answer = ""
        if isinstance(event, Stage):
            self.state, self.done, self.total = event.name, event.done, event.total
        elif isinstance(event, Thought):
            self.thought += event.text
            self.tokens += 1
        else:
            self.answer += event.text
            self.tokens += 1
        self.touched()


class Jobs:
    """What runs, and the last of what ran."""

    def __init__(self, ls: Server) -> None:
        self._ls = ls
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def start(self, action: Action, target: Target, snapshot: Snapshot, *, quiet: bool = False, **options: Any) -> Job:
        """Begin; returns at once. `options` are handed to the action's run."""
        number = next(self._ls.numbers)
        title = action.title_for(name="" if target.selection else target.name, kind=target.kind)
        job = Job(f"job-{number}", f"glossator-{number}", title, action, target, snapshot, quiet)
        self._jobs[job.id] = job
        job.task = self._ls.spawn(self._run(job, options))
        return job

    def find(self, name: str | None = None) -> Job | None:
        """The job of that id; without one the last that a user started."""
        if name is not None:
            return self._jobs.get(name)
        return next((job for job in reversed(self._jobs.values()) if not job.quiet), None)

    def choosable(self, uri: str | None = None, *, least: int = 2) -> list[Job]:
        """Those that offer at least so many edits, the one that last put one into a document first; `uri`: only those
        about this document."""
        found = [
            job
            for job in reversed(self._jobs.values())
            if len(candidates.found(job.outcome)) >= least
            if not job.quiet and uri in (None, job.snapshot.uri)
        ]
        return sorted(found, key=lambda job: -job.placed)

    def running(self) -> list[Job]:
        """Those that are not over."""
        return [job for job in self._jobs.values() if job.task is not None and not job.task.done()]

    def stop(self, name: str | None = None) -> list[str]:
        """Stop one, or all; returns the ids of those that ran. One whose answer is on its way to the client is left to
        end: whether the edit is in the document could not be told any more."""
        stopped = [job for job in self.running() if name in (None, job.id) and job.state not in OVER]
        for job in stopped:
            if job.task is not None:
                job.task.cancel()
        return [job.id for job in stopped]

    def stop_token(self, token: types.ProgressToken) -> None:
        """The user pressed cancel on a progress."""
        for job in self.running():
            if job.token == token:
                self.stop(job.id)

    def stop_all(self) -> None:
        """The server ends."""
        for job in self.running():
            if job.task is not None:
                job.task.cancel()

    async def _run(self, job: Job, options: dict[str, Any]) -> None:
        reporter = None if job.quiet else Reporter(self._ls, job)
        if reporter:
            job.touched = reporter.touch
            reporter.start()
        try:
            await self._work(job, options)
        except asyncio.CancelledError:
            job.state = "stopped"
        except EngineError as error:
            job.state, job.reasons = "failed", (str(error),)
        except Exception as error:
            self._ls.report(error, f"job {job.action.name}")
            where = f"; the log is {self._ls.log_file}" if self._ls.log_file else ""
            job.state, job.reasons = "failed", (f"internal error ({type(error).__name__}){where}",)
        finally:
            self._trim()
        if reporter is None:
            return
        reporter.end()
        if not isinstance(job.outcome, Proposal):
            reporter.tell()
        try:
            await deliver(self._ls, job)
        finally:
            if isinstance(job.outcome, Proposal):  # whether the edit was applied is part of what became of it
                reporter.tell()

    async def _work(self, job: Job, options: dict[str, Any]) -> None:
        engine = await self._ls.opening.get()
        priority = Priority.HOVER if job.quiet else Priority.COMMAND
        if not job.quiet and self._ls.settings.jobs:
            job.heard = Overheard(engine)
        outcome = await run.run(
            job.action,
            job.target,
            job.heard or engine,
            budget=prompt_tokens(engine.model(), hover=job.action.kind == "answer"),
            on_event=job.on_event,
            priority=priority,
            tools=self._ls.tools,
            seconds=self._ls.settings.search.seconds,
            **options,
        )
        self._ls.opening.ledger.asked(job.action.name, outcome.spared)
        job.outcome = outcome
        job.thought = outcome.thought or job.thought
        job.answer = outcome.answer or job.answer
        if isinstance(outcome, Proposal | NewFile):
            job.tells_of(outcome)
        if isinstance(outcome, Refusal):
            job.state, job.reasons = "refused", tuple(outcome.reasons)
        else:
            job.state = "done"

    def _trim(self) -> None:
        over = [job for job in self._jobs.values() if job.state in OVER]
        quiet = [job for job in over if job.quiet]
        others = sorted((job for job in over if not job.quiet), key=lambda job: job.held)
        for job in (*quiet[:-KEPT_QUIET], *others[:-KEPT]):
            self._jobs.pop(job.id, None)
            if job.placed or job.offered:  # the client shows it as long as nobody says that it is over
                job.placed, job.candidate, job.offered = 0, None, False
                notify(self._ls, job)
