"""Repair as a search: many small changes where the model doubts the code, the likeliest of which is offered.

The definition is read once as if the model had written it. At each place where it would rather have gone on otherwise,
it writes that line to its end, and the rest stays (`changes`). What does not pass the checks, changes nothing or says
the same as another is dropped; the others and what the action's tries gave compete by how likely the model finds the
whole (`weighing`), and the likeliest once more before the code as it is (`justified`). Where the user wants code to be
run, the examples of the docstring decide before that (`sifted`), and their tests decide among the likeliest (`tested`).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from ..answer.indent import shown
from ..answer.running import Runs
from ..answer.testing import Trial
from ..code.context import Context
from ..code.threads import in_turn
from ..engine import ContextTooLong, Engine, ModelInfo, Priority, likelihood
from ..engine.timely import Timely
from . import Action, compiled, exampled, tested
from .asking import overhead
from .changes import Biased, Changes
from .justified import justified
from .outcome import Event, Outcome, Proposal, Refusal, Stage
from .portions import FIRST, first_portion
from .rank import END, as_rewritten, as_written
from .sifted import Sifted, sifted
from .target import Target
from .tools import NONE, Tools
from .weighing import Weighing

FIRST_TRY = 0.5  # of the time, at most, for the model's own rewriting before a search
CHARACTERS, WORDS = 4, 32  # of code a token; tokens around it
LINE = 12  # tokens of a line of code
KEPT = 5  # candidates that are handed on
WEIGHING = 0.4  # of the time is left for weighing
CHECKING = 0.2  # of the time, at most, for checking what was found, which weighing then lacks
RUNNING, LEAST_RUNNING = 0.2, 2.0  # of the time, and seconds, are left for running, where anything is run
JUSTIFYING = 0.1  # of the time is left for the second look at the likeliest
COMPILING = 0.1  # of the time is left for compiling, where that is done
TESTING = 0.4  # of the time is left for the user's tests, where they are run

NOTHING = "no change was found that is likelier than the code as it is"
LATE = "no repair was found in the time that a search has; search.seconds gives it more"


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


def comes_first(action: Action, target: Target, context: Context, engine: Engine, seconds: float) -> bool:
    """Whether the machine is so slow that the action's first try would take most of the time that a search has."""
    info = engine.model()
    if not (info.prefill_rate and info.decode_rate):
        return False
    code = len(target.code) / CHARACTERS
    reading = (context.tokens + overhead(action)) / info.prefill_rate
    return reading + (code + WORDS) / info.decode_rate > FIRST_TRY * seconds


