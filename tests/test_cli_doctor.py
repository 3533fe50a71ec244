"""What `glossator doctor` says: each thing that is wrong with what to do, in words, on any machine."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.text import Text

from glossator.answer import limited
from glossator.answer.sandbox import Ended, Place
from glossator.cli import doctor, fitting, house
from glossator.cli.finding import Finding, wrong
from glossator.cli.survey import Survey
from glossator.engine import ModelInfo
from glossator.engine.calibration import Calibration, Shelf, Speed
from glossator.engine.process import Options
from glossator.models import catalogue
from glossator.settings import Folders, Run, Settings, folders

GIB = 1 << 30
QUIET = Calibration(
    speeds=(Speed(1, 146.0, 21.0), Speed(2, 240.0, 28.0)),
    plain=Speed(2, 240.0, 28.0),
    repacked=Speed(2, 150.0, 29.0),
    repack=False,
    ubatch=128,
    ubatch_gain=1.05,
    prefill_rate=240.0,
    decode_rate=28.0,
    memory=1_800_000_000,
    when=1_700_000_000.0,
)
BUILD = "1.0 CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 1 | OPENMP = 1 |"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gguf: Callable[..., bytes]) -> Folders:
    """A home of its own with a small model that is sound; no process of llama.cpp is started."""
    monkeypatch.setenv("GLOSSATOR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GLOSSATOR_MODEL", raising=False)
    places = folders()
    for folder in (places.config, places.models):
        folder.mkdir(parents=True)
    (places.models / "mine.gguf").write_bytes(gguf({"qwen2.attention.head_count": 4, "qwen2.embedding_length": 64}))
    (places.config / "model").write_text("mine\n")
    told(monkeypatch, Survey(BUILD, False, QUIET))
    return places


def told(monkeypatch: pytest.MonkeyPatch, survey: Survey) -> None:
    def answer(options: Options | None, say: Callable[[str], None]) -> Survey:
        say("a step")
        return survey if options else replace(survey, calibration=None)

    monkeypatch.setattr(doctor, "survey", answer)


def examined(places: Folders, *, measure: bool = True) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for each in doctor.examine(places, lambda step: None, measure=measure):
        if each.what not in found or found[each.what].level == "ok":
            found[each.what] = each
    return found


def bad(found: dict[str, Finding]) -> set[str]:
    return {each.what for each in found.values() if each.level == "wrong"}


def test_all_is_well(home: Folders) -> None:
    """A sound model and a quiet machine: nothing is wrong, and the measurement is kept for the engine."""
    found = examined(home)
    assert not bad(found)
    assert "240" in found["speed"].found
    assert ("2", "240", "28.0", "reads and writes with these") in found["speed"].rows
    assert Shelf(home.cache / "calibration", found["model"].facts["sha256"]).load() == QUIET
    assert "measured 2023" in examined(home, measure=False)["speed"].found


def test_not_measured(home: Folders) -> None:
    """Without a measurement nothing is made up: no speed, no costs, and models by memory alone."""
    found = examined(home, measure=False)
    assert (found["speed"].found, "costs" in found) == ("not measured", False)
    assert all(each["seconds"] is None for each in found["catalogue"].facts["models"])


def test_busy_machine(home: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured beside busy programs is said to be so, is no reason to choose a model, and replaces nothing."""
    crowded = replace(QUIET, busy=1.5, prefill_rate=20.0, decode_rate=2.0)
    told(monkeypatch, Survey(BUILD, False, crowded))
    found = examined(home)
    assert found["speed"].level == "note"
    assert "1.5 cores" in found["speed"].remedy
    assert all(each["seconds"] is None for each in found["catalogue"].facts["models"])
    shelf = Shelf(home.cache / "calibration", found["model"].facts["sha256"])
    assert shelf.load().prefill_rate == 0
    shelf.store(QUIET)
    assert "other programs are busy now" in examined(home)["speed"].found
    assert shelf.load() == QUIET


