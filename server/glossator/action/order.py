"""Orders in which what is leaned on comes before what leans on it. Know no files and no code."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
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


def levels(items: Iterable[Item], leans: Mapping[Item, Iterable[Item]]) -> list[list[Item]]:
    """`items` by what is below them: those of a level lean on earlier levels alone, or on their own circle.

    Within a level they stand as they were given. What is leaned on and is no item is left out. Linear in both.
    """
    wanted = dict.fromkeys(items)
    below = {item: [each for each in dict.fromkeys(leans.get(item, ())) if each in wanted] for item in wanted}
    heights: dict[Item, int] = {}
    numbers: dict[Item, int] = {}  # Tarjan's: one walk finds the circles; by hand, since chains are deeper than a stack
    lowest: dict[Item, int] = {}
    opened: list[Item] = []
    walk: list[tuple[Item, Iterator[Item]]] = []

    def enter(item: Item) -> None:
        numbers[item] = lowest[item] = len(numbers)
        opened.append(item)
        walk.append((item, iter(below[item])))

    for first in wanted:
        if first not in numbers:
            enter(first)
        while walk:
            item, rest = walk[-1]
            each = next(rest, None)
            if each is not None:
                if each not in numbers:
                    enter(each)
                elif each not in heights:
                    lowest[item] = min(lowest[item], numbers[each])
                continue
            walk.pop()
            if walk:
                above = walk[-1][0]
                lowest[above] = min(lowest[above], lowest[item])
            if lowest[item] == numbers[item]:
                circle = [opened.pop()]
                while circle[-1] != item:
                    circle.append(opened.pop())
                under = (heights[each] + 1 for one in circle for each in below[one] if each in heights)
                heights |= dict.fromkeys(circle, max(under, default=0))
    found: list[list[Item]] = [[] for _ in range(max(heights.values(), default=-1) + 1)]
    for item in wanted:
        found[heights[item]].append(item)
    return found
