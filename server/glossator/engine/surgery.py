"""What of a held state survives an edit in the middle of a text. Knows tokens only.

A state holds keys and values of every token, in the light of all tokens before it. After an edit those behind it are
moved to their new positions and kept, although what stands before them has changed a little: close, and not the same.
Whoever uses such a state says so, and has the text read anew as soon as there is time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]

MOVING = 48  # tokens that could be evaluated in the time that moving cells takes
LEAST_SAVED = 192  # tokens that must be saved: below, it is not worth an answer that is not exact
LEAST_TAIL = 96  # tokens that are moved; fewer are evaluated anew
MOST_ON_TOP = 4  # surgeries on the same state: each takes it a little further from the exact one


@dataclass(frozen=True, slots=True)
class Plan:
    """How to get from the tokens that a state holds to others.

    The first `head` tokens are kept; the `tail` tokens from `old` on are moved to `new`. What lies between is replaced.
    """

    head: int
    old: int
    new: int
    tail: int

    @property
    def cost(self) -> int:
        """Tokens to evaluate, moving counted as some."""
        return self.new - self.head + (MOVING if self.tail else 0)


def plan(held: Sequence[int], wanted: Sequence[int]) -> Plan:
    """The way from `held` to `wanted` that keeps what both have in common at their beginnings and ends."""
    left, right = np.asarray(held, dtype=np.int32), np.asarray(wanted, dtype=np.int32)
    most = min(len(left), len(right))
    head = _agreeing(left[:most], right[:most])
    most -= head
    tail = _agreeing(left[::-1][:most], right[::-1][:most])
    if tail < LEAST_TAIL:
        return Plan(head, head, len(wanted), 0)
    return Plan(head, len(held) - tail, len(wanted) - tail, tail)


def _agreeing(left: Tokens, right: Tokens) -> int:
    differing = np.flatnonzero(left != right)
    return int(differing[0]) if differing.size else len(left)
