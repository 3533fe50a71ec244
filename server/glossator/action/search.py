"""Repair as a search: many small changes where the model doubts the code, the likeliest of which is offered.

The definition is read once as if the model had written it. At each place where it would rather have gone on otherwise,
it writes that line to its end, and the rest stays. What does not pass the checks, changes nothing or says the same as
another is dropped; the others and what the action's tries gave compete by how likely the model finds the whole. Where
the user wants code to be run, the examples of the docstring decide before that (`sifted`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..answer.compiling import Compilers
from ..answer.indent import fitted, shown
from ..answer.running import Runs
from ..code import Span, TooLarge
from ..code.fingerprint import shape
from ..code.tree import parse
from ..engine import ContextTooLong, Engine, Priority, Score
from . import Action, compiled, exampled
from .doubts import branches, deletions, doubts
from .judge import proposed
from .outcome import Event, Outcome, Proposal, Refusal, Stage
from .rank import END, Written, as_written
from .sifted import sifted
from .target import Target

PLACES = 24  # that are branched at; the right one is rarely further behind
LINE_TOKENS = 64
AT_ONCE = 6  # branches between two looks at the clock
KEPT = 5  # candidates that are handed on
WEIGHING = 0.4  # of the time is left for weighing
RUNNING, LEAST_RUNNING = 0.2, 2.0  # of the time, and seconds, are left for running, where anything is run


def fits(action: Action, target: Target, engine: Engine) -> bool:
    """Whether a search is asked for, the engine can be asked how likely code is, and there is something to search in:
    a definition with a body, in a language that is parsed. Elsewhere the action has its tries only."""
    return (
        action.strategy == "search"
        and engine.model().scores
        and target.tree is not None
        and target.symbol is not None
        and target.symbol.body is not None
    )


async def search(
    action: Action,
    target: Target,
    engine: Engine,
    first: Outcome,
    *,
    seconds: float,
    on_event: Callable[[Event], None] = lambda event: None,
    priority: Priority = Priority.COMMAND,
    compilers: Compilers | None = None,
    runs: Runs | None = None,
) -> Outcome:
    """The likeliest repair within `seconds`. `first` is what the action's first try gave.

    It competes with the others, and comes last where it is no likelier than the code as it is. Raises `EngineError`.
    """
    began = time.monotonic()
    promised = await asyncio.to_thread(exampled.examples_of, target) if runs is not None else ()
    running = max(LEAST_RUNNING, RUNNING * seconds) if promised else 0.0
    code = shown(target.text, target.span)
    writing = await as_written(action, target, engine, priority)
    try:
        (score,) = await engine.score(writing.request, [code + END])
    except ContextTooLong:
        return first
    texts: list[tuple[str | Proposal, float]] = [(first, 0.0)] if isinstance(first, Proposal) else []
    until = began + (seconds - running) * (1 - WEIGHING)
    texts += await _tried(target, code, score, writing, engine, until=until, on_event=on_event)
    pool = await asyncio.to_thread(_distinct, action, target, writing, texts)
    own = [first] if isinstance(first, Proposal) else []
    kept: Mapping[str, int] = {}
    reason = NOTHING
    if runs is not None and promised:
        on_event(Stage("running", 0, len(pool)))
        bias = {each.new_text: value for each, value in pool}
        run = [each for each, _ in pool] + [each for each in own if each.new_text not in bias]
        left = await sifted(action, target, run, runs=runs, until=time.monotonic() + running)
        kept, reason = left.kept, left.reason or NOTHING
        pool = [(each, bias[each.new_text]) for each in left.proposals if each.new_text in bias]
        own = [each for each in left.proposals if each.mends or each.new_text in {mine.new_text for mine in own}]
    weighed = await _weighed(writing, engine, pool, began + seconds, on_event)
    best = [proposal for logprob, proposal in weighed if logprob > score.logprob or proposal.mends]
    # What was asked for at first, or mends what was broken, is offered even where it is no likelier or was not weighed.
    best += [each for each in own if all(each.new_text != other.new_text for other in best)]
    best.sort(key=lambda each: -kept.get(each.new_text, 0))
    offered: list[Proposal] = []
    for each in best:
        outcome = await compiled.checked(action, target, each, compilers)
        outcome = await exampled.checked(action, target, outcome, runs)  # what there was no time for; the rest is known
        if isinstance(outcome, Proposal):
            offered.append(outcome)
        if len(offered) == KEPT:
            break
    if offered:
        return replace(offered[0], candidates=tuple(offered))
    return first if isinstance(first, Refusal) and reason == NOTHING else Refusal(reasons=(reason,))


NOTHING = "no change was found that is likelier than the code as it is"


def _body(target: Target, code: str) -> int:
    """Where in the shown code the body begins, documentation aside."""
    assert target.symbol is not None and target.symbol.body is not None  # noqa: S101 - `fits` said so
    start = target.symbol.body.start
    documented = target.symbol.docstring_span
    if documented is not None and documented.start >= start:
        start = documented.end
    head = shown(target.text, Span(target.span.start, max(start, target.span.start)))
    return min(len(head), len(code))


async def _tried(
    target: Target,
    code: str,
    score: Score,
    writing: Written,
    engine: Engine,
    *,
    until: float,
    on_event: Callable[[Event], None],
) -> list[tuple[str, float]]:
    """Versions of `code` that the model would rather have written, and what is to be added to their likelihood."""
    body = _body(target, code)
    places = doubts(code, score, body, PLACES)
    asked = replace(writing.request, max_tokens=LINE_TOKENS, stop=("\n",))
    texts: list[tuple[str, float]] = []
    for at in range(0, len(places), AT_ONCE):
        if time.monotonic() > until:
            break
        on_event(Stage("searching", at, len(places)))
        some = places[at : at + AT_ONCE]
        try:
            lines = await engine.go_on(asked, [code[: each.start] + each.text for each in some])
        except ContextTooLong:
            break
        for place, written in zip(some, lines, strict=True):
            texts += [(text, 0.0) for text in branches(code, place, written)]
    return texts + list(deletions(code, score, body))


def _distinct(
    action: Action, target: Target, writing: Written, texts: Sequence[tuple[str | Proposal, float]]
) -> list[tuple[Proposal, float]]:
    """Those that pass the checks, each meaning once, and none that means what the code means."""
    seen = {_meaning(target, shown(target.text, target.span))}
    kept = []
    for each, bias in texts:
        found = each if isinstance(each, Proposal) else proposed(action, target, fitted(each, target.text, target.span))
        if not isinstance(found, Proposal):
            continue
        meaning = _meaning(target, writing.code(found))
        if meaning not in seen:
            seen.add(meaning)
            kept.append((found, bias))
    return kept


def _meaning(target: Target, code: str) -> str:
    """What a version of the definition does, layout and documentation aside; the text where it cannot be parsed."""
    assert target.language is not None  # noqa: S101 - `fits` said so
    try:
        return shape(parse(code, target.language), Span(0, len(code)), annotations=True)
    except TooLarge:
        return code


async def _weighed(
    writing: Written,
    engine: Engine,
    pool: Sequence[tuple[Proposal, float]],
    until: float,
    on_event: Callable[[Event], None],
) -> list[tuple[float, Proposal]]:
    """How likely the definition is with each (natural logarithm), the likeliest first; fewer when time is over."""
    weighed: list[tuple[float, Proposal]] = []
    for at in range(0, len(pool), AT_ONCE):
        if at and time.monotonic() > until:
            break
        on_event(Stage("weighing", at, len(pool)))
        some = pool[at : at + AT_ONCE]
        try:
            scores = await engine.score(writing.request, [writing.code(each) + END for each, _ in some])
        except ContextTooLong:
            continue
        weighed += [(each.logprob + bias, found) for each, (found, bias) in zip(scores, some, strict=True)]
    return sorted(weighed, key=lambda pair: -pair[0])
