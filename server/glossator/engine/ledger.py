"""What answers cost and what was spared, added up by day and purpose, on this machine alone. Knows no engines.

One small SQLite table in a private folder, for any number of processes: sums, so it grows with days and not with
questions; no text, no names of files. A thread writes it, and no trouble with it reaches an answer.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import math
import queue
import re
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from . import EngineError, Usage
from .private import private_folder

log = logging.getLogger(__name__)

NAME = "spent.sqlite"
DAYS = 400  # that are kept
MOST_PURPOSES = 64  # a day; what comes after them is added up as one
OTHER = "other"
_PAGES = 2048  # of 4 KB; a year of many actions takes a tenth of it
_WAIT_SECONDS = 5.0  # for other processes, in the thread that writes
_GATHER_SECONDS = 1.0  # what comes within it is written together
_PURPOSE = re.compile(r"[a-z0-9_]{1,40}( \(ahead\))?")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer or a sum of them cost. Tokens are counts; seconds are wall time unless they are the processor's.

    Attributes:
        questions: Actions that came to an outcome.
        remembered: Of these, answered from disk alone.
        requests: What the model was asked; an action may ask several times.
        stopped: Of these, ended before the model was done.
        computed: Tokens of prompts that were evaluated.
        reused: Tokens of prompts that were taken from a kept state.
        written: Tokens of thoughts and answers.
        seconds: In which the model worked.
        cpu_seconds: Of all its threads.
        joules: What the processor's own counters say that it used meanwhile.
        battery_joules: What the machine drew from its battery meanwhile, where those do not tell.
        unmeasured_cpu_seconds: The part of `cpu_seconds` for which neither told.
        reused_seconds: What reading the reused tokens would have taken, at the rate that was known then.
        spared_computed, spared_written, spared_seconds, spared_cpu_seconds: What remembered answers cost when they were
            made.
    """

    questions: float = 0
    remembered: float = 0
    requests: float = 0
    stopped: float = 0
    computed: float = 0
    reused: float = 0
    written: float = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    joules: float = 0.0
    battery_joules: float = 0.0
    unmeasured_cpu_seconds: float = 0.0
    reused_seconds: float = 0.0
    spared_computed: float = 0
    spared_written: float = 0
    spared_seconds: float = 0.0
    spared_cpu_seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Row:
    """The sum of a day (`2026-01-31`, local time) and a purpose: an action's name, and whether it was ahead of need."""

    day: str
    purpose: str
    cost: Cost


Weigh = Callable[[Cost], Cost]
"""Adds to a cost what takes a while to find out; called in the thread that writes."""

_COLUMNS = tuple(each.name for each in fields(Cost))
_TABLE = "spent_1"  # the number changes with the columns
_SCHEMA = f"CREATE TABLE IF NOT EXISTS {_TABLE} (day TEXT NOT NULL, purpose TEXT NOT NULL, " + (
    ", ".join(f"{name} REAL NOT NULL" for name in _COLUMNS) + ", PRIMARY KEY (day, purpose)) WITHOUT ROWID"
)
_ADD = (
    f"INSERT INTO {_TABLE} VALUES (?, ?{', ?' * len(_COLUMNS)}) ON CONFLICT (day, purpose) DO UPDATE SET "  # noqa: S608
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _COLUMNS)
)


