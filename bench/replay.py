"""How each system lives through the recorded hour. All get the product's own questions, with the same length limits.

The others are shown the whole file, as assistants do that know no syntax tree, or with `same` what the product shows.
They are asked what the product would ask first, and do not check answers or ask again; Glossator runs the action
as the language server does, with remembered answers, checks and second tries, all of which count.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from glossator.action import Action, prefetch, run
from glossator.action.allowance import Allowance
from glossator.action.asking import messages
from glossator.action.budget import prompt_tokens
from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Answer, Refusal, Thought
from glossator.action.outcome import Event as Told
from glossator.action.target import Target, target_at
from glossator.code.context import Context
from glossator.code.facts import facts
from glossator.engine import Engine, Message, Priority, Request
from glossator.engine.alone import Nobody
from glossator.engine.worker import MEND_SECONDS
from glossator.lsp.idle import QUIET_SECONDS
from glossator.settings import Hover

from . import prompts
from .ours import Ours
from .systems import SLOTS, HighLevel, Server
from .trace import Event


@dataclass(frozen=True)
class Question:
    """An event that needs a model: what is asked, about what, and the product's first request.

    `whole`: the same conversation with the whole file instead of what the product chose to show.
    `kind`: `act`, or what a hover finds: a `new` file, a `changed` one, `another` symbol of a file that was asked about
    before, or one that was hovered `again`.
    """

    event: Event
    action: Action
    target: Target
    request: Request
    whole: tuple[Message, ...]
    kind: str = ""


@dataclass(frozen=True)
class Reply:
    """What a system did: seconds to the first word and in all, tokens evaluated and written, and what came of it."""

    first: float
    total: float
    read: int
    written: int
    outcome: str = ""


class _Asked(Exception):
    """The request is known; nothing is to be answered."""


class _Recorder(Nobody):
    """An engine that is asked once and answers nothing, so that the product's own prompt is what all are asked."""

    request: Request | None = None

    def asked(self, request: Request) -> NoReturn:
        self.request = request
        raise _Asked


def hovering() -> Action:
    """The explanation as a hover asks for it."""
    return load(prompts_folder())[0]["explain"].brief(Hover().max_tokens)


def questions(walked: Sequence[tuple[Event, str]], system: Ours) -> list[Question]:
    """What the product asks in the course of the trace; `system` is started, and counts tokens."""
    actions, problems = load(prompts_folder())
    assert not problems, problems
    hover = hovering()
    found = []
    seen: dict[str, set[str] | None] = {}  # files asked about -> symbols hovered since the last change; None: changed
    for event, text in walked:
        if event.event == "edit" and event.file in seen:
            seen[event.file] = None
        if not event.asks:
            continue
        action = hover if event.event == "hover" else actions[event.action]
        target = target_at(
            text, f"{event.file}.py", name=event.symbol, diagnostics=event.diagnostics, instruction=event.words
        )
        recorder = _Recorder(system.engine)
        try:
            system.wait(run.run(action, target, recorder, budget=_budget(system.engine, action)))
        except _Asked:
            assert recorder.request is not None
            known = facts(target.tree, target.span) if target.tree is not None else None
            shown = Context(text, target.code, (), "", known, "file", 0)
            whole = messages(action, target, shown)
            found.append(Question(event, action, target, recorder.request, whole, _kind(event, seen)))
        else:
            raise AssertionError(f"{action.name} does not fit {target.title}")
    return found


def _kind(event: Event, seen: dict[str, set[str] | None]) -> str:
    """What a question finds, see `Question`; notes that it was asked."""
    known = seen.get(event.file, set())
    kind = "changed" if known is None else "new" if event.file not in seen else "another"
    hovered = known or set()
    seen[event.file] = hovered
    if event.event != "hover":
        return "act"
    kind = "again" if event.symbol in hovered else kind
    hovered.add(event.symbol)
    return kind


def prompt(talk: Sequence[Message], prefix: str, *, task_first: bool) -> str:
    """A conversation in ChatML; an ordinary assistant puts the task before the file."""
    turns = []
    for message in talk:
        task = message.preamble + message.text
        parts = [task, message.stable.rstrip()] if task_first else [message.stable.rstrip(), task]
        turns.append(prompts.turn(message.role, "\n\n".join(part for part in parts if part)))
    return "".join(turns) + f"<|im_start|>assistant\n{prefix}"


def _budget(engine: Engine, action: Action) -> int:
    """Tokens of prompt, as the language server allows them."""
    return prompt_tokens(engine.model(), hover=action.kind == "answer")


class Side:
    """A system in the replay. `cpu` is what it took since `start`, in seconds."""

    name: str

    def __init__(self, system: HighLevel | Server | Ours) -> None:
        self.system = system
        self.name = system.name
        self.setting = system.setting
        self._before = self._here = 0.0

    def start(self) -> None:
        """Load the model, which does not count."""
        self.system.start()
        self._before = self.system.cpu()

    def take_up(self, asked: Sequence[Question]) -> None:
        """Be as after these questions, at no cost: the replay goes on behind them."""

    def stop(self) -> None:
        """End its process."""
        self.system.stop()

    def cpu(self) -> float:
        """CPU seconds of the system's process, and of what the product does in this one."""
        return self.system.cpu() - self._before + self._here

    def notice(self, event: Event, text: str) -> None:
        """A file was opened or edited, and its user looks at it for a while."""

    def pause(self, event: Event, text: str, seconds: float) -> None:
        """The user reads or types for so long after an event."""
        time.sleep(seconds)

    def ask(self, question: Question) -> Reply:
        """Answer."""
        raise NotImplementedError


