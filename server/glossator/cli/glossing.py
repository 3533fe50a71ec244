"""The work of `glossator gloss`: what there is, what is remembered, and asking for the rest beside a progress bar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

import click

from ..action import Action, gloss
from ..action.budget import prompt_tokens
from ..action.cost import cost, costs, seconds
from ..action.outcome import Event, Stage
from ..action.sources import Sources
from ..action.target import Target
from ..action.workspaces import Workspaces
from ..engine import Engine, EngineError
from ..engine.alone import alone
from ..engine.ledger import Ledger
from ..engine.remembered import Remembered
from . import present
from .meter import Meter, duration

_READY_SECONDS = 10.0
_MANY_FILES = 50
_MOST_NAMED = 3
_MOST_LINES = 20  # of what was not answered
_ANSWER_BYTES = 2000  # on the disk, of an explanation

Telling = AsyncGenerator[tuple[gloss.Place, gloss.Told | EngineError], None]
Spread = Callable[[Sequence[gloss.Part], Sequence[gloss.Place], Remembered, Workspaces, Ledger], Telling]
"""Has workers ask about places of parts; what they say is remembered by the time that it is told."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be asked: what fits a pattern of `only` (none: all), `limit` of it at most (None: all of it).

    `remembered`: nothing at all; `dry_run`: nothing, but what would be is told.
    """

    only: tuple[str, ...] = ()
    limit: int | None = None
    remembered: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Work:
    """How far it is.

    Attributes:
        model: Who explains.
        parts: The files and their definitions.
        known: What was told of them.
        ready: Whether all that is remembered is in there.
        trouble: What went wrong, last.
        stopped: Whether a person ended it.
    """

    model: str
    parts: tuple[gloss.Part, ...] = ()
    known: dict[gloss.Place, gloss.Told] = field(default_factory=dict)
    ready: bool = False
    trouble: str = ""
    stopped: bool = False

    @property
    def count(self) -> int:
        """Definitions."""
        return sum(len(part.symbols) for part in self.parts)

    @property
    def explained(self) -> int:
        """Definitions with an explanation."""
        return sum(bool(each.text) for each in self.known.values())


async def worked(
    wish: Wish,
    found: Sources,
    action: Action,
    engine: Engine,
    around: Workspaces,
    *,
    ledger: Ledger,
    spread: Spread | None = None,
) -> Work:
    """All that needs the engine or what it remembers. Ends early, with what there is, where it is interrupted.

    `spread` has workers asked in the place of the engine. Raises `EngineError` where nothing can be known.
    """
    done = Work(engine.model().name)
    try:
        if len(found.files) > _MANY_FILES:
            present.note(f"reading {len(found.files)} files …")
        done.parts = await asyncio.to_thread(gloss.survey, found.files, around)
        if left := len(found.files) - len(done.parts):
            read = {part.source.path for part in done.parts}
            away = [each for each in found.files if each.path not in read]
            for each in away[:_MOST_NAMED]:
                present.note(f"left out: {gloss.unread(each)}")
            if left > _MOST_NAMED:
                present.note(f"left out: {left - _MOST_NAMED} more files, which are too large or too deep, too")
        if isinstance(engine, Remembered):
            if not await engine.opened(_READY_SECONDS) and (wish.remembered or spread):
                raise EngineError(f"what is remembered cannot be read: {engine.state()['state']}")
            with Meter(len(done.parts)) as meter:
                for part in done.parts:
                    meter.begin(f"looking up {part.source.path}")
                    done.known |= await asyncio.to_thread(gloss.recalled, part, action, alone(engine), around)
                    meter.done()
        done.ready = True
        places = gloss.chosen(done.parts, done.known, wish.only, wish.limit)
        if wish.dry_run:
            _plan(done, places, engine)
        elif places and not wish.remembered:
            _tell_room(len(places), engine)
            await _ask(done, places, action, engine, around, ledger=ledger, spread=spread)
    except asyncio.CancelledError:
        done.stopped = True
    finally:
        await engine.close()
    return done


async def _ask(
    done: Work,
    places: Sequence[gloss.Place],
    action: Action,
    engine: Engine,
    around: Workspaces,
    *,
    ledger: Ledger,
    spread: Spread | None,
) -> None:
    info = engine.model()
    each = costs(done.parts, places, info, done.known)
    whole = cost(done.parts, places, info, done.known)
    names = {place: f"{place[0]}:{symbol.qualified}" for part in done.parts for place, symbol in part.places()}
    title, unanswered = "", list[str]()
    with Meter(len(places), whole.seconds, measured=whole.measured and spread is None) as meter:

        def begin(place: gloss.Place, target: Target | None = None) -> None:
            nonlocal title
            title = names[place]
            meter.begin(title)

        def tell(event: Event) -> None:
            if isinstance(event, Stage):
                meter.stage(event.name, title)

        if spread is not None and isinstance(engine, Remembered):
            meter.begin("starting the workers")
            telling = spread(done.parts, places, engine, around, ledger)
        else:
            budget = prompt_tokens(info, hover=True)  # as where one is asked for: the file is read once for all of them
            telling = gloss.asked(
                done.parts, places, action, engine, around, budget=budget, on_begin=begin, on_event=tell
            )
        try:
            async for place, said in telling:
                tokens = 0
                if isinstance(said, EngineError):
                    done.trouble = str(said)
                    unanswered.append(f"{names[place]}: {said}")
                    if spread is None:
                        present.note(unanswered.pop())
                else:
                    done.known[place] = said
                    ledger.asked(f"{action.name} (ahead)")  # where what it cost is entered
                    usage = said.usage
                    tokens = usage.prompt_tokens - usage.reused_tokens + usage.thought_tokens + usage.answer_tokens
                if spread is not None:
                    begin(place)
                meter.done(seconds(info, *each[place]), tokens)
        except EngineError as error:
            done.trouble = f"{error}; the rest was not asked, the same command goes on"
        finally:
            await telling.aclose()
    for line in unanswered[:_MOST_LINES]:
        present.note(line)
    if len(unanswered) > _MOST_LINES:
        present.note(f"and {len(unanswered) - _MOST_LINES} more that were not answered")
    present.note(f"{meter.tokens} tokens, {duration(meter.seconds)}")


def _tell_room(count: int, engine: Engine) -> None:
    """Better known before the work than when what was explained first is forgotten for what came last."""
    if isinstance(engine, Remembered) and count * _ANSWER_BYTES > engine.room():
        need, room = count * _ANSWER_BYTES >> 20, engine.room() >> 20
        present.note(
            f"{count} answers need about {need} MB, and there is room for {room}: "
            "set cache.megabytes higher, or the least used are forgotten"
        )


def _plan(done: Work, places: Sequence[gloss.Place], engine: Engine) -> None:
    """What there is to do, file by file in the order of the work, and what it will probably cost."""
    wanted = set(places)
    for part in done.parts:
        states = [place in wanted for place, _ in part.places()]
        known = sum(place in done.known for place, _ in part.places())
        if states:
            present.show_plain(
                f"{part.source.path}  {len(states)} definitions, {known} remembered, {sum(states)} to ask"
            )
    info = engine.model()
    whole = cost(done.parts, places, info, done.known)
    click.echo(f"{len(done.parts)} files, {done.count} definitions, {len(done.known)} remembered, {len(places)} to ask")
    if not places:
        return
    tokens = f"about {whole.read} tokens to read and {whole.written} to write"
    rates = f"at {info.prefill_rate:.0f} and {info.decode_rate:.0f} a second"
    if whole.measured:
        click.echo(f"{tokens} with {info.name}, {rates} on this machine: about {duration(whole.seconds)}")
    else:
        click.echo(f"{tokens} with {info.name}; how fast it is here is not known yet: `glossator doctor` measures it")
