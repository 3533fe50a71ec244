"""Where the user named a test command, it decides which repair is offered, and says no more than it can."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Event, Outcome, Proposal, Refusal, Stage
from glossator.action.run import recall, recall_checked, run
from glossator.action.target import target_at
from glossator.action.tools import Tools
from glossator.answer import sandbox
from glossator.answer.running import Runs
from glossator.answer.sandbox import Ended, Limits, Place
from glossator.answer.testing import Suite
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Likely, Rule, Scripted

from .range_sample import CODE, DOUBTS, NONSENSE, likelihoods, mended, written

ACTIONS = load(prompts_folder())[0]
TEXT, RIGHT = CODE, mended(CODE)
LIKELY = likelihoods(-3.0)
CHECK = "from ranges import holds\n\nassert holds(3, 1, 3), 'the upper end'\nassert not holds(0, 1, 3)\n"


class Fake:
    """A sandbox that runs nothing: `passing` says with which texts the tests pass."""

    def __init__(self, *passing: str) -> None:
        self.passing = passing
        self.asked: list[str] = []
        self.instead: Ended | None = None

    async def run(self, command: Sequence[str], place: Place, limits: Limits) -> Ended:
        self.asked.append(place.text)
        if self.instead is not None:
            return self.instead
        if any(part in place.text for part in self.passing):
            return Ended("passed")
        return Ended("failed", 1, output="..F\n1 failed, 2 passed [x](command:y)\n\n")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    found = Fake("value <= high")
    monkeypatch.setattr(sandbox, "run", found.run)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "ranges.py"
    place.write_text(TEXT)
    (tmp_path / "check.py").write_text(CHECK)
    return place


def on_disk(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir()}


async def done(
    file: Path,
    *answers: str,
    action: str = "fix",
    likely: Sequence[Likely] = LIKELY,
    tests: Suite | None = None,
    text: str = TEXT,
    events: list[Event] | None = None,
    seconds: float = 60.0,
    **told: Any,
) -> Outcome:
    rules = [Rule(text=each, once=True) for each in answers] + [Rule(text=NONSENSE)]
    engine = Scripted(rules, likely=likely, doubted=DOUBTS)
    target = target_at(text, str(file), name="holds", **told)
    tools = Tools(tests=tests or Suite(("sh", "tests"), lambda: [file.parent]))
    seen = [].append if events is None else events.append
    return await run(ACTIONS[action], target, engine, budget=4000, tools=tools, on_event=seen, seconds=seconds)


# --- the search -------------------------------------------------------------------------------------------------------


async def test_the_candidate_that_passes_is_offered(fake: Fake, file: Path) -> None:
    """Of the likeliest candidates the first that passes is offered; those that were tried and fail are not."""
    events: list[Event] = []
    outcome = await done(file, events=events)
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.rungs[-1] == "the tests pass: sh tests"
    assert [each.new_text for each in outcome.candidates] == [RIGHT]
    assert fake.asked[0] == TEXT and fake.asked[-1] == RIGHT
    assert len(fake.asked) == len(set(fake.asked)) == 3
    assert "testing" in [event.name for event in events if isinstance(event, Stage)]


async def test_the_first_that_passes_ends_it(fake: Fake, file: Path) -> None:
    """What is likelier is tried first, and nothing after the first that passes; the others come behind, untried."""
    fake.passing = ("value > low", "value <= high")
    outcome = await done(file)
    assert isinstance(outcome, Proposal)
    assert "value > low" in outcome.new_text
    assert len(fake.asked) == 2
    assert RIGHT in [each.new_text for each in outcome.candidates[1:]]
    assert all("tests" not in " ".join(each.rungs) for each in outcome.candidates[1:])


async def test_an_unlikely_candidate_that_passes(fake: Fake, file: Path) -> None:
    """Where the tests fail before, also what is less likely than the code as it is may mend them."""
    likely = likelihoods(-12.0)
    outcome = await done(file, likely=likely)
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.rungs[-1] == "the tests pass: sh tests"


async def test_tests_that_pass_already(fake: Fake, file: Path) -> None:
    """Where they passed before, that they still do is all that is said, and what fails them is not offered."""
    fake.passing = ("value < high", "value <= high")
    likely = (Likely(r"value > low", -1.0), Likely(r"value <= high", -3.0), Likely("", -9.0))
    fake.passing = ("    if value < low:\n        return False\n",)
    outcome = await done(file, likely=likely)
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.rungs[-1] == "the tests still pass"
    assert all("value > low" not in each.new_text for each in outcome.candidates)


async def test_every_candidate_breaks_them(fake: Fake, file: Path) -> None:
    """Where tests that passed fail with every candidate, none is offered; the reason is the last line of the output."""
    fake.passing = (TEXT,)
    outcome = await done(file)
    assert isinstance(outcome, Refusal)
    reason = "the tests passed before, and fail with it: 1 failed, 2 passed [x] (command:y)"
    assert reason in outcome.reasons


async def test_tests_that_fail_anyway_say_nothing(fake: Fake, file: Path) -> None:
    """Where they fail before and with every candidate, likelihood decides as without them, and it is told."""
    fake.passing = ()
    outcome = await done(file)
    assert isinstance(outcome, Proposal)
    assert "value > low" in outcome.new_text
    assert "tests" not in " ".join(outcome.rungs)
    assert outcome.note == "the tests fail as they did before: 1 failed, 2 passed [x] (command:y)"
    assert len(outcome.candidates) > 1


async def test_where_there_is_no_sandbox(fake: Fake, file: Path) -> None:
    """Where nothing can be run, nothing is dropped, no rung is given, and it is said why."""
    fake.instead = Ended("not run", message="this system makes no sandbox")
    outcome = await done(file)
    assert isinstance(outcome, Proposal)
    assert "value > low" in outcome.new_text
    assert outcome.note == "no tests were run: this system makes no sandbox"
    assert len(fake.asked) == 1


async def test_no_time_was_left(fake: Fake, file: Path) -> None:
    """Where the first try took all the time, the tests have some of their own."""
    outcome = await done(file, written(RIGHT), seconds=-100.0)
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.rungs[-1] == "the tests pass: sh tests"


async def test_nothing_is_run_unasked(fake: Fake, file: Path) -> None:
    """Without a command nothing is run, and likelihood alone decides; nor where there is nothing to offer."""
    engine = Scripted([Rule(text=NONSENSE)], likely=LIKELY, doubted=DOUBTS)
    outcome = await run(ACTIONS["fix"], target_at(TEXT, str(file), name="holds"), engine, budget=4000)
    assert isinstance(outcome, Proposal) and "value > low" in outcome.new_text
    assert isinstance(await done(file, action="refactor"), Refusal)
    assert not fake.asked


# --- tries ------------------------------------------------------------------------------------------------------------


async def test_an_edit_that_breaks_tests_is_asked_again(fake: Fake, file: Path) -> None:
    """An edit that fails tests that passed is refused, and the model hears why; its next one is offered."""
    fake.passing = (TEXT, "<= high")
    heard = Rule(match="fail with it: 1 failed, 2 passed", text=written(RIGHT))
    engine = Scripted([heard, Rule(text=written(TEXT.replace("value < high", "value > high")))])
    target = target_at(TEXT, str(file), name="holds")
    tests = Suite(("sh", "tests"), lambda: [file.parent])
    outcome = await run(ACTIONS["refactor"], target, engine, budget=4000, tools=Tools(tests=tests))
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.rungs[-1] == "the tests still pass"


async def test_words_may_ask_for_another_result(fake: Fake, file: Path) -> None:
    """What the user asks for may fail tests, which is told; a repair by words may not."""
    fake.passing = (TEXT,)
    outcome = await done(file, written(RIGHT), action="refactor", instruction="the upper end belongs to it")
    assert isinstance(outcome, Proposal)
    assert outcome.note.startswith("the tests passed before, and fail with it: 1 failed")
    outcome = await done(file, *[written(RIGHT)] * 3, likely=(), instruction="the upper end is wrong")
    assert isinstance(outcome, Refusal)


async def test_what_cannot_change_the_code_is_not_tested(fake: Fake, file: Path) -> None:
    """Documentation, explanations and the like run nothing."""
    for action, answer in (("document", "Whether a value is in a range."), ("explain", "It tells whether.")):
        assert not isinstance(await done(file, answer, action=action), Refusal)
    assert not fake.asked


async def test_nothing_is_recalled_untested(fake: Fake, file: Path, tmp_path: Path) -> None:
    """A remembered edit is not told before the tests were run with it, each time anew."""
    engine = Remembered(Scripted([Rule(text=written(RIGHT))]), tmp_path / "answers", 16)
    assert await engine.opened(20)
    target, tests = target_at(TEXT, str(file), name="holds"), Suite(("sh", "tests"), lambda: [file.parent])
    fake.passing = ("def",)
    for count in (2, 4):
        outcome = await run(ACTIONS["simplify"], target, engine, budget=4000, tools=Tools(tests=tests))
        assert isinstance(outcome, Proposal) and outcome.rungs[-1] == "the tests still pass"
        assert len(fake.asked) == count
    assert recall(ACTIONS["simplify"], target, engine, tools=Tools(tests=tests)) is None
    assert await recall_checked(ACTIONS["simplify"], target, engine, tools=Tools(tests=tests)) is None
    assert recall(ACTIONS["simplify"], target, engine) is not None
    await engine.close()


# --- the whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("walled")
async def test_a_real_command_decides(file: Path) -> None:
    """A program of the workspace that imports the file finds each candidate there; the disk holds the code as it is."""
    tests = Suite((sys.executable, "-S", "check.py"), lambda: [file.parent])
    outcome = await done(file, tests=tests)
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.rungs[-1].startswith("the tests pass: ")
    assert on_disk(file.parent) == {"check.py": CHECK, "ranges.py": TEXT}


@pytest.mark.usefixtures("walled")
async def test_a_real_command_refuses(file: Path) -> None:
    """What breaks it is refused with its last line, and an endless loop is no way to pass."""
    tests = Suite((sys.executable, "-S", "check.py"), lambda: [file.parent], Limits(cpu_seconds=1))
    loop = RIGHT.replace("        return False", "        while True: pass")
    for code, said in ((TEXT, "AssertionError: the upper end"), (loop, "too much processor time is used")):
        answer = written(code)
        outcome = await done(file, answer, answer, text=RIGHT, action="simplify", tests=tests)
        assert isinstance(outcome, Refusal)
        assert f"the tests passed before, and fail with it: {said}" in outcome.reasons


async def test_a_sampled_answer_is_tested(file: Path) -> None:
    """An answer that only keeps the examples of the docstring does not get past the user's tests."""
    promised = TEXT.replace("high):\n", 'high):\n    """Inside.\n\n    >>> holds(3, 1, 3)\n    True\n    """\n', 1)
    wrong = promised.replace("value < high", "True")
    told: list[str] = []

    async def run_tests(command: Sequence[str], place: Place, limits: Limits) -> Ended:
        told.append(place.text)
        return Ended("passed") if place.text == promised else Ended("failed", 1, output="1 failed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "run", run_tests)
        rules = [Rule(text=each, once=True) for each in (*[NONSENSE] * 3, written(wrong))] + [Rule(text=NONSENSE)]
        target = target_at(promised, str(file), name="holds")
        tools = Tools(runs=Runs(), tests=Suite(("sh", "tests"), lambda: [file.parent]))
        engine = Scripted(rules, likely=LIKELY)
        outcome = await run(ACTIONS["fix"], target, engine, budget=4000, tools=tools, seconds=60)
    assert isinstance(outcome, Refusal)
    assert any("return True" in text for text in told)
