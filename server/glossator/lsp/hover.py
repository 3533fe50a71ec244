"""A hover: what syntax knows at once, what the model says as soon as it has said it.

A remembered answer shows at once. Otherwise a job of the lowest noise is started and the hover waits a moment; what is
there then is shown as unfinished, and the job goes on, so that the next hover is whole. One explanation is worked on at
a time: a hover over something else ends the one before.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from ..action import Action, run
from ..action.facts_told import facts_told
from ..action.outcome import Explanation, Outcome
from ..action.target import Target, target_at
from ..answer.markdown import plain_text, sanitised
from ..code import Symbol
from ..code.threads import in_turn
from ..code.tree import Tree
from ..engine import EngineError
from ..engine.remembered import Remembered
from . import convert
from .documents import Snapshot
from .jobs import Job
from .paths import path_of
from .places import named_at
from .progress import message

if TYPE_CHECKING:
    from .server import Server

ACTION = "explain"
PATIENT, HASTY = 8.0, 1.5  # seconds that a hover waits: where it loads by itself, where it holds others up
MOST_WAITING = 16  # hovers that wait at once; the longest waiting one is answered with what there is
RECALL_SECONDS = 0.5  # a disk that is slower than this does not hold up a hover


@dataclass(eq=False)
class Waiting:
    """A hover that waits for a job; `enough` is set when it shall wait no longer."""

    job: Job
    enough: asyncio.Event


class Hovers:
    """The job that hovers wait for, and who waits."""

    def __init__(self, ls: Server) -> None:
        self._ls = ls
        self._key: tuple[str, tuple[str, ...], str] | None = None  # document, symbol and text that the job explains
        self._job: Job | None = None
        self._waiting: list[Waiting] = []
        self._asked = self._joined_by = 0  # hovers so far; the one that the job was last joined for

    async def hover(self, snapshot: Snapshot, place: types.Position) -> types.Hover | None:
        """The hover at a place; None where no definition is meant."""
        ls = self._ls
        self._asked += 1
        number = self._asked  # a file that is being read for both may let a later one go first
        tree = await ls.trees.of(snapshot)
        if tree is None:
            return None
        offset = convert.offset(snapshot, place, ls.documents.encoding)
        if tree.knows(_pointed_name(offset)):
            pointed = _pointed(tree, offset)
        else:  # who calls it is asked of the whole file
            pointed = await in_turn(len(tree.text), _pointed, tree, offset)
        if pointed is None:
            return None
        symbol, *parts = pointed
        if ls.settings.hover.enabled and (action := ls.actions.get(ACTION)):
            parts.append(await self._explanation(action, snapshot, tree, symbol, number))
        text = "\n\n".join(part for part in parts if part)
        kind = types.MarkupKind.Markdown
        if not ls.client.markdown:
            kind, text = types.MarkupKind.PlainText, plain_text(text)
        span = symbol.name_span if symbol.name_span.start <= offset <= symbol.name_span.end else None
        where = convert.range_of(snapshot, span, ls.documents.encoding) if span else None
        return types.Hover(types.MarkupContent(kind, text), where)

    async def _explanation(self, action: Action, snapshot: Snapshot, tree: Tree, symbol: Symbol, number: int) -> str:
        """What the model says, as much of it as there is; or why there is nothing."""
        ls = self._ls
        action = action.brief(ls.settings.hover.max_tokens)
        target = target_at(
            snapshot.text,
            path_of(snapshot.uri),
            language_id=snapshot.language_id,
            tree=tree,
            offset=symbol.name_span.start,
        )
        target = await ls.indexes.completed(target)
        try:
            outcome = await self._recalled(action, target)
        except EngineError as error:
            return f"*No explanation: {_plain(str(error))}*"
        if outcome is None:
            job = self._joined(action, target, snapshot, symbol, number)
            if job is None:
                return _again("stopped")
            await self._wait(job)
            return _so_far(job)
        ls.opening.ledger.asked(action.name, outcome.spared)
        return _told(outcome)

    async def _recalled(self, action: Action, target: Target) -> Outcome | None:
        engine = await self._ls.opening.get()
        if isinstance(engine, Remembered):  # just after the start its folder is still being opened
            await engine.opened(RECALL_SECONDS)
        try:
            return await asyncio.wait_for(in_turn(len(target.text), run.recall, action, target, engine), RECALL_SECONDS)
        except TimeoutError:
            return None

    def _joined(self, action: Action, target: Target, snapshot: Snapshot, symbol: Symbol, number: int) -> Job | None:
        """The job that explains this symbol: the one that runs, or a new one in the place of another; None: that one is
        for a hover which came after this `number`."""
        key = snapshot.uri, symbol.path, symbol.span.of(snapshot.text)
        running = self._job is not None and self._job.task is not None and not self._job.task.done()
        if running and key != self._key and number < self._joined_by:
            return None
        self._joined_by = max(number, self._joined_by)
        if self._job is None or key != self._key or not running:
            if self._job is not None and running:
                self._ls.jobs.stop(self._job.id)
            self._key, self._job = key, self._ls.jobs.start(action, target, snapshot, quiet=True)
            for other in self._waiting:
                other.enough.set()
        return self._job

    async def _wait(self, job: Job) -> None:
        """Until the job is over, the time is, or another hover wants the model."""
        me = Waiting(job, asyncio.Event())
        self._waiting.append(me)
        if len(self._waiting) > MOST_WAITING:
            self._waiting[0].enough.set()
        enough = asyncio.ensure_future(me.enough.wait())
        try:
            if job.task is not None:
                await asyncio.wait({job.task, enough}, timeout=self._seconds(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            enough.cancel()
            self._waiting.remove(me)

    def _seconds(self) -> float:
        milliseconds = self._ls.settings.hover.wait_ms
        if milliseconds >= 0:
            return milliseconds / 1000
        return PATIENT if self._ls.client.patient else HASTY


def _pointed(tree: Tree, offset: int) -> tuple[Symbol, str] | None:
    """The definition that is meant, and the facts about it; worked out once for a tree and a place."""

    def make() -> tuple[Symbol, str] | None:
        symbol = named_at(tree, offset)
        return None if symbol is None else (symbol, facts(tree, symbol))

    return tree.once(_pointed_name(offset), make)


def _pointed_name(offset: int) -> str:
    return f"pointed {offset}"


def facts(tree: Tree, symbol: Symbol) -> str:
    """What needs no model: the signature, what it belongs to, raises and changes, who calls it in this file."""
    language = tree.language.id
    parts = [f"```{language}\n{symbol.signature}\n```"]
    if notes := facts_told(tree, symbol):
        parts.append(" · ".join(notes))
    return "\n\n".join(parts)


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Explanation):
        return outcome.markdown
    return f"*No explanation: {_plain('; '.join(getattr(outcome, 'reasons', ())) or 'the model gave none')}*"


def _so_far(job: Job) -> str:
    if job.outcome is not None:
        return _told(job.outcome)
    if job.state == "failed":
        return f"*No explanation: {_plain('; '.join(job.reasons))}*"
    text = sanitised(job.answer.strip())
    state = "stopped" if job.state == "stopped" else f"unfinished, {_plain(message(job))}"
    return "\n\n".join(filter(None, (text, _again(state))))


def _again(state: str) -> str:
    """Under what there is of an explanation that is not over."""
    return f"*{state}; hover again*"


def _plain(text: str) -> str:
    """Text in one line that means nothing to markdown."""
    return sanitised(" ".join(text.split())).replace("*", "\\*").replace("_", "\\_")
