"""One action asked in a shell: read, ask, show, and write where `--apply` was given."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import click

from ..action import FACTS, Action, candidates, tested, whole_file
from ..action import run as running
from ..action.budget import prompt_tokens
from ..action.facts_told import calls_told, facts_told
from ..action.outcome import Answer, Event, Explanation, NewFile, Outcome, Proposal, Refusal, Stage, Thought
from ..action.target import Target, target_at
from ..action.tools import NONE, Tools
from ..answer.edit import apply as applied
from ..code import Span, symbols
from ..engine import Engine, Priority
from ..engine.alone import NotRemembered, alone
from ..engine.choose import open_engine, open_ledger
from ..engine.remembered import Remembered
from ..settings import Settings, folders
from . import place as places
from . import present
from .diff import shown, unified
from .trouble import ANSWERED, REFUSED


@dataclass(frozen=True, slots=True)
class Session:
    """What was typed, read and validated."""

    action: Action
    source: places.Source
    place: places.Place
    instruction: str
    settings: Settings
    language: str
    seed: int
    use_cache: bool
    as_json: bool
    apply: bool
    show_thinking: bool
    show_prompt: bool
    candidate: int = 1
    tools: Tools = NONE

    async def run(self) -> int:
        """Answer, and return the exit code."""
        targets = self._completed(self._targets())
        ledger = open_ledger(self.settings, folders())
        engine = open_engine(self.settings, folders(), ledger)
        try:
            if self.show_prompt:
                for target in targets:
                    present.show_plain(
                        await running.prompt_for(self.action, target, engine, budget=self._budget(engine))
                    )
                return ANSWERED
            # Each function of a file would take its time, and a search finds something likelier in right ones, too.
            for target in targets:
                self._tell_facts(target)
            weighs = self.action.repairs and self._whole(targets)
            if weighs and not engine.model().scores:
                refused = Refusal(reasons=(whole_file.WEIGHTLESS,), model=engine.model().name)
                return self._deliver([(self._file(), refused)])
            action = replace(self.action, strategy="tries") if weighs else self.action
            tools = replace(self.tools, tests=None) if weighs else self.tools  # they are run on what is offered then
            outcomes = []
            for target in targets:
                outcomes.append((target, await self._ask(action, target, engine, tools)))
                ledger.asked(action.name, outcomes[-1][1].spared)
            if weighs:
                outcomes = [await self._likeliest(outcomes, engine)]
        finally:
            await engine.close()
        return self._deliver(outcomes)

    def _targets(self) -> list[Target]:
        """The parts of the file that are asked about: one; or each function, where a whole file is to be edited."""
        text, path, language = self.source.text, str(self.place.path), self.language
        common: dict[str, Any] = {"language_id": language, "instruction": self.instruction}
        if self.place.lines:
            span = Span(*self.source.span_of(self.place.lines))
            return [target_at(text, path, span=span, **common)]
        if self.place.symbol:
            return [target_at(text, path, name=self.place.symbol, **common)]
        whole = target_at(text, path, **common)
        if self.action.kind != "edit" or whole.tree is None:
            return [whole]
        kinds = [kind for kind in self.action.applies if kind in ("function", "method")] or ["function", "method"]
        found = [symbol for symbol in symbols.outline(whole.tree) if symbol.kind in kinds and symbol.body]
        inner = [s for s in found if not any(o is not s and s.span.holds(o.span) for o in found)]
        return [target_at(text, path, name=symbol.qualified, **common) for symbol in inner] or [whole]

    def _tell_facts(self, target: Target) -> None:
        """What needs no model, before it is asked to explain; `--json` has it in its object."""
        if FACTS in self.action.checks and not self.as_json and (rows := _facts(target)):
            present.note(" · ".join(rows).replace("`", ""))

    def _completed(self, targets: list[Target]) -> list[Target]:
        """The same, with what matters for them in other files."""
        from .workspaces import completed

        return completed(targets, self.settings)

    async def _ask(self, action: Action, target: Target, engine: Engine, tools: Tools) -> Outcome:
        if self.use_cache and isinstance(engine, Remembered) and await engine.opened():
            found = await running.recall_checked(action, target, engine, seed=self.seed, tools=tools)
            if found is not None:  # no engine is started for it
                return found
            if self.candidate > 1:  # it was asked before, and what was found then is meant
                found = await self._told_again(action, target, engine)
                if found is not None:
                    return found
        title = f"{action.name} {target.title}"
        with present.Watch(title, thoughts=self.show_thinking) as watch:
            return await running.run(
                action,
                target,
                engine,
                budget=self._budget(engine),
                on_event=lambda event: _show(watch, event),
                seed=self.seed,
                use_cache=self.use_cache,
                priority=Priority.COMMAND,
                tools=tools,
                seconds=self.settings.search.seconds,
            )

    async def _told_again(self, action: Action, target: Target, engine: Remembered) -> Outcome | None:
        """What a search found when it was asked last; None where so many candidates are not remembered."""
        try:
            outcome = await running.run(
                action,
                target,
                alone(engine),
                budget=self._budget(engine),
                seed=self.seed,
                tools=self.tools,
                seconds=self.settings.search.seconds,
            )
        except NotRemembered:
            return None
        return outcome if len(candidates.found(outcome)) >= self.candidate else None

    def _whole(self, targets: list[Target]) -> bool:
        """Whether the file's definitions are asked about, none of them by name."""
        return not (self.place.symbol or self.place.lines) and all(target.symbol for target in targets)

    async def _likeliest(self, asked: list[tuple[Target, Outcome]], engine: Engine) -> tuple[Target, Outcome]:
        """The one repair of the file that is worth offering; what else is suspicious is only named."""
        title = f"{self.action.name} {self.place.path.name}"
        with present.Watch(title, thoughts=False) as watch:
            found = await whole_file.likeliest(
                self.action,
                asked,
                engine,
                budget=self._budget(engine),
                on_event=lambda event: _show(watch, event),
            )
            best = found.best and await self._tested(found.best, watch)
        for each in found.suspicious:
            why = "mends an example" if each.proposal.mends else f"{each.gain:+.1f}"
            present.note(f"also suspicious: {each.target.title} ({why})")
        if found.best and best:
            return found.best.target, best
        return self._file(), Refusal(reasons=(whole_file.NOTHING,), model=engine.model().name)

    def _file(self) -> Target:
        return target_at(self.source.text, str(self.place.path), language_id=self.language)

    async def _tested(self, best: whole_file.Weighed, watch: present.Watch) -> Outcome:
        until = time.monotonic() + self.settings.search.seconds
        trial = tested.trial_of(self.action, best.target, self.tools.tests)
        outcome = await tested.checked(
            self.action,
            best.target,
            best.proposal,
            trial,
            until=until,
            on_event=lambda event: _show(watch, event),
        )
        return replace(outcome, model=best.proposal.model, usage=best.proposal.usage)

    def _budget(self, engine: Engine) -> int:
        return prompt_tokens(engine.model(), hover=self.action.kind == "answer")

    def _deliver(self, outcomes: list[tuple[Target, Outcome]]) -> int:
        text = self.source.text
        outcomes = [(target, candidates.chosen(outcome, self.candidate)) for target, outcome in outcomes]
        edits = [edit for _, outcome in outcomes if isinstance(outcome, Proposal) for edit in outcome.edits]
        after = applied(text, edits)
        if self.as_json:
            many = [self._json(target, outcome) for target, outcome in outcomes]
            click.echo(json.dumps(many[0] if len(many) == 1 else many, ensure_ascii=False, indent=2))
        elif edits and not self.apply:
            present.show_diff(unified(self.place.path, self.source.whole(text), self.source.whole(after)))
        for target, outcome in outcomes:
            self._deliver_one(target, outcome)
        if edits and self.apply:
            places.write(self.source, after)
            present.note(f"wrote {shown(self.place.path)}")
        return ANSWERED if any(not isinstance(outcome, Refusal) for _, outcome in outcomes) else REFUSED

    def _deliver_one(self, target: Target, outcome: Outcome) -> None:
        if isinstance(outcome, Refusal):
            said = "; ".join(outcome.reasons)
            present.note(f"{target.title}: {said if said == whole_file.NOTHING else f'refused: {said}'}")
            return
        if isinstance(outcome, Explanation) and not self.as_json:
            present.show_markdown(outcome.markdown)
        if isinstance(outcome, NewFile):
            self._deliver_file(outcome)
        every = candidates.found(outcome)
        number = self.candidate if len(every) > 1 else 0
        present.note(summary(target, outcome, candidates.named(outcome, number) if number else ""))
        for other, each in enumerate(every, 1):
            if other != number and number:
                way = "" if self.apply else f" (--candidate {other})"  # of a file that was written it is another search
                present.note(f"also found{way}: {candidates.gist(target, each)}")

    def _deliver_file(self, outcome: NewFile) -> None:
        path = self.place.path.parent / outcome.path
        if not self.apply:
            if not self.as_json:
                present.show_diff(unified(path, "", outcome.text))
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:  # never over an existing file
            file.write(outcome.text)
        present.note(f"wrote {shown(path)}")

    def _json(self, target: Target, outcome: Outcome) -> dict[str, Any]:
        found: dict[str, Any] = {
            "action": self.action.name,
            "path": str(self.place.path),
            "symbol": target.symbol.qualified if target.symbol else None,
            "outcome": type(outcome).__name__.lower(),
            "model": outcome.model,
            "remembered": outcome.remembered,
            "usage": asdict(outcome.usage),
            "thought": outcome.thought,
        }
        if isinstance(outcome, Explanation):
            found |= {"answer": outcome.markdown, "facts": _facts(target), "dropped": list(outcome.dropped)}
        elif isinstance(outcome, Proposal):
            found |= {"rungs": list(outcome.rungs), "note": outcome.note}
            found["diff"] = self._diff(outcome)
            if outcome.candidates:
                found["candidate"] = self.candidate
                found["candidates"] = [
                    {"rungs": list(each.rungs), "diff": self._diff(each)} for each in outcome.candidates
                ]
        elif isinstance(outcome, NewFile):
            found |= {"file": outcome.path, "text": outcome.text, "rungs": list(outcome.rungs)}
        elif isinstance(outcome, Refusal):
            found["reasons"] = list(outcome.reasons)
        return found

    def _diff(self, proposal: Proposal) -> str:
        whole = self.source.whole
        return unified(self.place.path, whole(self.source.text), whole(applied(self.source.text, proposal.edits)))


