"""Many definitions explained: what there is to explain, what is remembered of it, and asking for the rest.

Each is explained the way that a person asks for one: remembered answers first, then the model, what comes being
remembered at once, so that work that was cut off goes on where it ended. Knows nothing of shells and pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..code import Span, Symbol, TooLarge
from ..code.symbols import outline
from ..code.tree import Tree, parse
from ..engine import Engine, EngineBusy, EngineError, Priority, Usage
from . import Action
from .asking import room
from .nearby import EXPLAINED
from .order import leaned_on_first
from .outcome import Event, Explanation, Outcome, Refusal
from .run import recall, run
from .sources import SourceFile
from .target import Target
from .workspaces import Workspaces

Place = tuple[str, int]
"""A definition: the path of its file and where its code begins there."""

MOST_FAILURES = 3
"""Failures of the engine in a row after which nothing more is asked."""
_BUSY_SECONDS = (0.5, 1.0, 2.0, 4.0)
_LETTERS_A_TOKEN = 6
"""Code of more letters than this for each token that there is room for does not fit; no engine need count it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file and its definitions that are to be explained.

    Attributes:
        source: The file.
        symbols: The definitions in the order in which they are asked about: inner before outer, callees before callers.
        links: The names in it that lead to definitions.
    """

    source: SourceFile
    symbols: tuple[Symbol, ...]
    links: Mapping[Span, Place] = field(default_factory=dict)

    def places(self) -> Iterator[tuple[Place, Symbol]]:
        """The definitions with their places."""
        for symbol in self.symbols:
            yield (self.source.path, symbol.code.start), symbol


@dataclass(frozen=True, slots=True)
class Told:
    """What came of asking about a definition.

    Attributes:
        text: The explanation, Markdown; "" where there is none.
        why: Why there is none.
        model: Who was asked.
        usage: What it cost; nothing where it was remembered.
    """

    text: str = ""
    why: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)


def survey(files: Sequence[SourceFile], around: Workspaces) -> tuple[Part, ...]:
    """The definitions of `files`. A file that calls into another comes after it, all of one file being asked together:
    the model then reads each file once."""
    paths = {file.place: file.path for file in files}
    parts: dict[str, Part] = {}
    for file in files:
        tree = _parsed(file)
        if tree is None:
            continue
        found = {span: (paths[place], start) for span, place, start in around.links(file.place, tree) if place in paths}
        parts[file.path] = Part(file, _ordered(tree, file.path, found), found)
    leans = {path: [place[0] for place in part.links.values()] for path, part in parts.items()}
    return tuple(parts[path] for path in leaned_on_first(parts, leans))


def _ordered(tree: Tree, path: str, found: Mapping[Span, Place]) -> tuple[Symbol, ...]:
    by_start = {each.code.start: each for each in explained(tree)}
    leans: dict[Symbol, list[Symbol]] = {}
    stack: list[Symbol] = []
    for symbol in by_start.values():
        while stack and not stack[-1].span.holds(symbol.span):
            stack.pop()
        if stack:
            leans.setdefault(stack[-1], []).append(symbol)
        stack.append(symbol)
    for span, (file, start) in found.items():
        callers = [each for each in by_start.values() if each.span.holds(span)]
        if file == path and start in by_start and callers:
            leans.setdefault(callers[-1], []).append(by_start[start])
    return tuple(leaned_on_first(by_start.values(), leans))


def explained(tree: Tree) -> list[Symbol]:
    """The definitions of a file that are explained, as they stand."""
    return [each for each in outline(tree) if each.kind in EXPLAINED and each.body is not None]


def targets(part: Part, around: Workspaces, wanted: Collection[Place] | None = None) -> Iterator[tuple[Place, Target]]:
    """The definitions of a file as what an action works on, the wanted ones (None: all) in their order."""
    tree = _parsed(part.source)
    for place, symbol in part.places():
        if tree is not None and (wanted is None or place in wanted):
            source = part.source
            target = Target(str(source.place), source.text, symbol.code, source.language, tree, symbol)
            yield place, around.completed(target)


def recalled(part: Part, action: Action, engine: Engine, around: Workspaces) -> dict[Place, Told]:
    """What is remembered of a file's definitions, or plain without asking. Asks nobody, starts nothing."""
    found: dict[Place, Told] = {}
    most = room(engine, action) * _LETTERS_A_TOKEN
    for place, target in targets(part, around):
        outcome = recall(action, target, engine)
        if outcome is not None:
            found[place] = told(outcome)
        elif len(target.code) > most:
            found[place] = Told(why=f"{target.title} is too long for the model")
    return found


