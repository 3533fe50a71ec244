"""Many like things asked of an engine, some at a time, more each time.

What is asked together shares what its texts have in common, so few large requests cost less than many small ones; but
the time can only be looked at between two. How large they are depends on the machine and not on the time that is left,
so that what was asked before is asked again in the same words and remembered.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

FIRST = 8
MOST = 64


def portions(
    items: Sequence[Item], until: float, *, first: int = FIRST, limit: float = math.inf
) -> Iterator[Sequence[Item]]:
    """The items in their order, `first` of them and then more, until the time (`time.monotonic`) is over.

    The next portion is given while its half would probably be done before `until`, and all of it before `limit`, where
    what is not done is lost; the first one where any time is left at all.
    """
    at, size, each = 0, first, 0.0
    until = min(until, limit)
    while at < len(items):
        began = time.monotonic()
        count = min(size, len(items) - at)
        if began >= until or (at and (began + each * count / 2 > until or began + each * count > limit)):
            return
        yield items[at : at + count]
        each = (time.monotonic() - began) / count
        at += count
        size = min(2 * size, MOST)


def first_portion(base: float, each: float, seconds: float) -> int:
    """How many are asked first, where a portion takes `base` seconds and `each` more for each item: at most `FIRST`,
    and fewer where those would take more than `seconds`; one at least."""
    size = FIRST
    while size > 1 and base + each * size > seconds:
        size //= 2
    return size
