"""`glossator stats` as a person meets it: what was asked, what was spared, what is an estimate."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from glossator.cli.main import glossator
from glossator.cli.stats import bars, spared
from glossator.engine.ledger import NAME, Cost, Ledger, Row

TODAY = datetime.date.today().isoformat()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLOSSATOR_HOME", str(tmp_path))
    (tmp_path / "config").mkdir()
    script = tmp_path / "script.toml"
    script.write_text("[[answer]]\ntext = 'It adds the items up.'\n")
    (tmp_path / "config" / "config.toml").write_text(f"backend = 'scripted'\nscript = '{script}'\n")
    (tmp_path / "lists.py").write_text("def total(items):\n    return sum(items)\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(glossator, arguments, prog_name="glossator")


def told(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("stats", "--json", *arguments).stdout)
    return found


def test_what_was_asked(home: Path) -> None:
    """A question and its remembered answer are two questions, one of them remembered, and one request to the model."""
    for _ in range(2):
        assert run("explain", f"{home / 'lists.py'}:total").exit_code == 0
    (row,) = told()["rows"]
    counts = (row["day"], row["action"], row["questions"], row["remembered"], row["requests"])
    assert counts == (TODAY, "explain", 2, 1, 1)
    assert row["spared_written"] == row["written"] == 5
    assert row["computed"] == row["spared_computed"] > 10
    shown = run("stats")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "remembered answers: 1 of 2 questions" in shown.stdout
    assert "lists" not in shown.stdout
    kept = (home / "stats" / NAME).read_bytes()
    assert b"lists" not in kept
    assert b"total" not in kept


def test_ahead_of_need(home: Path) -> None:
    """What `gloss` asks is told apart."""
    assert run("gloss", str(home / "lists.py")).exit_code == 0
    (row,) = told()["rows"]
    assert (row["action"], row["questions"], row["requests"]) == ("explain (ahead)", 1, 1)


def test_switched_off(home: Path) -> None:
    """With `stats.enabled` off nothing is kept, and that is what `stats` says."""
    with (home / "config" / "config.toml").open("a") as file:
        file.write("[stats]\nenabled = false\n")
    assert run("explain", f"{home / 'lists.py'}:total").exit_code == 0
    assert not (home / "stats").exists()
    assert "stats.enabled is off" in run("stats").stdout


def test_cache_clear_tells(home: Path) -> None:
    """`cache clear` says that it keeps the counts, and `--stats` forgets them."""
    assert "nothing was asked" in run("stats").stdout
    assert "kept" not in run("cache", "clear").stdout
    run("explain", f"{home / 'lists.py'}:total")
    assert "--stats forgets it" in run("cache", "clear").stdout
    assert told()["rows"]
    assert f"cleared {home / 'stats' / NAME}" in run("cache", "clear", "--stats").stdout
    assert not told()["rows"]


def test_estimates_say_so(home: Path) -> None:
    """Energy that nothing measured is an estimate by a figure that is named; what was measured is not marked."""
    ledger = Ledger(home / "stats")
    ledger.add("fix", Cost(questions=1, requests=1, cpu_seconds=600, unmeasured_cpu_seconds=600))
    ledger.add("explain", Cost(questions=1, requests=1, cpu_seconds=600, joules=7200))
    assert ledger.flush(20)
    lines = run("stats").stdout.splitlines()
    assert lines[1].split()[-1] == "2.000"
    assert lines[2].split()[-1] == "~1.000"
    assert lines[-1].startswith("energy, an estimate (~)")
    assert "600 s of processor time at 6 W (stats.watts)" in lines[-1]
    with (home / "config" / "config.toml").open("a") as file:
        file.write("[stats]\nwatts = 12\n")
    assert told()["total"]["watt_hours_estimated"] == 2.0


def test_damage_is_a_sentence(home: Path) -> None:
    """Counts that cannot be read are one sentence and exit code 3."""
    (home / "stats").mkdir()
    (home / "stats" / NAME).write_text("no database")
    result = run("stats")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (3, "", 1)
    assert "cache clear --stats" in result.stderr


def test_bars() -> None:
    """A bar is as long as its day's share of the most, the read part first and never nothing."""
    rows = [
        Row("2026-01-01", "explain", Cost(computed=100, reused=300)),
        Row("2026-01-01", "fix", Cost(computed=100, reused=300)),
        Row("2026-01-02", "explain", Cost(computed=1, reused=399)),
        Row("2026-01-03", "explain", Cost(questions=1)),
    ]
    _, first, second, third = bars(rows, ("#", "."))
    assert first == "2026-01-01  " + "#" * 10 + "." * 30 + "  200 + 600"
    assert second.split()[1] == "#" + "." * 19
    assert third.split() == ["2026-01-03", "0", "+", "0"]
    assert bars(rows[3:], ("#", ".")) == []


def test_kept_states() -> None:
    """The share of what was not read again, and what reading it would have taken."""
    (line,) = spared(Cost(computed=1000, reused=3000, reused_seconds=60), 6)
    assert line == "kept states: 3,000 of 4,000 tokens of prompts were not read again (75%), about 60 s of reading"
