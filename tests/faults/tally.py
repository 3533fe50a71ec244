"""What a test has tried: counts and extremes by row, printed at the end of the run. Knows no fault."""

from __future__ import annotations

Told = tuple[str, str, float, str]
"""Row, what, number, and the unit of an extreme ("" of a count)."""


class Tally:
    """Counts add up, extremes keep the largest; both by the row of `SECURITY.md` that they belong to."""

    def __init__(self) -> None:
        self._told: list[Told] = []

    def add(self, row: str, what: str, count: int = 1) -> None:
        """So many more of `what`."""
        self._told.append((row, what, count, ""))

    def most(self, row: str, what: str, value: float, unit: str) -> None:
        """A measured value of which the largest counts."""
        self._told.append((row, what, value, unit))

    def told(self) -> list[Told]:
        """Each number once: sums, and the largest values."""
        found: dict[tuple[str, str, str], float] = {}
        for row, what, value, unit in self._told:
            known = found.get((row, what, unit))
            found[row, what, unit] = value if known is None else max(known, value) if unit else known + value
        return [(row, what, value, unit) for (row, what, unit), value in found.items()]
