"""What two runs of the user's tests say of the edit between them, and when they are run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.answer import sandbox
from glossator.answer.sandbox import Ended, Limits, Place
from glossator.answer.testing import LATE, Suite, compared, named

COMMAND = ("python", "-m", "pytest", "-q")
PASSED, FAILED = Ended("passed"), Ended("failed", 1, output="F\n1 failed in 0.1s\n")
STATES = st.sampled_from(["passed", "failed", "over a limit", "not run"])
LIMITS = st.sampled_from(["time", "processor time", "memory", "processes"])
TEXTS = st.text(max_size=400)


@st.composite
def runs(draw: st.DrawFn) -> Ended:
    state = draw(STATES)
    limit = draw(LIMITS) if state == "over a limit" else ""
    message = "no sandbox" if state == "not run" else ""
    return Ended(state, int(state == "failed"), limit, message, draw(TEXTS))


@given(runs(), runs(), st.lists(TEXTS, min_size=1, max_size=3))
def test_one_thing_is_said(before: Ended, after: Ended, command: list[str]) -> None:
    """They pass, or fail, or nothing is known; only an edit before which they passed can be what fails them."""
    verdict = compared(before, after, command)
    assert sum(map(bool, (verdict.rung, verdict.failing, verdict.unknown))) == 1
    assert bool(verdict.rung) == after.passed
    assert not verdict.broke or (before.passed and after.state in ("failed", "over a limit"))
    for said in (verdict.rung, verdict.failing):
        assert said.isprintable() and len(said) < 200 and "](" not in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (PASSED, PASSED, "the tests still pass"),
        (FAILED, PASSED, "the tests pass: python -m pytest -q"),
        (Ended("over a limit", limit="processor time"), PASSED, "the tests pass: python -m pytest -q"),
        (PASSED, FAILED, "1 failed in 0.1s"),
        (PASSED, Ended("failed", 7), "exit status 7"),
        (PASSED, Ended("over a limit", limit="memory"), "too much memory is used"),
        (PASSED, Ended("over a limit", limit="time"), "they took too long"),
        (FAILED, Ended("not run", message="no sandbox"), "no sandbox"),
        (Ended("over a limit", limit="time"), FAILED, "they took too long with the code as it is"),
    ],
)
def test_what_is_said(before: Ended, after: Ended, said: str) -> None:
    """The rung, the last line of what failing tests print, or why nothing is known."""
    verdict = compared(before, after, COMMAND)
    assert said in (verdict.rung, verdict.failing, verdict.unknown)


def test_the_command_as_it_is_typed() -> None:
    """A command is named as a user types it, in one short line."""
    assert named(["sh", "-c", "exit 0\nor 1"]) == "sh -c 'exit 0 or 1'"
    assert len(named(["x" * 500])) <= 61


class Fake:
    """A sandbox that runs nothing: a text with `good` in it passes."""

    def __init__(self, **ended: Any) -> None:
        self.asked: list[tuple[Place, Limits]] = []
        self.ended = ended

    async def run(self, command: tuple[str, ...], place: Place, limits: Limits) -> Ended:
        self.asked.append((place, limits))
        return self.ended.get(place.text, PASSED if "good" in place.text else FAILED)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    found = Fake()
    monkeypatch.setattr(sandbox, "run", found.run)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "work" / "inner").mkdir(parents=True)
    place = tmp_path / "work" / "inner" / "code.py"
    place.write_text("bad")
    return place


def suite(*folders: Path) -> Suite:
    return Suite(COMMAND, lambda: folders)


def soon(seconds: float = 100.0) -> float:
    return time.monotonic() + seconds


async def test_each_text_is_run_once(fake: Fake, file: Path) -> None:
    """The code as it is is run once for all edits, and an edit once; another question begins anew."""
    tests = suite(file.parent)
    trial = tests.trial(str(file), "bad")
    for text in ("good", "worse", "good"):
        await trial.verdict(text, soon())
    assert [place.text for place, _ in fake.asked] == ["bad", "good", "worse"]
    await tests.trial(str(file), "bad").verdict("good", soon())
    assert len(fake.asked) == 5


async def test_the_innermost_workspace(fake: Fake, file: Path, tmp_path: Path) -> None:
    """Of the open folders that hold the file the innermost is where the command is started."""
    tests = suite(tmp_path, file.parent, file.parent.parent, tmp_path / "other")
    await tests.trial(str(file), "bad").verdict("good", soon())
    assert {(place.workspace, place.file) for place, _ in fake.asked} == {(file.parent.resolve(), Path("code.py"))}


async def test_a_file_in_no_workspace(fake: Fake, file: Path, tmp_path: Path) -> None:
    """A file that is nowhere saved, or in no open folder, is not tested."""
    for path, folder in (
        (file.parent / "new.py", file.parent),
        (file, tmp_path / "other"),
        (Path("code.py"), tmp_path),
    ):
        verdict = await suite(folder).trial(str(path), "bad").verdict("good", soon())
        assert verdict.unknown == "the file is not saved in a workspace"
    assert not fake.asked


async def test_time(fake: Fake, file: Path) -> None:
    """The code as it is has half of the time, so that an edit may be run, too; without time nothing is run."""
    trial = suite(file.parent).trial(str(file), "bad")
    assert (await trial.verdict("good", soon(20))).rung
    assert [round(limits.seconds) for _, limits in fake.asked] == [10, 20]
    assert (await trial.verdict("worse", soon(0))).unknown == LATE
    assert len(fake.asked) == 2
    assert (await trial.verdict("worse", soon(20))).failing  # what there was no time for is not remembered


async def test_an_edit_without_end(fake: Fake, file: Path) -> None:
    """An edit has little more processor time than the code as it is, so that an endless loop costs little."""
    fake.ended = {"good": Ended("passed", cpu_seconds=1.0)}
    await suite(file.parent).trial(str(file), "good").verdict("good too", soon())
    assert [limits.cpu_seconds for _, limits in fake.asked] == [Limits().cpu_seconds, 8.0]


async def test_where_there_is_no_sandbox(fake: Fake, file: Path) -> None:
    """Where the code as it is could not be run, the edit is not run either."""
    fake.ended = {"bad": Ended("not run", message="no sandbox")}
    verdict = await suite(file.parent).trial(str(file), "bad").verdict("good", soon())
    assert verdict.unknown == "no sandbox"
    assert len(fake.asked) == 1