def chosen(parts: Sequence[Part], known: Collection[Place], only: Sequence[str], limit: int | None) -> list[Place]:
    """What is to be asked: what is not known, fits one of the patterns `only` (none: all), the first `limit` of it.

    A pattern (`*`, `?`, `[…]`) is one of `Tree.insert`, `src/tree.py` or `src/tree.py:Tree.insert`.
    """
    found = [
        place
        for part in parts
        for place, symbol in part.places()
        if place not in known and _fits(part.source.path, symbol.qualified, only)
    ]
    return found if limit is None else found[:limit]


def _fits(path: str, name: str, only: Sequence[str]) -> bool:
    names = (name, path, f"{path}:{name}")
    return not only or any(fnmatchcase(each, pattern) for pattern in only for each in names)


async def asked(
    parts: Sequence[Part],
    places: Collection[Place],
    action: Action,
    engine: Engine,
    around: Workspaces,
    *,
    budget: int,
    on_begin: Callable[[Place, Target], None] = lambda place, target: None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> AsyncGenerator[tuple[Place, Told | EngineError], None]:
    """Ask about `places`, in the order of `parts`: what was told, or the trouble that the engine had with it.

    With the lowest priority: whatever a person wants in an editor goes first, and the answers are exact ones, which are
    remembered. Raises the last `EngineError` after `MOST_FAILURES` in a row.
    """
    failures = 0
    wanted = set(places)
    for part in parts:
        if not any(place in wanted for place, _ in part.places()):
            continue
        for place, target in targets(part, around, wanted):
            on_begin(place, target)
            try:
                outcome = await _patiently(action, target, engine, budget, on_event)
            except EngineError as error:
                failures += 1
                yield place, error
                if failures >= MOST_FAILURES:
                    raise
            else:
                failures = 0
                yield place, told(outcome)


async def _patiently(
    action: Action, target: Target, engine: Engine, budget: int, on_event: Callable[[Event], None]
) -> Outcome:
    """The outcome; where more urgent questions took the engine it is asked again a little later."""
    for seconds in _BUSY_SECONDS:
        try:
            return await run(action, target, engine, budget=budget, on_event=on_event, priority=Priority.PREFETCH)
        except EngineBusy:
            await asyncio.sleep(seconds)
    return await run(action, target, engine, budget=budget, on_event=on_event, priority=Priority.PREFETCH)


def told(outcome: Outcome) -> Told:
    """What an outcome tells a reader."""
    usage = Usage() if outcome.remembered else outcome.usage
    if isinstance(outcome, Explanation):
        return Told(outcome.markdown, "", outcome.model, usage)
    why = "; ".join(outcome.reasons) if isinstance(outcome, Refusal) else "it is none"
    if outcome.answer:  # the reasons are about what the model said, which nobody sees
        why = f"the model’s answer was refused ({why})"
    return Told("", why, outcome.model, usage)


def unread(file: SourceFile) -> str:
    """Why a file is left out, with its name; "" where it is not."""
    try:
        parse(file.text, file.language)
    except TooLarge as error:
        return f"{file.path}: {error}"
    return ""


def _parsed(file: SourceFile) -> Tree | None:
    try:
        return parse(file.text, file.language)
    except TooLarge:
        return None
