"""What answers cost: added up rightly by many processes, and never at the cost of an answer."""

from __future__ import annotations

import asyncio
import datetime
import math
import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.engine import Chunk, EngineError, Finished, Message, Priority, Queued, Reading, Request, Text, Usage
from glossator.engine import ledger as ledgers
from glossator.engine.energy import Counters, battery_watts
from glossator.engine.front import Front
from glossator.engine.ledger import Cost, Ledger, battery_weighed
from glossator.engine.recorded import Recorded
from glossator.engine.scripted import Rule, Scripted

ASKED = Request((Message("user", "x"),), purpose="explain")


def written(folder: Path, *costs: tuple[str, Cost]) -> Ledger:
    ledger = Ledger(folder)
    for purpose, cost in costs:
        ledger.add(purpose, cost)
    assert ledger.flush(20)
    return ledger


def sums(folder: Path, days: int = 1) -> dict[str, Cost]:
    return {row.purpose: row.cost for row in Ledger(folder).rows(days)}


def test_adds_up(tmp_path: Path) -> None:
    """Costs of one purpose and day become one row, over several ledgers; the folder is the user's alone."""
    written(tmp_path / "s", ("explain", Cost(requests=1, computed=100, cpu_seconds=1.5)), ("fix", Cost(questions=1)))
    written(tmp_path / "s", ("explain", Cost(requests=1, computed=20, cpu_seconds=0.25)))
    found = sums(tmp_path / "s")
    assert found == {"explain": Cost(requests=2, computed=120, cpu_seconds=1.75), "fix": Cost(questions=1)}
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700


def test_remembered_questions(tmp_path: Path) -> None:
    """A remembered answer counts as a question, and what it cost when it was made is what was spared."""
    ledger = Ledger(tmp_path)
    ledger.asked("explain")
    ledger.asked("explain", Usage(100, 40, 5, 7, 0, 3.0, 6.0))
    assert ledger.flush(20)
    assert sums(tmp_path)["explain"] == Cost(
        questions=2, remembered=1, spared_computed=60, spared_written=12, spared_seconds=3.0, spared_cpu_seconds=6.0
    )


def test_nothing_is_spared_less_than_nothing(tmp_path: Path) -> None:
    """Numbers that contradict themselves take nothing from what was spared before."""
    ledger = Ledger(tmp_path)
    ledger.asked("explain", Usage(100, 40, 5, 7, 0, 3.0, 6.0))
    ledger.asked("explain", Usage(0, 10**9, -5, -7, 0, -3.0, math.nan))
    assert ledger.flush(20)
    assert sums(tmp_path)["explain"] == Cost(
        questions=2, remembered=2, spared_computed=60, spared_written=12, spared_seconds=3.0, spared_cpu_seconds=6.0
    )


