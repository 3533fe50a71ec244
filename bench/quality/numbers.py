"""Shares with their intervals, and what two methods differ by on the same problems. Plain statistics, no texts."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

Z = 1.959964  # of a 95 % interval
DRAWS = 4000


def wilson(good: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, 1927); (0, 1) where nothing was counted."""
    if not count:
        return 0.0, 1.0
    share, square = good / count, Z * Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z * math.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(only_one: int, only_other: int) -> float:
    """The exact two-sided p of McNemar's test, from the numbers of problems that one method alone got right."""
    count = only_one + only_other
    tail = sum(math.comb(count, each) for each in range(min(only_one, only_other) + 1))
    return min(1.0, 2 * tail / 2**count)


def ratio(one: Sequence[bool], other: Sequence[bool], seed: int = 0) -> tuple[float, float, float] | None:
    """How many times as often `other` is right as `one`, with the 95 % interval of a paired bootstrap.

    None where `one` is never right. Draws in which it is not count as infinitely many times.
    """
    if not any(one):
        return None
    pairs = list(zip(one, other, strict=True))
    rng = random.Random(seed)
    found = []
    for _ in range(DRAWS):
        drawn = rng.choices(pairs, k=len(pairs))
        before, after = sum(each[0] for each in drawn), sum(each[1] for each in drawn)
        found.append(after / before if before else math.inf)
    found.sort()
    return sum(other) / sum(one), found[int(0.025 * DRAWS)], found[int(0.975 * DRAWS) - 1]
