"""`python -m bench.quiet`: what reading ahead in pauses is worth, in the recorded hour replayed in virtual time.

Nothing is evaluated: the product decides what to read, in which order and what it keeps, and an hour on a machine of
any rates takes a few seconds. All answers have the lengths given here and nothing else disturbs, so this compares ways
to use a pause; what one really costs `bench.session --pauses` measures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from glossator.action import prefetch, run
from glossator.action.allowance import Allowance
from glossator.action.asking import context_for, request_for
from glossator.action.budget import prompt_tokens
from glossator.action.catalogue import load, prompts_folder
from glossator.action.nearby import EXPLAINED
from glossator.action.outcome import Answer
from glossator.action.outcome import Event as Told
from glossator.action.target import target_at
from glossator.code.callers import callers
from glossator.code.related import called
from glossator.code.symbols import outline
from glossator.engine import Priority
from glossator.lsp.idle import QUIET_SECONDS
from glossator.settings import Prefetch

from . import tables, trace
from .engine import model_of
from .replay import hovering
from .session import AT_ONCE_SECONDS
from .trace import Event
from .virtual import Engine, Loop, Tokenizer, machine_of

RATES = ("39/17", "155/31", "244/28")
EXPLANATION, EDIT = 70, 170  # tokens that are written, as in the measured hour in the mean


@dataclass
class Hour:
    """What came of one replay. Of the hovers that were never answered before: seconds to the first and the last word.

    Attributes:
        cpu: Seconds of processor time in all.
    """

    firsts: list[float] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    cpu: float = 0.0


def walk(events: Sequence[Event], seed: int) -> list[Event]:
    """The same hour of somebody who looks at other definitions: near ones, those that are called or call, old ones."""
    chance = random.Random(seed)
    weights = [share * chance.uniform(0.5, 1.5) for share in (0.35, 0.25, 0.12, 0.15, 0.13)]
    last: dict[str, str] = {}
    seen: dict[str, list[str]] = {}
    walked: list[Event] = []
    for event, text in trace.walk(list(events)):
        if event.event == "hover":
            tree = target_at(text, f"{event.file}.py").tree
            assert tree is not None
            symbols = [each for each in outline(tree) if each.kind in EXPLAINED and each.body is not None]
            names = [each.qualified for each in symbols]
            place = names.index(last[event.file]) if last.get(event.file) in names else 0
            here, old = symbols[place], [each for each in seen.get(event.file, []) if each in names]
            step = place + chance.choice([1, 1, 1, 2, 2, 3, -1, -1, -2])
            ways = [
                [names[max(0, min(step, len(names) - 1))]],
                [each.symbol.qualified for each in called(tree, here.span) if each.symbol.qualified in names],
                [each.qualified for each in callers(tree, here) if each.qualified in names],
                old[-3:],
                names,
            ]
            (way,) = chance.choices(ways, weights)
            walked.append(replace(event, symbol=chance.choice(way or names)))
            seen.setdefault(event.file, []).append(walked[-1].symbol)
        else:
            walked.append(event)
        if event.asks:
            last[event.file] = walked[-1].symbol
    return walked


class Replay:
    """One hour on one machine."""

    def __init__(self, engine: Engine, loop: Loop, *, ahead: bool) -> None:
        """`ahead`: pauses are used."""
        self._engine, self._loop, self._ahead = engine, loop, ahead
        self._allowance = Allowance(lambda: Prefetch().cpu_seconds)
        self._actions = load(prompts_folder())[0]
        self._answered: set[str] = set()
        self.hour = Hour()

    async def live(self, events: Sequence[Event]) -> None:
        """Through all events; each comes when the trace says, or when the one before is over."""
        walked = list(trace.walk(list(events)))
        for (event, text), then in zip(walked, [*(each.at for each, _ in walked[1:]), walked[-1][0].at], strict=True):
            until = self._loop.time() + then - event.at
            if event.event == "hover":
                await self._hover(event, text)
            elif event.event == "act":
                await self._act(event, text)
            if self._ahead and until > self._loop.time():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await self._pause(event, text)
            await asyncio.sleep(max(0.0, until - self._loop.time()))
        await self._engine.close()
        self.hour.cpu = self._engine.cpu

    async def _hover(self, event: Event, text: str) -> None:
        action, engine, began, first = hovering(), self._engine, self._loop.time(), 0.0

        def told(what: Told) -> None:
            nonlocal first
            first = first or (self._loop.time() - began if isinstance(what, Answer) else 0.0)

        target = target_at(text, f"{event.file}.py", name=event.symbol)
        key = request_for(action, target, None).key(engine.model().digest)
        if run.recall(action, target, engine) is None:
            budget = prompt_tokens(engine.model(), hover=True)
            await run.run(action, target, engine, budget=budget, on_event=told, priority=Priority.HOVER)
        if key not in self._answered:
            self._answered.add(key)
            self.hour.firsts.append(first)
            self.hour.totals.append(self._loop.time() - began)

    async def _act(self, event: Event, text: str) -> None:
        """The first try alone, without a draft: what becomes of it needs a model."""
        action, engine = self._actions[event.action], self._engine
        target = target_at(
            text, f"{event.file}.py", name=event.symbol, diagnostics=event.diagnostics, instruction=event.words
        )
        context = await context_for(
            action, target, engine, prompt_tokens(engine.model(), hover=action.kind == "answer")
        )
        async with contextlib.aclosing(engine.stream(request_for(action, target, context))) as chunks:
            async for _ in chunks:
                pass

    async def _pause(self, event: Event, text: str) -> None:
        """As `lsp.idle`, on mains power."""
        whole = target_at(text, f"{event.file}.py", name=event.symbol)
        offset = text.find(event.replace) if event.event == "edit" else whole.span.start
        await asyncio.sleep(QUIET_SECONDS)
        await self._allowance.wait()
        await prefetch.quiet(hovering(), whole, self._engine, self._allowance, offset=offset, explains=True)


def replay(tokenizer: Tokenizer, events: Sequence[Event], reads: float, writes: float, *, ahead: bool) -> Hour:
    """The hour on a machine that reads and writes so many tokens a second."""
    loop = Loop()
    engine = Engine(
        tokenizer, reads=reads, writes=writes, length=lambda asked: EXPLANATION if asked.purpose == "explain" else EDIT
    )
    hours = Replay(engine, loop, ahead=ahead)
    try:
        with machine_of(engine, loop):
            loop.run_until_complete(hours.live(events))
    finally:
        loop.close()
    return hours.hour


HEAD = ("tokens a second", "hour", "hovers", "at once", "first word p50", "whole p50", "whole at once", "more CPU")


def row(rates: str, name: str, before: Sequence[Hour], after: Sequence[Hour]) -> tuple[str, ...]:
    """A line of the table: hours without and with the pauses used, side by side."""
    asked, answered = [sum(([*hour.firsts] for hour in hours), list[float]()) for hours in (before, after)]
    slow, quick = [sum(([*hour.totals] for hour in hours), list[float]()) for hours in (before, after)]

    def within(times: Sequence[float]) -> str:
        return f"{sum(each <= AT_ONCE_SECONDS for each in times) / len(times):.0%}"

    def middle(times: Sequence[float]) -> str:
        return tables.shown(tables.percentile(times, 0.5), "s")

    more = sum(hour.cpu for hour in after) - sum(hour.cpu for hour in before)
    return (
        rates,
        name,
        str(len(answered)),
        f"{within(asked)} → {within(answered)}",
        f"{middle(asked)} → {middle(answered)}",
        f"{middle(slow)} → {middle(quick)}",
        f"{within(slow)} → {within(quick)}",
        f"{more / len(after):.0f} s of {sum(hour.cpu for hour in before) / len(before):.0f} s",
    )


def main() -> None:
    """Replay and show."""
    parser = argparse.ArgumentParser(prog="python -m bench.quiet", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", default="", help="whose vocabulary counts tokens (the default model)")
    parser.add_argument("--rates", nargs="*", default=RATES, help="tokens a second, read/written (%(default)s)")
    parser.add_argument("--walks", type=int, default=4, help="hours of other looks at the same files (%(default)s)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--seconds", type=float, help="for one place, instead of the product's own")
    given = parser.parse_args()
    if given.seconds is not None:
        prefetch.MOST_SECONDS = given.seconds
    tokenizer, events = Tokenizer(model_of(given.model)[1]), trace.read()
    walks = [walk(events, seed) for seed in range(1, given.walks + 1)]
    rows = []
    for rates in given.rates:
        reads, writes = map(float, rates.split("/"))
        for name, hours in (("the trace", [events]), (f"{len(walks)} walks", walks)):
            before = [replay(tokenizer, hour, reads, writes, ahead=False) for hour in hours]
            after = [replay(tokenizer, hour, reads, writes, ahead=True) for hour in hours]
            if hours:
                rows.append(row(rates, name, before, after))
                print(*rows[-1], sep=" | ", file=sys.stderr)
    print(tables.markdown(HEAD, rows) if given.markdown else tables.plain(HEAD, rows))


if __name__ == "__main__":
    main()