async def search(
    action: Action,
    target: Target,
    engine: Engine,
    first: Outcome,
    *,
    budget: int,
    seconds: float,
    until: float,
    on_event: Callable[[Event], None] = lambda event: None,
    priority: Priority = Priority.COMMAND,
    tools: Tools = NONE,
    trial: Trial | None = None,
) -> Outcome:
    """The likeliest repair that is found before `until` (`time.monotonic`), when the `seconds` of the action are over.

    `budget` is that of the action's prompt. `first` is what the action's first try gave, checked. It competes with the
    others, and comes last where it is no likelier than the code as it is. Nothing is asked or begun after `until`, and
    what is not done by then is given up; the user's tests alone have a moment in any case. Raises `EngineError`.
    """
    runs, began = tools.runs, time.monotonic()
    left = max(0.0, until - began) * (1 - TESTING if trial else 1)
    over = began + left  # of all but the tests
    finding = left * (1 - COMPILING if compiled.works(action, target, tools.compilers) else 1)
    promised = await in_turn(len(target.text), exampled.examples_of, target) if runs is not None else ()
    running = max(LEAST_RUNNING, RUNNING * finding) if promised else 0.0
    found_by = began + finding
    engine = Timely(engine, found_by)
    code = shown(target.text, target.span)
    writing = await as_written(action, target, engine, priority)
    try:
        (score,) = await likelihood.score(engine, writing.request, [code + END])
    except ContextTooLong:
        return await tested.checked(action, target, first, trial, until=until, on_event=on_event)
    size = _size(engine.model(), code, seconds)
    changes = Changes(action, target, writing, engine, code, score, on_event, size)
    own = [first] if isinstance(first, Proposal) else []
    texts = await changes.one(began + (finding - running) * (1 - WEIGHING))
    checked_by = min(time.monotonic() + CHECKING * finding, found_by)
    pool = await changes.distinct([*((each, 0.0) for each in own), *texts], checked_by)
    late = time.monotonic() >= checked_by
    kept: Mapping[str, int] = {}
    reason = NOTHING
    if runs is not None and promised:
        sifted_by = found_by - running
        left_over, pool = await _exampled(changes, runs, pool, own, running=running, until=sifted_by, limit=found_by)
        kept, reason = left_over.kept, left_over.reason or NOTHING
        own = [each for each in left_over.proposals if each.mends or each.new_text in {mine.new_text for mine in own}]
    weighed_by = found_by - JUSTIFYING * finding
    weighed = await Weighing(writing, engine, code, score, size).weigh(pool, weighed_by, on_event)
    if reason == NOTHING and not weighed and (late or time.monotonic() >= weighed_by):
        reason = LATE
    likelier = [pair for pair in weighed if pair[0] > score.logprob or pair[1].mends]
    if len(likelier) > 1:
        likelier = await justified(likelier, engine, await as_rewritten(action, target, engine, priority, budget))
    best = [proposal for _, proposal in likelier]
    # What was asked for at first, or mends what was broken, is offered even where it is no likelier or was not weighed.
    best += [each for each in own if all(each.new_text != other.new_text for other in best)]
    best.sort(key=lambda each: -kept.get(each.new_text, 0))

    async def check(each: Proposal, limit: float = until) -> Outcome:
        outcome = await compiled.checked(action, target, each, tools.compilers, limit)
        # What there was no time for; the rest is known.
        return await exampled.checked(action, target, outcome, runs, limit)

    offered = await _passing(best, check, over)
    if trial is not None:
        spare = [each for _, each in weighed if each not in best]
        found = await tested.chosen(action, target, offered, spare, trial, until=until, check=check, on_event=on_event)
        offered, reason = list(found.proposals), found.reason or reason
    if offered:
        return replace(offered[0], candidates=tuple(offered))
    return first if isinstance(first, Refusal) and reason == NOTHING else Refusal(reasons=(reason,))


async def _passing(
    best: Sequence[Proposal], check: Callable[[Proposal, float], Awaitable[Outcome]], over: float
) -> list[Proposal]:
    """Those that pass the last checks: `KEPT` at most, and after `over` one."""
    offered: list[Proposal] = []
    for each in best:
        if offered and time.monotonic() > over:
            break
        outcome = await check(each, over)
        if isinstance(outcome, Proposal):
            offered.append(outcome)
        if len(offered) == KEPT:
            break
    return offered


def _size(info: ModelInfo, code: str, seconds: float) -> int:
    """How many versions are asked about at first: no more than are probably read or written in time. By the rates of
    the machine and the whole time, so that it is the same when it is asked again."""
    if not (info.prefill_rate and info.decode_rate):
        return FIRST
    reading = len(code) / CHARACTERS / info.prefill_rate
    return first_portion(reading, max(LINE / info.decode_rate, reading / 2), WEIGHING * seconds)


async def _exampled(
    changes: Changes,
    runs: Runs,
    pool: Sequence[Biased],
    own: Sequence[Proposal],
    *,
    running: float,
    until: float,
    limit: float,
) -> tuple[Sifted, list[Biased]]:
    """What the examples of the docstring leave of the pool, and of versions with two changes where one is not enough.

    Each time at most `running` seconds are spent on running, and none after `limit`; nothing else is begun after
    `until` (`time.monotonic`, both), but that what was found by then is checked.
    """

    async def ran(found: Sequence[Proposal]) -> Sifted:
        changes.on_event(Stage("running", 0, len(found)))
        end = min(time.monotonic() + running, limit)
        return await sifted(changes.action, changes.target, found, runs=runs, until=end)

    first = [each for each, _ in pool]
    first += [each for each in own if all(each.new_text != other.new_text for other in first)]
    left, found = await ran(first), list(pool)
    if left.judged and not left.whole:
        texts = await changes.two([*left.proposals, *first], until)
        further = await changes.distinct(texts, min(time.monotonic() + running / 2, limit))
        further = [pair for pair in further if all(pair[0].new_text != each.new_text for each in first)]
        left |= await ran([each for each, _ in further])
        found += further
    bias = {each.new_text: value for each, value in found}
    return left, [(each, bias[each.new_text]) for each in left.proposals if each.new_text in bias]
