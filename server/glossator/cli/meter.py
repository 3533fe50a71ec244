"""How far long work over many definitions is: a bar on standard error, silent where that is no terminal.

Knows nothing of models: it is told what is worked on, what each piece should take, and what it took.
"""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_ENOUGH = 2
"""Pieces after which what they took says more than what was expected."""


class Meter:
    """`with Meter(total) as meter: meter.begin("tree.py:walk"); meter.done(expected, tokens)`."""

    def __init__(self, pieces: int, expected: float = 0.0, *, measured: bool = False) -> None:
        """`expected`: seconds for all `pieces`; only a proportion where the rates were not `measured`."""
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[tokens]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
        )
        console = Console(stderr=True, highlight=False)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=pieces, tokens="", left="")
        self._expected, self._measured = expected, measured
        self._begun = time.monotonic()
        self._passed = 0.0
        self._count = self.tokens = 0

    def __enter__(self) -> Meter:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def begin(self, title: str) -> None:
        """This is worked on now."""
        shown = "".join(each if each.isprintable() else " " for each in title)
        self._progress.update(self._task, description=shown, left=self._told())

    def stage(self, name: str, title: str) -> None:
        """How far the piece itself is."""
        self.begin(f"{title} · {name}")

    def done(self, expected: float = 0.0, tokens: int = 0) -> None:
        """A piece is done that should have taken so many seconds; `tokens` were read and written for it."""
        self._passed += expected
        self._count += 1
        self.tokens += tokens
        cost = f"{self.tokens} tokens" if self.tokens else ""
        self._progress.update(self._task, advance=1, tokens=cost, left=self._told())

    def seconds_left(self) -> float | None:
        """By what the pieces so far took beside what they should have; None where too little is known."""
        spent, rest = time.monotonic() - self._begun, max(self._expected - self._passed, 0.0)
        if self._count >= _ENOUGH and self._passed:
            return spent / self._passed * rest
        return rest if self._measured else None

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._begun

    def _told(self) -> str:
        left = self.seconds_left()
        return f"about {duration(left)} left" if left is not None else ""


def duration(seconds: float) -> str:
    """Seconds, for people: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
