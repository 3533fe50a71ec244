"""Rows -> tables for people: how many answers are right and what they cost, by task, method beside method."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import combinations
from typing import Any

from .. import machine, tables
from .measure import Row
from .methods import METHODS
from .numbers import mcnemar, ratio, wilson
from .problems import TASKS

COSTS = {
    "prompt_tokens": "prompt tokens",
    "answer_tokens": "answer tokens",
    "cpu_seconds": "processor seconds of the engine",
    "own_cpu_seconds": "processor seconds beside it",
    "seconds": "seconds",
}


def groups(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, list[Row]]]:
    """(model, task) -> method -> its rows. Of each method the rows of its latest recipe count, each problem once."""
    latest = {(row["model"], row["task"], row["method"]): row["recipe"] for row in rows}
    kept: dict[tuple[str, str], dict[str, dict[str, Row]]] = {}
    for row in rows:
        if row["recipe"] == latest[row["model"], row["task"], row["method"]]:
            methods = kept.setdefault((row["model"], row["task"]), {})
            methods.setdefault(row["method"], {})[row["problem"]] = row
    order = sorted(kept, key=lambda each: (each[0], TASKS.index(each[1])))
    return {each: {name: [*kept[each][name].values()] for name in METHODS if name in kept[each]} for each in order}


def counted(rows: Sequence[Row]) -> dict[str, Any]:
    """The numbers of one method on one task."""
    offered = [row for row in rows if row["offered"]]
    return {
        "problems": len(rows),
        "right": sum(row["right"] for row in rows),
        "among_three": sum(0 < row["first_right"] <= 3 for row in rows),
        "among_all": sum(row["first_right"] > 0 for row in rows),
        "offered": len(offered),
        "refused": len(rows) - len(offered),
        "candidates": sum(row["candidates"] for row in rows) / max(1, len(offered)),
        "held": [bool(row["right"]) for row in offered if _EXAMPLES in map(_plain, row["rungs"])],
        "rungs": {rungs: (sum(row["right"] for row in had), len(had)) for rungs, had in _by_rungs(offered).items()},
        "reasons": dict(Counter(reason for row in rows for reason in row["reasons"]).most_common(5)),
        "costs": {key: _costs([row[key] for row in rows]) for key in COSTS},
    }


def compared(one: Sequence[Row], other: Sequence[Row]) -> dict[str, Any]:
    """Two methods on the problems that both were asked."""
    right = {row["problem"]: bool(row["right"]) for row in one}
    pairs = [(right[row["problem"]], bool(row["right"])) for row in other if row["problem"] in right]
    only_one, only_other = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    times = ratio([a for a, _ in pairs], [b for _, b in pairs]) if pairs else None
    p = mcnemar(only_one, only_other)
    return {"problems": len(pairs), "only_one": only_one, "only_other": only_other, "p": p, "ratio": times}


def report(heads: Sequence[Row], rows: Sequence[Row], *, markdown: bool) -> str:
    """All tables of a file."""
    parts = []
    if heads:
        last = heads[-1]
        allowed = f" At most {last['seconds']:g} s an answer." if last.get("seconds") else ""
        parts.append(f"{machine.headline(last['machine'])}; {last['date'][:10]}.{allowed}")
    for (model, task), by_method in groups(rows).items():
        numbers = {method: counted(each) for method, each in by_method.items()}
        lines = _lines(list(numbers.values()))
        table = (tables.markdown if markdown else tables.plain)(("", *numbers), lines)
        title = f"{model}, {task}"
        parts.append(f"**{title}**\n\n{table}" if markdown else f"{title}\n\n{table}")
        parts += [text for method, each in numbers.items() if (text := _details(method, each))]
        parts += [_paired(one, other, compared(by_method[one], by_method[other])) for one, other in pairs(by_method)]
    return "\n\n".join(parts)


def _lines(numbers: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    lines = [
        ("problems", *(str(each["problems"]) for each in numbers)),
        ("right (pass@1)", *(_share(each["right"], each["problems"]) for each in numbers)),
        ("right among the first three", *(_share(each["among_three"], each["problems"]) for each in numbers)),
        ("right among all candidates", *(_share(each["among_all"], each["problems"]) for each in numbers)),
        ("offered", *(_share(each["offered"], each["problems"]) for each in numbers)),
        ("refused", *(str(each["refused"]) for each in numbers)),
        ("right among offered", *(_share(each["right"], each["offered"]) for each in numbers)),
        (
            "right where the examples hold",
            *(_share(sum(each["held"]), len(each["held"])) for each in numbers),
        ),
        ("candidates an offer", *(tables.shown(each["candidates"]) for each in numbers)),
    ]
    for key, name in COSTS.items():
        costs = [" / ".join(tables.shown(value) for value in each["costs"][key]) for each in numbers]
        lines.append((f"{name} a problem: mean / p50 / p95", *costs))
    return lines


def _share(good: int, count: int) -> str:
    if not count:
        return "–"
    low, high = wilson(good, count)
    return f"{good} of {count}, {good / count:.1%} ({low:.1%} to {high:.1%})"


def _costs(values: Sequence[float]) -> tuple[float, float, float]:
    return statistics.fmean(values), statistics.median(values), tables.percentile(values, 0.95)


def _by_rungs(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(", ".join(map(_plain, row["rungs"])) or "nothing checked", []).append(row)
    return found


_EXAMPLES = "examples hold"


def _plain(rung: str) -> str:
    """A rung as it is counted: how many examples there are does not matter."""
    if re.search(r"\bexamples? of the docstring\b", rung):
        return "some examples hold" if re.match(r"\d+ of \d+", rung) else _EXAMPLES
    return rung


def _details(method: str, numbers: dict[str, Any]) -> str:
    if method == "raw":
        return ""
    parts = [f"{good} of {count} right where it passed: {rungs}" for rungs, (good, count) in numbers["rungs"].items()]
    parts += [f"refused {count} times: {reason}" for reason, count in numbers["reasons"].items()]
    return "\n".join(f"- {method}: {part}" for part in parts)


def pairs(methods: Collection[str]) -> list[tuple[str, str]]:
    """Which methods are compared: each with each later one."""
    return [pair for pair in combinations(METHODS, 2) if set(pair) <= set(methods)]


def _paired(one: str, other: str, found: dict[str, Any]) -> str:
    alone = f"right with {one} alone {found['only_one']}, with {other} alone {found['only_other']}"
    text = f"Paired over {found['problems']} problems: {alone}; exact McNemar p = {found['p']:.3g}."
    if found["ratio"]:
        times, low, high = found["ratio"]
        most = "∞" if math.isinf(high) else f"{high:.2f}"
        text += f" {other.capitalize()} is right ×{times:.2f} as often (95 %: {low:.2f} to {most})."
    return text
