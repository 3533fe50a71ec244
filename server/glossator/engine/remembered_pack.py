"""Answers of this machine into a pack, and those of a pack into what is remembered here."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import Usage
from .pack import Manifest, Pack, Refused, write
from .remembered import Remembered
from .remembered_answer import Answer

MARK = " (from a pack)"
"""Behind the model's name in an answer that was not made here: nobody can check that this model said it."""

_AT_ONCE = 200  # answers
_AT_ONCE_BYTES = 4 << 20  # of memory


@dataclass(slots=True)
class Taken:
    """What became of a pack's answers.

    Attributes:
        taken: New here.
        replaced: In the place of what was here.
        known: Left out, since there is an answer here.
        refused: Left out, by reason.
    """

    taken: int = 0
    replaced: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def export(engine: Remembered, path: Path, keys: Collection[str] | None = None, *, force: bool = False) -> Manifest:
    """Write what is remembered to a pack, or of it what has one of `keys`. The folder must be open.

    Answers of which nobody knows whose they are are left out. Raises `EngineError` and `OSError`.
    """
    wanted = (
        (key, answer)
        for key, answer in engine.answers()
        if answer.digest and answer.finished.model and (keys is None or key in keys)
    )
    return write(path, wanted, replace=force)


def take(
    engine: Remembered, pack: Pack, *, over: bool = False, tell: Callable[[int], None] = lambda done: None
) -> Taken:
    """Keep a pack's answers; what is here stays, unless it goes `over` it. The folder must be open.

    `tell` gets how many were looked at. Raises `EngineError`.
    """
    found = Taken()
    waiting: dict[str, Answer] = {}
    done = held = 0

    def settle() -> None:
        there = engine.held(waiting)
        new = {key: answer for key, answer in waiting.items() if over or key not in there}
        found.known += len(waiting) - len(new)
        if new and engine.room() < sum(len(answer.to_bytes()) for answer in new.values()):
            found.refused["there is no room: cache.megabytes"] += len(new)
            new = {}
        kept = engine.keep(new) if new else set()
        found.replaced += len(kept & there)
        found.taken += len(kept - there)
        if lost := len(new) - len(kept):
            found.refused["the disk did not take it"] += lost
        waiting.clear()

    for each in pack.answers():
        done += 1
        if isinstance(each, Refused):
            found.refused[each.why] += 1
        else:
            waiting[each[0]] = marked(each[1])
            held += _memory(each[1])
        if len(waiting) >= _AT_ONCE or held >= _AT_ONCE_BYTES:
            settle()
            tell(done)
            held = 0
    settle()
    tell(done)
    return found


def marked(answer: Answer) -> Answer:
    """The answer as one that was not made here: what it cost was not spared here, and nobody can check the numbers."""
    name = answer.finished.model.removesuffix(MARK) + MARK
    return replace(answer, finished=replace(answer.finished, model=name, usage=Usage()))


def _memory(answer: Answer) -> int:
    """Bytes that its pieces take here: a short text takes many times what it takes in a pack."""
    return sum(sys.getsizeof(piece) + sys.getsizeof(piece.text) for piece in answer.pieces)