def summary(target: Target, outcome: Outcome, number: str = "") -> str:
    """One line: what it was, which of several, what it passed, what it cost."""
    usage = outcome.usage
    parts = [target.title, *([number] if number else [])]
    if isinstance(outcome, Proposal | NewFile):
        parts.append("checked: " + ", ".join(outcome.rungs))
    if isinstance(outcome, Explanation) and outcome.dropped:
        parts.append(f"left out, as the code says otherwise: {len(outcome.dropped)}")
    if isinstance(outcome, Proposal) and outcome.note:
        parts.append(outcome.note)
    parts.append(outcome.model)
    if outcome.remembered:
        parts.append("remembered")
    else:
        tokens = (
            f"{usage.prompt_tokens - usage.reused_tokens} read, {usage.thought_tokens + usage.answer_tokens} written"
        )
        parts.append(f"{tokens}, {usage.seconds:.1f} s")
    return " · ".join(parts)


def _facts(target: Target) -> list[str]:
    if target.tree is None or target.symbol is None:
        return []
    return [*facts_told(target.tree, target.symbol), *calls_told(target.tree, target.symbol)]


def _show(watch: present.Watch, event: Event) -> None:
    if isinstance(event, Stage):
        if event.name == "checking":  # what comes after that is another try
            watch.restart()
        watch.stage(event.name, event.done, event.total)
    elif isinstance(event, Thought):
        watch.thought(event.text)
    elif isinstance(event, Answer):
        watch.answer(event.text)