class Peer(Side):
    """(a) or (b): every question goes to the model."""

    system: HighLevel | Server

    def __init__(self, system: HighLevel | Server, *, same: bool = False) -> None:
        """`same`: it is shown what the product would show, and not the whole file."""
        super().__init__(system)
        self._same = same
        self.setting += ", shown what Glossator shows" if same else ", shown the whole file"

    def take_up(self, asked: Sequence[Question]) -> None:
        if isinstance(self.system, Server):  # its slots hold what the last files' questions left there
            last = {question.event.file: number for number, question in enumerate(asked)}
            for number in sorted(last.values())[-SLOTS:]:
                self.ask(asked[number])
        self._before = self.system.cpu()

    def ask(self, question: Question) -> Reply:
        asked = question.request
        talk = asked.messages if self._same else question.whole
        text = prompt(talk, asked.answer_prefix, task_first=isinstance(self.system, HighLevel))
        timing = self.system.complete(text, asked.max_tokens, asked.stop)
        return Reply(timing.first, timing.total, timing.computed, timing.written)


class Product(Side):
    """What the language server does with the same events."""

    system: Ours

    def __init__(self, model: str, home: Path, *, ahead: bool = False, keep: bool = False) -> None:
        """`ahead`: the file's part of the prompt is read as soon as it is opened or edited. `keep`: files stay."""
        super().__init__(Ours(model, home, remember=True))
        self.ahead, self._keep = ahead, keep
        self._allowance = Allowance(lambda: self.system.settings.prefetch.cpu_seconds)
        if ahead:
            self.name += ", reading ahead"

    def stop(self) -> None:
        super().stop()
        if not self._keep:
            self.system.remove()

    def ask(self, question: Question) -> Reply:
        here = time.process_time()
        try:
            return self.system.wait(self._ask(question))
        finally:
            self._here += time.process_time() - here

    def notice(self, event: Event, text: str) -> None:
        if not self.ahead:
            return
        here, engine, action = time.process_time(), self.system.engine, hovering()
        target = target_at(text, f"{event.file}.py")
        self.system.wait(prefetch.read(action, target, engine))
        self._here += time.process_time() - here

    def pause(self, event: Event, text: str, seconds: float) -> None:
        until, here = time.monotonic() + seconds, time.process_time()
        self.system.wait(self._quiet(event, text, seconds))
        self._here += time.process_time() - here
        time.sleep(max(0.0, until - time.monotonic()))

    async def _quiet(self, event: Event, text: str, seconds: float) -> None:
        """As `lsp.idle`, with the cursor where the user last looked or typed, on mains power."""
        target, engine = target_at(text, f"{event.file}.py", name=event.symbol), self.system.engine
        offset = text.find(event.replace) if event.event == "edit" else target.span.start
        whole = target_at(text, f"{event.file}.py")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.sleep(QUIET_SECONDS)
                await self._allowance.wait()
                await prefetch.quiet(hovering(), whole, engine, self._allowance, offset=offset, explains=True)

    async def _mended(self) -> None:
        """Wait until the engine has read exactly what had to be quick; a user's pauses are longer, and it costs."""
        await asyncio.sleep(3 * MEND_SECONDS)
        before = -1.0
        while self.system.cpu() - before > MEND_SECONDS / 10:
            before = self.system.cpu()
            await asyncio.sleep(MEND_SECONDS)

    async def _ask(self, question: Question) -> Reply:
        began, first = time.perf_counter(), 0.0

        def told(event: Told) -> None:
            nonlocal first
            if isinstance(event, Answer | Thought):
                first = first or time.perf_counter() - began

        engine, event = self.system.engine, question.event
        # Positions and whole text are the file's as it is now, so the target is found anew, as on every hover.
        target = target_at(
            question.target.text,
            question.target.path,
            name=event.symbol,
            diagnostics=event.diagnostics,
            instruction=event.words,
        )
        outcome = run.recall(question.action, target, engine) if event.event == "hover" else None
        if outcome is None:
            priority = Priority.HOVER if event.event == "hover" else Priority.COMMAND
            outcome = await run.run(
                question.action,
                target,
                engine,
                budget=_budget(engine, question.action),
                on_event=told,
                priority=priority,
            )
        total = time.perf_counter() - began
        used = outcome.usage
        kind = "remembered" if outcome.remembered else "refused" if isinstance(outcome, Refusal) else "answered"
        if outcome.remembered:
            return Reply(first or total, total, 0, 0, kind)
        if used.approximate:
            await self._mended()
        read = used.prompt_tokens - used.reused_tokens
        return Reply(first or total, total, read, used.answer_tokens + used.thought_tokens, kind)