def test_crash_of_the_library(home: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A llama.cpp that ends its process is told of, with what to do; all the rest is told too."""
    told(monkeypatch, Survey(error="the process ended (signal 4)"))
    found = examined(home)
    assert bad(found) == {"llama.cpp"}
    assert "install glossator anew" in found["llama.cpp"].remedy
    assert found["catalogue"]


def test_slow_build(home: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that leaves the processor's best instructions unused is worth a word."""
    monkeypatch.setattr(doctor.machine, "flags", lambda: frozenset({"avx2", "avx512f"}))
    told(monkeypatch, Survey("1.0 CPU : SSE3 = 1 | OPENMP = 1 |", False, QUIET))
    found = examined(home)
    assert bad(found) == {"llama.cpp"}
    assert "AVX2" in found["llama.cpp"].found
    told(monkeypatch, Survey("1.0 CPU : AVX2 = 1 |", False, QUIET))
    assert examined(home)["llama.cpp"].level == "note"


def test_damaged_model(home: Folders) -> None:
    """A damaged file is named with what to do."""
    (home.models / "mine.gguf").write_bytes(b"<html>not found</html>")
    found = examined(home)
    assert bad(found) == {"model"}
    assert "mine.gguf" in found["model"].found
    assert found["model"].remedy


def test_wrong_settings_and_prompts(home: Folders) -> None:
    """Wrong settings and prompt files are named by file, field and line; the rest is looked at with the defaults."""
    (home.config / "config.toml").write_text("hover = 3\n")
    (home.config / "prompts").mkdir()
    (home.config / "prompts" / "haiku.md").write_text("no front matter")
    found = examined(home)
    assert bad(found) == {"settings", "prompts"}
    assert "hover" in found["settings"].found
    assert "haiku.md" in found["prompts"].found


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_folders(home: Folders) -> None:
    """States that others may read and files where folders should be are wrong; nothing is changed."""
    (home.cache / "states").mkdir(parents=True)
    (home.cache / "states").chmod(0o755)
    home.logs.write_text("a file")
    found = examined(home)
    assert bad(found) == {"states", "logs"}
    assert found["states"].remedy == f"chmod 700 {home.cache / 'states'}"
    assert stat.S_IMODE((home.cache / "states").stat().st_mode) == 0o755


def test_little_disk(home: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full is wrong: states and models would not be kept."""
    usage = house.shutil._ntuple_diskusage(1 << 40, 1 << 40, 1 << 20)  # type: ignore[attr-defined]
    monkeypatch.setattr(house.shutil, "disk_usage", lambda path: usage)
    assert {"cache", "models"} <= bad(examined(home))


def test_too_little_memory(home: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that does not fit the free memory is wrong."""
    monkeypatch.setattr(house, "memory", lambda: (1 << 28, 1 << 26))
    found = examined(home)
    assert bad(found) == {"memory"}
    assert "smaller model" in found["memory"].remedy


def test_last_errors(home: Folders) -> None:
    """The last error of the engine's log is shown; what is older than a day is not."""
    home.logs.mkdir()
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    (home.logs / "engine.log").write_text(
        "2001-01-01 00:00:00,000 1 ERROR old\n" + f"{now},123 7 ERROR it fell\n{now},124 7 INFO fine\n"
    )
    assert "it fell" in examined(home)["log"].found
    (home.logs / "engine.log").write_text("2001-01-01 00:00:00,000 1 ERROR old\n")
    assert "log" not in examined(home)


def test_checkers(home: Folders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Which program checks which language is told in a line each; none of them is missed."""
    (tmp_path / "rustc").write_text("#!/bin/sh\n")
    (tmp_path / "rustc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = examined(home, measure=False)["checkers"]
    assert found.level == "ok"
    rows = dict(found.rows)
    assert rows["Rust"] == str(tmp_path / "rustc")
    assert rows["Go"] == "gofmt not installed: edits of Go are checked by parsing alone"
    assert found.facts["programs"]["go"] is None
    assert len(rows) == 1 + len(found.facts["programs"])


def test_what_cannot_be_looked_at(home: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in one look is a finding, and the others are made all the same."""

    def fails() -> list[Finding]:
        raise RuntimeError("SOURCE TEXT")

    monkeypatch.setattr(house, "about", fails)
    found = examined(home)
    assert bad(found) == {"machine"}
    assert "SOURCE" not in found["machine"].found
    assert "model" in found


def test_other_backends(home: Folders) -> None:
    """A remote server needs no model here."""
    (home.config / "config.toml").write_text("backend = 'remote'\nremote.baseUrl = 'http://localhost:1/v1'\n")
    found = examined(home)
    assert "http://localhost:1/v1" in found["model"].found
    assert "speed" not in found


# --- estimates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "prefill", "decode", "best"),
    [
        (24, 240.0, 28.0, "qwen2.5-coder-1.5b"),
        (24, 20.0, 4.0, "qwen2.5-coder-0.5b"),
        (2, 240.0, 28.0, "qwen2.5-coder-0.5b"),
        (32, 3000.0, 120.0, "qwen2.5-coder-7b"),
        (4, 3000.0, 120.0, "qwen2.5-coder-1.5b"),
    ],
)
def test_which_model_fits(memory: int, prefill: float, decode: float, best: str) -> None:
    """The largest model that the memory holds and that answers soon, by what the 1.5B did here."""
    size = catalogue.card(catalogue.DEFAULT).bytes
    known = Calibration(prefill_rate=prefill, decode_rate=decode)
    found = fitting.fits(memory * GIB, memory * GIB, known, size)
    assert fitting.best(found).name == best


def test_costs() -> None:
    """A hover in a new file begins within four seconds, sooner in one that was read, and thinking takes its time."""
    info = ModelInfo("a", "b", 16384, prefill_rate=240.0, decode_rate=28.0)
    plain, thinking = fitting.costs(info), fitting.costs(replace(info, reasoning=True))
    assert plain.warm < plain.cold <= 4.0
    assert plain.cold < plain.whole
    assert thinking.edit > plain.edit


# --- the command ------------------------------------------------------------------------------------------------------


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"GLOSSATOR_HOME": str(home)}
    command = [sys.executable, "-m", "glossator", "doctor", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def test_command_without_a_model(tmp_path: Path) -> None:
    """Without a model: exit code 3, how to get one and which one fits; plain lines in a pipe, nothing is made."""
    done = run(tmp_path / "home")
    assert done.returncode == 3
    assert "glossator model pull" in done.stdout
    assert "fits" in done.stdout
    assert "\x1b" not in done.stdout
    assert not (tmp_path / "home" / "models").exists()


def test_command_as_json(tmp_path: Path) -> None:
    """`--json` prints one object with every finding."""
    done = run(tmp_path, "--json", "--no-measure")
    found = json.loads(done.stdout)
    assert found["ok"] is False
    assert {each["what"] for each in found["findings"] if each["level"] == "wrong"} == {"model"}
    assert all(each["found"] for each in found["findings"])


def test_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The user's folder is shown as `~`; a terminal breaks lines between words, under their first one."""
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    words = "/home/ada/glossator, not /home/adam, nor /mnt/home/ada/glossator"
    found = [Finding("config", words), wrong("model", words, f"look into {words}")]
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    doctor.show(found)
    plain = capsys.readouterr().out.splitlines()
    assert plain[0] == "ok    config     ~/glossator, not /home/adam, nor /mnt/home/ada/glossator"
    assert plain[2] == " " * 17 + "→ look into ~/glossator, not /home/adam, nor /mnt/home/ada/glossator"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "50")
    doctor.show(found[:1])
    shown = Text.from_ansi(capsys.readouterr().out).plain.splitlines()
    assert shown[:2] == ["ok    config     ~/glossator, not /home/adam, nor", " " * 17 + "/mnt/home/ada/glossator"]


def test_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user lets examples be run it is said what keeps them in, or why they are not run; else nothing is."""
    walled = limited.Ran("passed", isolation=("system call filter",))
    monkeypatch.setattr(limited, "run", lambda code: walled)
    assert list(house.sandbox(Settings())) == []
    (found,) = house.sandbox(Settings(run=Run(examples=True)))
    assert (found.level, "system call filter" in found.found) == ("ok", True)
    monkeypatch.setattr(limited, "run", lambda code: limited.Ran("not run", message="no filter"))
    (found,) = house.sandbox(Settings(run=Run(examples=True)))
    assert (found.level, found.found) == ("note", "are not run: no filter")


@pytest.mark.parametrize(
    ("ended", "level", "said"),
    [
        (
            Ended("passed", layered=True),
            "ok",
            "are run (run.tests): sh tests, kept in by namespaces, system call filter",
        ),
        (Ended("passed"), "ok", "they cannot write into the workspace"),
        (Ended("not run", message="no namespaces"), "note", "are not run: no namespaces"),
    ],
)
def test_tests(ended: Ended, level: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user named a test command it is said what keeps it in, or why it is not run; else nothing is."""

    async def run(command: list[str], place: Place) -> Ended:
        return ended

    monkeypatch.setattr(house, "run_in_sandbox", run)
    assert list(house.testing(Settings())) == []
    (found,) = house.testing(Settings(run=Run(tests=("sh", "tests"))))
    assert found.what == "tests" and found.level == level and said in found.found
