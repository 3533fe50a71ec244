"""What a run has tried: counts and extremes by row, printed at its end. Knows no fault."""

from __future__ import annotations


class Tally:
    """Counts add up, extremes keep the largest; both by the row of `SECURITY.md` that they belong to."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {}
        self._most: dict[str, dict[str, tuple[float, str]]] = {}

    def add(self, row: str, what: str, count: int = 1) -> None:
        """So many more of `what`."""
        counts = self._counts.setdefault(row, {})
        counts[what] = counts.get(what, 0) + count

    def most(self, row: str, what: str, value: float, unit: str) -> None:
        """A measured value of which the largest counts."""
        known = self._most.setdefault(row, {})
        known[what] = max(known.get(what, (value, unit)), (value, unit))

    def lines(self) -> list[str]:
        """A line for each row, in the order in which the rows came."""
        found = []
        for row in dict.fromkeys((*self._counts, *self._most)):
            parts = [f"{count:,} {what}" for what, count in self._counts.get(row, {}).items()]
            parts += [f"{what} {value:,.3g} {unit}" for what, (value, unit) in self._most.get(row, {}).items()]
            found.append(f"{row}: {'; '.join(parts)}")
        return found