def test_several_processes(tmp_path: Path) -> None:
    """Four processes that write at once lose nothing."""
    program = """
        import sys
        from pathlib import Path
        from glossator.engine.ledger import Cost, Ledger
        ledger = Ledger(Path(sys.argv[1]))
        for number in range(25):
            ledger.add("explain", Cost(requests=1, computed=number))
            if number % 5 == 0:
                assert ledger.flush(60)
        assert ledger.flush(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(4)]
    assert [each.wait(120) for each in running] == [0] * 4
    assert sums(tmp_path)["explain"] == Cost(requests=100, computed=4 * sum(range(25)))


def test_off(tmp_path: Path) -> None:
    """Without a folder nothing is kept and no thread is started."""
    ledger = Ledger(None)
    ledger.asked("explain")
    assert (ledger.rows(7), ledger.flush(0), ledger._thread, list(tmp_path.iterdir())) == ([], True, None, [])


@pytest.mark.parametrize("damage", [b"", b"no database at all", b"SQLite format 3\0" + b"\xff" * 4000])
def test_damage(tmp_path: Path, damage: bytes) -> None:
    """A damaged file is begun anew by the next cost."""
    written(tmp_path, ("explain", Cost(questions=1)))
    (tmp_path / ledgers.NAME).write_bytes(damage)
    written(tmp_path, ("explain", Cost(questions=3)))
    assert sums(tmp_path) == {"explain": Cost(questions=3)}


def test_trouble_is_told_to_who_reads_alone(tmp_path: Path) -> None:
    """A file that cannot be read is a sentence that says what to do; whoever adds to it is not disturbed."""
    (tmp_path / ledgers.NAME).write_bytes(b"no database at all")
    with pytest.raises(EngineError, match="cache clear --stats"):
        Ledger(tmp_path).rows(1)
    taken = tmp_path / "taken"
    taken.write_text("a file where the folder should be")
    written(taken, ("explain", Cost(questions=1)))
    (tmp_path / "linked").mkdir(mode=0o700)
    (tmp_path / "linked" / ledgers.NAME).symlink_to(tmp_path / "elsewhere")
    written(tmp_path / "linked", ("explain", Cost(questions=1)))
    assert not (tmp_path / "elsewhere").exists()


def test_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the file, costs are dropped after a while, and later ones are kept."""
    monkeypatch.setattr(ledgers, "_WAIT_SECONDS", 0.05)
    written(tmp_path, ("explain", Cost(questions=1)))
    with sqlite3.connect(tmp_path / ledgers.NAME) as other:
        other.execute("BEGIN EXCLUSIVE")
        written(tmp_path, ("explain", Cost(questions=10)))
    other.close()
    written(tmp_path, ("explain", Cost(questions=100)))
    assert sums(tmp_path) == {"explain": Cost(questions=101)}


def test_bounded(tmp_path: Path) -> None:
    """Old days go, and neither many purposes nor odd ones make the table grow."""
    old = (datetime.date.today() - datetime.timedelta(days=ledgers.DAYS + 1)).isoformat()
    ledgers._write(tmp_path, [ledgers.Row(old, "explain", Cost(questions=1))])
    costs = [(f"action_{number}", Cost(questions=1)) for number in range(100)]
    written(tmp_path, *costs, ("/home/me/secret.py", Cost(questions=1)), ("action_0", Cost(questions=1)))
    found = sums(tmp_path, ledgers.DAYS + 5)
    assert len(found) == ledgers.MOST_PURPOSES + 1
    assert found["action_0"].questions == 2
    assert sum(cost.questions for cost in found.values()) == 102
    assert b"secret" not in (tmp_path / ledgers.NAME).read_bytes()


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=9), st.binary(max_size=9), st.floats(), st.integers()), max_size=20)
)
def test_rows_are_not_believed(values: list[object]) -> None:
    """A row of whatever kind is understood or refused, never something in between."""
    try:
        row = ledgers._row(["2026-01-31", "explain", *values])
    except (ValueError, OverflowError):
        return
    assert len(values) == len(ledgers._COLUMNS)
    assert all(map(math.isfinite, (row.cost.questions, row.cost.spared_cpu_seconds)))


# --- the engine in front ----------------------------------------------------------------------------------------------


class Written(Front):
    """An engine that says given chunks."""

    def __init__(self, *chunks: Chunk) -> None:
        super().__init__(Scripted([]))
        self.chunks = chunks

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        for chunk in self.chunks:
            yield chunk


async def spent(tmp_path: Path, engine: Front | Scripted, request: Request, take: int = 1000) -> dict[str, Cost]:
    ledger = Ledger(tmp_path)
    recorded = Recorded(engine, ledger)
    stream = recorded.stream(request)
    async for _ in stream:
        take -= 1
        if not take:
            break
    await stream.aclose()
    await recorded.close()
    return sums(tmp_path)


async def test_what_the_engine_says(tmp_path: Path) -> None:
    """Of a whole answer the engine's own numbers count, under its purpose; nothing measured its energy."""
    usage = Usage(100, 60, 2, 8, 0, 2.5, 4.0)
    engine = Written(Queued(1), Reading(60, 100), Text("a", 10), Finished("stop", usage))
    cost = (await spent(tmp_path, engine, ASKED))["explain"]
    assert (cost.requests, cost.stopped, cost.computed, cost.reused, cost.written) == (1, 0, 40, 60, 10)
    assert (cost.seconds, cost.cpu_seconds, cost.unmeasured_cpu_seconds) == (2.5, 4.0, 4.0)


