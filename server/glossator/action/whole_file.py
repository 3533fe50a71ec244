"""One edit for a whole file: of the proposals for its definitions the one that gains most is offered, if any.

A model that is told "this is wrong" of a definition that is right finds something to change all the same. Its
proposals therefore compete: only what the model itself finds clearly likelier than the code as it stands is offered, or
what was run and mends an example. Knows nothing of shells and editors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..engine import Engine, Priority
from . import Action
from .outcome import Event, Outcome, Proposal, Stage
from .rank import gain
from .target import Target

CLEAR = 2.5
"""The least gain (natural logarithm, both views together) at which a repair is offered, from `bench/fix_files.py`."""

NOTHING = "nothing that is clearly wrong was found"
WEIGHTLESS = "this engine cannot say which of a file's definitions is unlikely; name the one that is wrong"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A proposal for one definition and how much likelier it makes it (`rank.gain`)."""

    target: Target
    proposal: Proposal
    gain: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file.

    Attributes:
        best: What is offered, or None.
        suspicious: Other definitions whose proposal gains something, the most suspicious first; not offered.
    """

    best: Weighed | None
    suspicious: tuple[Weighed, ...]


async def likeliest(
    action: Action,
    asked: Sequence[tuple[Target, Outcome]],
    engine: Engine,
    *,
    budget: int = 0,
    on_event: Callable[[Event], None] = lambda event: None,
    priority: Priority = Priority.COMMAND,
) -> Verdict:
    """Weigh what was proposed for the definitions of one file, each asked about. Raises `EngineError`."""
    proposed = [(target, outcome) for target, outcome in asked if isinstance(outcome, Proposal)]
    weighed = []
    for at, (target, proposal) in enumerate(proposed):
        on_event(Stage("weighing", at, len(proposed)))
        (found,) = await gain(action, target, [proposal], engine, budget=budget, priority=priority)
        weighed.append(Weighed(target, proposal, found))
    on_event(Stage("weighing", len(proposed), len(proposed)))
    return verdict(weighed)


def verdict(weighed: Iterable[Weighed]) -> Verdict:
    """The choice among what was weighed; the first of equals in the file. What mends an example comes before all."""
    gaining = sorted(
        (each for each in weighed if each.proposal.mends or each.gain > 0),
        key=lambda each: (not each.proposal.mends, -each.gain),
    )
    best = gaining[0] if gaining and (gaining[0].proposal.mends or gaining[0].gain >= CLEAR) else None
    return Verdict(best, tuple(gaining[1:] if best else gaining))
