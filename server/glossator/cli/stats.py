"""`glossator stats`: what answers cost by day and action, as a table and as bars, and what was spared."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from ..engine.choose import open_ledger
from ..engine.ledger import DAYS, Cost, Row
from ..settings import folders, load
from .table import table
from .trouble import told

BAR = 40  # characters
TITLES = ("day", "action", "questions", "remembered", "read", "not read", "written", "seconds", "CPU s", "Wh")


@click.command()
@click.option("--days", type=click.IntRange(1, DAYS), default=14, show_default=True, help="So many, today's included.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def stats(days: int, as_json: bool) -> None:
    """What answers cost on this machine, by day and action, and what was spared.

    Sums alone are kept, no text and no names of files; `stats.enabled = false` in your settings keeps none.
    """
    with told():
        settings = load()
        rows = open_ledger(settings, folders()).rows(days)
        watts = settings.stats.watts
        if as_json:
            click.echo(json.dumps(_tree(rows, watts), indent=2))
            return
        if not settings.stats.enabled:
            click.echo("what answers cost is not counted: stats.enabled is off in your settings")
            return
        if not rows:
            click.echo(f"nothing was asked in the last {days} days" if days > 1 else "nothing was asked today")
            return
        click.echo("\n".join([*table([TITLES, *(_cells(row, watts) for row in rows)], left=2), ""]))
        click.echo("\n".join([*bars(rows, _drawable()), ""]))
        click.echo("\n".join(spared(total(rows), watts)))


def total(rows: Iterable[Row]) -> Cost:
    """All of it."""
    return sum((row.cost for row in rows), Cost())


def watt_hours(cost: Cost, watts: float) -> tuple[float, float]:
    """What was measured of the energy that `cost` took, and what is estimated of it."""
    return (cost.joules + cost.battery_joules) / 3600, cost.unmeasured_cpu_seconds * watts / 3600


def _cells(row: Row, watts: float) -> tuple[str, ...]:
    cost = row.cost
    measured, estimated = watt_hours(cost, watts)
    counts = (cost.questions, cost.remembered, cost.computed, cost.reused, cost.written, cost.seconds)
    energy = f"{'~' if estimated else ''}{measured + estimated:.3f}" if measured or estimated else "-"
    cpu = f"{cost.cpu_seconds:.1f}" if cost.cpu_seconds or not cost.requests else "-"
    return (row.day, row.purpose, *(f"{count:,.0f}" for count in counts), cpu, energy)


def bars(rows: Sequence[Row], marks: tuple[str, str]) -> list[str]:
    """A line a day: the tokens of prompts that were read, and behind them those that a kept state spared."""
    days = {day: _reading(total(row for row in rows if row.day == day)) for day in _days(rows)}
    most = max((sum(pair) for pair in days.values()), default=0)
    if not most:
        return []
    lines = [f"tokens of prompts: {marks[0]} read, {marks[1]} not read, as the model's state was kept"]
    for day, (read, kept) in days.items():
        whole = round(BAR * (read + kept) / most)
        first = min(whole, max(round(BAR * read / most), 1 if read else 0))
        drawn = marks[0] * first + marks[1] * (whole - first)
        lines.append(f"{day}  {drawn:<{BAR}}  {read:,.0f} + {kept:,.0f}")
    return lines


def spared(cost: Cost, watts: float) -> list[str]:
    """What was spared and what all took, in sentences."""
    lines = []
    if cost.questions:
        lines.append(
            f"remembered answers: {cost.remembered:,.0f} of {cost.questions:,.0f} questions; when they were made they "
            f"took {cost.spared_seconds:,.0f} s, {cost.spared_cpu_seconds:,.0f} s of processor time, "
            f"{cost.spared_computed:,.0f} tokens read and {cost.spared_written:,.0f} written"
        )
    if prompts := cost.computed + cost.reused:
        seconds = f", about {cost.reused_seconds:,.0f} s of reading" if cost.reused_seconds else ""
        lines.append(
            f"kept states: {cost.reused:,.0f} of {prompts:,.0f} tokens of prompts were not read again "
            f"({cost.reused / prompts:.0%}){seconds}"
        )
    if cost.stopped:
        lines.append(f"stopped before the end: {cost.stopped:,.0f} of {cost.requests:,.0f} requests to the model")
    if cost.joules:
        lines.append(f"energy by the processor's counters, other programs included: {cost.joules / 3600:.3f} Wh")
    if cost.battery_joules:
        lines.append(f"energy from the battery, the whole machine: {cost.battery_joules / 3600:.3f} Wh")
    if estimated := watt_hours(cost, watts)[1]:
        lines.append(
            f"energy, an estimate (~) where nothing measures it: {estimated:.3f} Wh, "
            f"{cost.unmeasured_cpu_seconds:,.0f} s of processor time at {watts:g} W (stats.watts)"
        )
    return lines


def _reading(cost: Cost) -> tuple[float, float]:
    return cost.computed, cost.reused


def _drawable() -> tuple[str, str]:
    """Marks that standard output can show."""
    try:
        "█░".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#", "."
    return "█", "░"


def _days(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row.day for row in rows))


def _tree(rows: Sequence[Row], watts: float) -> dict[str, Any]:
    return {
        "wattsOfEstimate": watts,
        "rows": [{"day": row.day, "action": row.purpose, **_values(row.cost, watts)} for row in rows],
        "total": _values(total(rows), watts),
    }


def _values(cost: Cost, watts: float) -> dict[str, Any]:
    measured, estimated = watt_hours(cost, watts)
    return {name: round(value, 3) for name, value in asdict(cost).items()} | {
        "watt_hours_measured": round(measured, 6),
        "watt_hours_estimated": round(estimated, 6),
    }