async def test_stopped(tmp_path: Path) -> None:
    """Of an answer that was stopped what was done until then counts, a second beginning included."""
    begun = (Reading(10, 100), Reading(60, 100), Reading(0, 100), Reading(50, 100), Text("a", 3))
    engine = Written(Queued(0), *begun, Text("b", 3), Finished("stop"))
    ahead = Request(ASKED.messages, purpose="explain", priority=Priority.PREFETCH)
    cost = (await spent(tmp_path, engine, ahead, take=6))["explain (ahead)"]
    assert (cost.requests, cost.stopped, cost.computed, cost.reused, cost.written) == (1, 1, 100, 10, 3)


async def test_nothing_was_done(tmp_path: Path) -> None:
    """What was given up while it waited costs nothing."""
    assert await spent(tmp_path, Written(Queued(3), Queued(2), Reading(0, 1)), ASKED, take=2) == {}


async def test_no_trouble_of_the_ledger_reaches_an_answer(tmp_path: Path) -> None:
    """With a ledger that cannot be written an answer comes as ever."""
    (tmp_path / "file").write_text("")
    engine = Recorded(Scripted([Rule(text="It adds.")]), Ledger(tmp_path / "file"))
    said = "".join([chunk.text async for chunk in engine.stream(ASKED) if isinstance(chunk, Text)])
    await asyncio.wait_for(engine.close(), 30)
    assert said == "It adds."


# --- energy -----------------------------------------------------------------------------------------------------------


def zone(folder: Path, at: str, **files: object) -> Path:
    place = folder / at
    place.mkdir(parents=True)
    for file, value in files.items():
        (place / file).write_text(f"{value}\n")
    return place


def test_counters(tmp_path: Path) -> None:
    """Packages are added up, parts of them are not; a counter that began anew is understood."""
    first = zone(tmp_path, "intel-rapl:0", name="package-0", energy_uj=900, max_energy_range_uj=1000)
    second = zone(tmp_path, "intel-rapl:1", name="package-1", energy_uj=0, max_energy_range_uj=10**9)
    zone(tmp_path, "intel-rapl:0:0", name="core", energy_uj=5, max_energy_range_uj=1000)
    zone(tmp_path, "intel-rapl:2", name="psys", energy_uj=5, max_energy_range_uj=1000)
    counters = Counters(tmp_path)
    before = counters.now()
    (first / "energy_uj").write_text("100\n")
    (second / "energy_uj").write_text("2000000\n")
    assert counters.joules(before, counters.now()) == pytest.approx(2.0002)
    (first / "energy_uj").write_text("odd\n")
    assert (counters.now(), counters.joules(before, counters.now())) == ((), 0.0)


def test_nothing_tells(tmp_path: Path) -> None:
    """Without counters and batteries nothing is measured, and nothing fails."""
    counters = Counters(tmp_path / "none")
    assert (counters.now(), counters.joules((), ()), battery_watts(tmp_path / "none")) == ((), 0.0, 0.0)


def test_battery(tmp_path: Path) -> None:
    """What a battery gives takes the place of an estimate while it is discharged, and only then."""
    battery = zone(tmp_path, "BAT0", type="Battery", status="Discharging", power_now=12_500_000)
    zone(tmp_path, "AC", type="Mains", status="Discharging", power_now=99_000_000)
    assert battery_watts(tmp_path) == 12.5
    cost = Cost(seconds=2.0, cpu_seconds=4.0, unmeasured_cpu_seconds=4.0)
    assert battery_weighed(cost, 12.5) == Cost(seconds=2.0, cpu_seconds=4.0, battery_joules=25.0)
    assert battery_weighed(cost, 0.0) == cost
    (battery / "power_now").unlink()
    (battery / "current_now").write_text("1000000\n")
    (battery / "voltage_now").write_text("11000000\n")
    assert battery_watts(tmp_path) == 11.0
    (battery / "status").write_text("Charging\n")
    assert battery_watts(tmp_path) == 0.0