class Ledger:
    """Adds up what is told. `folder`: where it is kept; None: nowhere. No method but `rows` raises or waits long."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._todo: queue.Queue[tuple[str, str, Cost, Weigh | None] | threading.Event] = queue.Queue(maxsize=1000)
        self._thread: threading.Thread | None = None

    def add(self, purpose: str, cost: Cost, weigh: Weigh | None = None) -> None:
        """Add `cost` to today's, soon; dropped where that cannot be."""
        if self._folder is not None:
            named = purpose if _PURPOSE.fullmatch(purpose) else OTHER
            self._do((datetime.date.today().isoformat(), named, cost, weigh))

    def asked(self, purpose: str, spared: Usage | None = None) -> None:
        """A question came to an outcome; `spared`: what its remembered answer cost when it was made."""
        if spared is None:
            self.add(purpose, Cost(questions=1))
            return
        self.add(
            purpose,
            Cost(
                questions=1,
                remembered=1,
                spared_computed=max(0, spared.prompt_tokens - spared.reused_tokens),
                spared_written=max(0, spared.thought_tokens + spared.answer_tokens),
                spared_seconds=max(0.0, spared.seconds),
                spared_cpu_seconds=max(0.0, spared.cpu_seconds),
            ),
        )

    def flush(self, seconds: float) -> bool:
        """Wait until what was told so far is on disk (or given up); False: it takes longer."""
        done = threading.Event()
        return self._thread is None or (self._do(done) and done.wait(seconds))

    def rows(self, days: int) -> list[Row]:
        """The sums of the last `days` days, today's included. Raises `EngineError` where they cannot be read."""
        if self._folder is None or not (place := self._folder / NAME).exists():
            return []
        since = (datetime.date.today() - datetime.timedelta(days=max(1, days) - 1)).isoformat()
        try:
            with contextlib.closing(_open(place, create=False)) as database:
                if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone():
                    return []
                found = database.execute(
                    f"SELECT * FROM {_TABLE} WHERE day >= ? ORDER BY day, purpose",  # noqa: S608 - a name of our own
                    (since,),
                ).fetchall()
                return [_row(values) for values in found]
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            raise EngineError(
                f"what answers cost cannot be read from {place} ({error}); "
                "`glossator cache clear --stats` begins it anew"
            ) from error

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _do(self, work: tuple[str, str, Cost, Weigh | None] | threading.Event) -> bool:
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="ledger", daemon=True)
            self._thread.start()
        try:
            self._todo.put_nowait(work)
        except queue.Full:
            return False
        return True

    def _keep(self) -> None:
        while True:
            batch = [self._todo.get()]
            until = time.monotonic() + _GATHER_SECONDS
            with contextlib.suppress(queue.Empty):
                while not isinstance(batch[-1], threading.Event):  # somebody waits
                    batch.append(self._todo.get(timeout=max(0.0, until - time.monotonic())))
            told = [each for each in batch if not isinstance(each, threading.Event)]
            try:
                if told and self._folder is not None:
                    _write(self._folder, [_weighed(*each) for each in told])
            except Exception as error:  # counts are not worth anybody's trouble
                log.info("what answers cost is not kept: %s", error)
            for each in batch:
                if isinstance(each, threading.Event):
                    each.set()


def _weighed(day: str, purpose: str, cost: Cost, weigh: Weigh | None) -> Row:
    return Row(day, purpose, weigh(cost) if weigh else cost)


def _write(folder: Path, rows: Sequence[Row]) -> None:
    """Add `rows`; what cannot be read any more is begun anew. Raises `OSError` or `sqlite3.Error`."""
    private_folder(folder)
    place = folder / NAME
    try:
        _add(place, rows)
    except sqlite3.OperationalError:  # locked, full, read-only: no fault of the file's
        raise
    except sqlite3.DatabaseError:
        place.unlink(missing_ok=True)
        _add(place, rows)


def _add(place: Path, rows: Sequence[Row]) -> None:
    oldest = (datetime.date.today() - datetime.timedelta(days=DAYS)).isoformat()
    with contextlib.closing(_open(place, create=True)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        database.execute(_SCHEMA)
        database.execute(f"DELETE FROM {_TABLE} WHERE day < ?", (oldest,))  # noqa: S608 - a name of our own
        for row in rows:
            held = database.execute(
                f"SELECT purpose FROM {_TABLE} WHERE day = ?",  # noqa: S608 - a name of our own
                (row.day,),
            ).fetchall()
            known = len(held) < MOST_PURPOSES or (row.purpose,) in held
            database.execute(_ADD, (row.day, row.purpose if known else OTHER, *astuple(row.cost)))


def _open(place: Path, *, create: bool) -> sqlite3.Connection:
    if place.is_symlink() or (place.exists() and not stat.S_ISREG(place.stat().st_mode)):
        raise OSError(f"{place} is no file")
    mode = "rwc" if create else "ro"
    database = sqlite3.connect(f"{place.absolute().as_uri()}?mode={mode}", uri=True, timeout=_WAIT_SECONDS)
    database.isolation_level = None
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "synchronous=OFF"):
        database.execute(f"PRAGMA {pragma}")
    database.execute(f"PRAGMA max_page_count={_PAGES}")
    return database


def _row(values: Sequence[object]) -> Row:
    """Raises `ValueError` for what was not written here."""
    day, purpose, *numbers = values
    if not isinstance(day, str) or not isinstance(purpose, str) or len(numbers) != len(_COLUMNS):
        raise ValueError("a row is not of ours")
    datetime.date.fromisoformat(day)
    counts = [float(each) for each in numbers if isinstance(each, int | float)]
    if not _PURPOSE.fullmatch(purpose) or len(counts) != len(numbers) or not all(map(math.isfinite, counts)):
        raise ValueError("a row is not of ours")
    return Row(day, purpose, Cost(*counts))


def battery_weighed(cost: Cost, watts: float) -> Cost:
    """`cost` with what a battery gave, in place of an unmeasured part; `watts` 0: it gave nothing."""
    if not watts or not cost.unmeasured_cpu_seconds:
        return cost
    return replace(cost, battery_joules=watts * cost.seconds, unmeasured_cpu_seconds=0.0)
