"""Many like things asked of an engine, some at a time, more each time.

What is asked together shares what its texts have in common, so few large requests cost less than many small ones; but
the time can only be looked at between two. How large they are does not depend on the time, so that what was asked
before is asked again in the same words and remembered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

FIRST = 8
MOST = 64


def portions(items: Sequence[Item], until: float) -> Iterator[Sequence[Item]]:
    """The items in their order, while the time before `until` (`time.monotonic`) probably admits the half of what is
    next; the first portion always."""
    at, size, each = 0, FIRST, 0.0
    while at < len(items):
        began = time.monotonic()
        if at and began + each * min(size, len(items) - at) / 2 > until:
            return
        yield items[at : at + size]
        each = (time.monotonic() - began) / size
        at += size
        size = min(2 * size, MOST)
