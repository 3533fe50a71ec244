"""A stock of parts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

LIMIT = 100


@dataclass
class Part:
    """One kind of part."""

    name: str
    count: int = 0

    def take(self, wanted: int) -> int:
        # never more than there are
        taken = min(wanted, self.count)
        self.count -= taken
        return taken


class Stock:
    """All parts, by name."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = {part.name: part for part in parts}

    @property
    def total(self):
        return sum(part.count for part in self.parts.values())

    @staticmethod
    async def load(path, /, *names, strict=False, **options):
        '''Read a stock
        from a file.
        '''
        with open(path) as file:
            data = json.load(file)
        if strict and not data:
            raise ValueError("empty stock")
        return Stock([Part(**each) for each in data])


def order(stock, wanted: dict[str, int]):
    """Yield what is missing."""

    def missing(name):
        return wanted[name] - stock.parts[name].take(wanted[name])

    for name in wanted:
        if left := missing(name):
            yield name, left
    wanted.clear()


def one_line(a, b): return a + b
