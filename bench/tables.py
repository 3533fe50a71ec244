"""Numbers -> what people read: medians, ratios, goals met or not, as plain text and as Markdown. Measures nothing."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .rows import Row

OURS, A, B = "Glossator", "Llama class", "llama-server"


@dataclass(frozen=True)
class Result:
    """A line of the table. Ratios say how many times better ours is; None: not measured.

    `setting` is the one of llama-server that was best on this row.
    """

    row: Row
    ours: float | None
    a: float | None
    b: float | None
    setting: str
    ratio_a: float | None
    ratio_b: float | None

    @property
    def met(self) -> bool | None:
        """Whether every goal of the row is met; None: it has none, or something is missing."""
        pairs = [(self.ratio_a, self.row.goal_a), (self.ratio_b, self.row.goal_b)]
        wanted = [(ratio, goal) for ratio, goal in pairs if goal]
        if self.row.most:
            return None if self.ours is None else self.ours <= self.row.most
        if not wanted or any(ratio is None for ratio, _ in wanted):
            return None
        return all(ratio >= goal for ratio, goal in wanted if ratio is not None)

    @property
    def goal(self) -> str:
        """The goals in words."""
        if self.row.most:
            return f"≤ {self.row.most:g} {self.row.unit}"
        parts = [(self.row.goal_a, "a"), (self.row.goal_b, "b")]
        return ", ".join(f"≥ {goal:g}× ({system})" for goal, system in parts if goal)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed. Raises `ValueError` where there is none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def typical(row: Row, values: Sequence[float]) -> float:
    """The number that stands for the samples: the median, the geometric mean of paired tasks, p95 of stops."""
    if row.key.startswith("stop"):
        return percentile(values, 0.95)
    return statistics.geometric_mean(values) if row.paired else statistics.median(values)


def results(rows: Sequence[Row], measured: dict[str, list[dict[str, Any]]]) -> list[Result]:
    """The table from samples: row key -> [{"system", "setting", "samples"}]. The best setting counts."""
    found = []
    for row in rows:
        best: dict[str, tuple[float, str]] = {}
        for each in measured.get(row.key, []):
            if not each["samples"] or min(each["samples"]) <= 0:
                continue
            value = typical(row, each["samples"])
            had = best.get(each["system"])
            if had is None or (value < had[0]) == row.less:
                best[each["system"]] = value, each["setting"]
        if best:
            found.append(_result(row, best))
    return found


def _result(row: Row, best: dict[str, tuple[float, str]]) -> Result:
    ours, a, b = (best.get(name, (None, ""))[0] for name in (OURS, A, B))
    return Result(row, ours, a, b, best.get(B, (0.0, ""))[1], _ratio(row, ours, a), _ratio(row, ours, b))


def _ratio(row: Row, ours: float | None, theirs: float | None) -> float | None:
    if ours is None or theirs is None:
        return None
    return theirs / ours if row.less else ours / theirs


def shown(value: float | None, unit: str = "") -> str:
    """A number with three digits."""
    if value is None:
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f}{' ' + unit if unit else ''}"


def times(ratio: float | None) -> str:
    """A ratio."""
    return "–" if ratio is None else f"×{shown(ratio)}"


HEAD = ("", "Glossator", "Llama class (a)", "llama-server (b)", "against (a)", "against (b)", "goal", "met", "(b) with")


def cells(result: Result) -> tuple[str, ...]:
    """A line of the table, as `HEAD` names it."""
    row = result.row
    values = [shown(value, row.unit) for value in (result.ours, result.a, result.b)]
    met = {True: "yes", False: "no", None: ""}[result.met]
    ratios = [times(result.ratio_a), times(result.ratio_b)]
    return (row.title, *values, *ratios, result.goal, met, result.setting)


def plain(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns for a terminal: the first to the left, the others to the right."""
    table = [head, *lines]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The same as a Markdown table."""
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in [head, rule, *lines])


def put(path: Path, name: str, text: str) -> None:
    """Put `text` between the marks `<!-- name -->` and `<!-- /name -->` of a file. Raises `ValueError` without them."""
    marks = f"<!-- {name} -->", f"<!-- /{name} -->"
    between = re.compile(f"(?<={re.escape(marks[0])}).*?(?={re.escape(marks[1])})", re.S)
    changed, found = between.subn(lambda _: f"\n\n{text}\n\n", path.read_text(encoding="utf-8"))
    if found != 1:
        raise ValueError(f"{path} has no place for a table: {marks[0]} {marks[1]}")
    path.write_text(changed, encoding="utf-8")


def extent(found: dict[str, Any]) -> str:
    """How much of an hour was replayed: `84 events, 69 questions`, and how far a run came that was cut short."""
    done = min(len(each["replies"]) for each in found["runs"][-1])
    cut = f", the first {done} of which were asked" if done < found["asked"] else ""
    return f"{found['events']} events, {found['asked']} questions{cut}"
