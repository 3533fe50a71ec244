"""An order in which what is leaned on comes before what leans on it. Knows no files and no code."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def leaned_on_first(items: Iterable[Item], leans: Mapping[Item, Iterable[Item]]) -> list[Item]:
    """`items`, each after those that it leans on; where these go in a circle, and among equals, as they were given.

    What is leaned on and is no item is left out.
    """
    wanted = dict.fromkeys(items)
    done: dict[Item, None] = {}
    opened: set[Item] = set()
    for first in wanted:
        stack = [first]
        while stack:
            item = stack[-1]
            if item not in opened:
                opened.add(item)
                below = [each for each in leans.get(item, ()) if each in wanted and each not in opened]
                stack += reversed(below)
                continue
            stack.pop()
            done.setdefault(item)
    return list(done)
