"""Where the user lets code be run, the examples of a docstring decide about edits, and never more than they can say."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Event, Outcome, Proposal, Refusal, Stage
from glossator.action.run import recall, recall_checked, run
from glossator.action.target import Target, target_at
from glossator.action.tools import Tools
from glossator.answer import limited
from glossator.answer.examples import Example
from glossator.answer.limited import Limits
from glossator.answer.running import LATE, Question, Runs
from glossator.engine import Chunk, Request
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Doubted, Likely, Rule, Scripted

from .range_sample import CODE, DOUBTS, NONSENSE, likelihoods, mended, written

pytestmark = pytest.mark.skipif(
    os.name != "posix" or not limited.run("pass").passed, reason="code is run in the limited child alone"
)

ACTIONS = load(prompts_folder())[0]
PROMISES = '''    """Whether a value is in a range, its ends too.

    >>> holds(3, 1, 3)
    True
    >>> holds(0, 1, 3)
    False
    """
'''
TEXT = CODE.replace("high):\n", f"high):\n{PROMISES}")
RIGHT = mended(TEXT)
LIKELY = likelihoods(-12.0)
"""The right one is less likely than the code as it is; a wrong one is the likeliest."""


async def done(
    text: str = TEXT,
    *answers: str,
    action: str = "fix",
    name: str = "holds",
    likely: Sequence[Likely] = LIKELY,
    doubts: Sequence[Doubted] = DOUBTS,
    runs: Runs | None = None,
    events: list[Event] | None = None,
    seconds: float = 30.0,
    **told: object,
) -> Outcome:
    """What an action comes to whose tries are answered in turn, with examples run."""
    rules = [Rule(text=each, once=True) for each in answers] + [Rule(text=NONSENSE)]
    engine = Scripted(rules, likely=likely, doubted=doubts)
    target: Target = target_at(text, "ranges.py", name=name, **told)  # type: ignore[arg-type]
    seen = [].append if events is None else events.append
    tools = Tools(runs=runs or Runs(Limits(seconds=30, cpu_seconds=1)))
    return await run(ACTIONS[action], target, engine, budget=4000, tools=tools, on_event=seen, seconds=seconds)


# --- the search -------------------------------------------------------------------------------------------------------


async def test_what_keeps_the_examples_comes_first() -> None:
    """Of all candidates, also the unlikely ones, the one that keeps the examples is offered, and alone."""
    events: list[Event] = []
    outcome = await done(events=events)
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.rungs[-1] == "2 examples of the docstring hold"
    assert [each.new_text for each in outcome.candidates] == [RIGHT]
    assert "running" in [event.name for event in events if isinstance(event, Stage)]


async def test_nothing_is_run_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `runs` no code is run, and likelihood alone decides."""
    monkeypatch.setattr(limited, "run", None)
    engine = Scripted([Rule(text=NONSENSE)], likely=LIKELY, doubted=DOUBTS)
    outcome = await run(ACTIONS["fix"], target_at(TEXT, "ranges.py", name="holds"), engine, budget=4000)
    assert isinstance(outcome, Proposal)
    assert "value > low" in outcome.new_text
    assert "example" not in " ".join(outcome.rungs)


async def test_likelihood_decides_among_equals() -> None:
    """Of two that keep all examples the likelier one comes first."""
    text = TEXT.replace("    >>> holds(0, 1, 3)\n    False\n", "")
    outcome = await done(text, likely=(Likely(r"value > low", -3.0), Likely("<= high", -2.0), Likely("", -9.0)))
    assert isinstance(outcome, Proposal)
    assert "<= high" in outcome.new_text
    assert outcome.rungs[-1] == "the example of the docstring holds"


async def test_examples_that_hold_already() -> None:
    """Where the code keeps its examples, candidates must keep them too, and it is said that they still do."""
    text = RIGHT.replace("high\n", "high + 0\n")
    doubts = (Doubted(" + 0", " + 1", ""), Doubted(" <= high", " <", " high"), Doubted(" < low", " <=", " low - 1:"))
    likely = (Likely("value <= low - 1", -3.0), Likely("value < high", -1.0), Likely("", -9.0))
    outcome = await done(text, likely=likely, doubts=doubts)
    assert isinstance(outcome, Proposal)
    assert "value <= low - 1" in outcome.new_text
    assert outcome.rungs[-1] == "2 examples of the docstring still hold"
    assert all("value < high" not in each.new_text for each in outcome.candidates)


async def test_no_candidate_mends() -> None:
    """Where no change keeps what the code breaks none is offered; the reason names the example."""
    text = TEXT.replace("holds(3, 1, 3)\n    True", "holds(3, 1, 3)\n    'yes'")
    outcome = await done(text)
    assert isinstance(outcome, Refusal)
    assert "`holds(3, 1, 3)` should give 'yes', but gives False" in "; ".join(outcome.reasons)


async def test_partly_mended() -> None:
    """A change that mends one example of two is offered where nothing mends both, and says how many hold."""
    text = TEXT.replace('    False\n    """', '    False\n    >>> holds(9, 1, 3)\n    \'far\'\n    """')
    outcome = await done(text)
    assert isinstance(outcome, Proposal)
    assert "value <= high" in outcome.new_text
    assert outcome.rungs[-1] == "2 of 3 examples of the docstring hold"
    assert outcome.note == "`holds(9, 1, 3)` should give 'far', but gives False"


@pytest.mark.parametrize("line", ["from . import bounds", "import no_such_module_of_others", "raise SystemExit"])
async def test_code_that_cannot_be_loaded_says_nothing(line: str) -> None:
    """Where the file cannot be run alone, nothing is dropped, no rung is given, and it is said why."""
    outcome = await done(f"{line}\n\n\n{TEXT}")
    assert isinstance(outcome, Proposal)
    assert "value > low" in outcome.new_text
    assert "example" not in " ".join(outcome.rungs)
    assert outcome.note.startswith("no example was checked: the file cannot be run alone")


async def test_no_sandbox_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this system can keep no code in, nothing is run and nothing dropped."""
    not_run = limited.Ran("not run", message="this system has no filter")
    monkeypatch.setattr(limited, "run", lambda *_, **__: not_run)
    outcome = await done()
    assert isinstance(outcome, Proposal)
    assert "value > low" in outcome.new_text
    assert outcome.note == "no example was checked: this system has no filter"


async def test_a_candidate_without_end_is_dropped() -> None:
    """What never ends is ended by its limit of processor time and not offered."""
    text = '''def steps(n):
    """Steps down to zero.

    >>> steps(3)
    3
    """
    count = 0
    while n > 0:
        n -= 1
        count += 2
    return count
'''
    doubts = (Doubted(" 1\n", " 0", ""), Doubted(" 2\n", " 1", ""))
    likely = (Likely("n -= 0", -1.0), Likely(r"count \+= 1", -5.0), Likely("", -9.0))
    outcome = await done(text, name="steps", doubts=doubts, likely=likely)
    assert isinstance(outcome, Proposal)
    assert "count += 1" in outcome.new_text
    assert len(outcome.candidates) == 1


async def test_code_without_end_is_mended() -> None:
    """An example on which the code itself never ends does not hold; what ends is offered."""
    text = '''def steps(n):
    """Zero, in the end.

    >>> steps(3)
    0
    """
    while n:
        n -= 0
    return n
'''
    outcome = await done(text, name="steps", doubts=(Doubted(" 0\n", " 1", ""),), likely=(Likely("", -9.0),))
    assert isinstance(outcome, Proposal)
    assert "n -= 1" in outcome.new_text
    assert outcome.rungs[-1] == "the example of the docstring holds"


@pytest.mark.parametrize("name", ["write", "connect", "fork"])
async def test_a_harmful_candidate_has_no_effect(name: str, tmp_path: Path) -> None:
    """A candidate that writes, connects or starts something has no effect and no verdict."""
    kept = tmp_path / "kept.txt"
    kept.write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        harm = {
            "write": f"open({str(kept)!r}, 'w').write('x')",
            "connect": f"__import__('socket').create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)",
            "fork": "__import__('os').fork()",
        }[name]
        code = RIGHT.replace("    if value", f"    {harm}\n    if value")
        outcome = await done(TEXT, written(code), likely=(Likely(r"'w'|connect|fork", -1.0), *LIKELY))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert kept.read_text() == "kept"
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT  # of what keeps the examples, and no verdict comes behind it
    assert [harm in each.new_text for each in outcome.candidates] == [False, True]
    assert "example" not in " ".join(outcome.candidates[1].rungs)


async def test_what_is_dropped_is_not_weighed() -> None:
    """The model is not asked how likely a candidate is that breaks an example which another keeps."""

    class Weighing(Scripted):
        weighed: ClassVar[list[str]] = []

        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            self.weighed.extend(request.answers if not request.max_tokens else ())
            async for chunk in super().stream(request):
                yield chunk

    engine = Weighing([Rule(text=NONSENSE)], likely=LIKELY, doubted=DOUBTS)
    target = target_at(TEXT, "ranges.py", name="holds")
    outcome = await run(ACTIONS["fix"], target, engine, budget=4000, tools=Tools(runs=Runs()))
    assert isinstance(outcome, Proposal)
    assert len(engine.weighed) == 2  # the code as it is, and what mends it
    assert "value <= high" in engine.weighed[1]


async def test_time_is_over() -> None:
    """When there is no time left nothing is begun, nothing is concluded and nothing remembered."""
    runs, question = Runs(), Question(SUM, SUM, (Example("total([1, 2])", "3"),))
    late = await runs.check(question, time.monotonic() - 1)
    assert not late.judged
    assert late.unknown == LATE
    assert runs.known(question) is None
    assert (await runs.check(question)).rung == "the example of the docstring still holds"


async def test_no_time_is_left_for_the_search() -> None:
    """Also where the first try took all the time, nothing is offered that was not run."""
    runs = Runs(Limits(seconds=30, cpu_seconds=1))
    engine = Scripted([Rule(text=NONSENSE)], likely=LIKELY, doubted=DOUBTS)
    for seconds in (0.0, -5.0):
        target = target_at(TEXT, "ranges.py", name="holds")
        outcome = await run(ACTIONS["fix"], target, engine, budget=4000, tools=Tools(runs=runs), seconds=seconds)
        offered = outcome.candidates if isinstance(outcome, Proposal) else ()
        assert all("examples of the docstring" in each.rungs[-1] for each in offered)
        assert "value > low" not in str(offered)


async def test_what_lies_in_the_moment_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that could not be started, or had no processor, says nothing of the code, and is tried anew."""
    runs, question = Runs(), Question(SUM, GOOD, (Example("total([1, 2])", "3"),))
    for ran in (limited.Ran("not run", message="no more processes"), limited.Ran("timed out", seconds=99)):
        monkeypatch.setattr(limited, "run", lambda *_, ran=ran, **__: ran)
        assert (await runs.check(question)).unknown
        assert runs.known(question) is None
    monkeypatch.undo()
    assert (await runs.check(question)).whole


@pytest.mark.parametrize(
    ("second", "said", "remembered"),
    [
        (limited.Ran("timed out", isolation=("seccomp",), seconds=99), "it took too long to run", False),
        (limited.Ran("not run", message="no more processes"), "no more processes", False),
        (limited.Ran("failed", "NameError", "x"), "the file cannot be run alone: failed (NameError: x)", True),
        (limited.Ran("timed out", isolation=("seccomp",)), "the file cannot be run alone: timed out", True),
    ],
)
async def test_the_run_without_examples_has_the_time_that_is_left(
    second: limited.Ran, said: str, remembered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run of a text ends when the time does, and what the time cut short is no verdict on the code."""
    given: list[float] = []

    def ran(code: str, limits: Limits, *, stop: limited.Stop) -> limited.Ran:
        given.append(limits.seconds)
        time.sleep(0.01)
        return second if len(given) > 1 else limited.Ran("failed", "NameError", "x")

    monkeypatch.setattr(limited, "run", ran)
    runs, question = Runs(Limits(seconds=60)), Question(SUM, GOOD, (Example("total([1, 2])", "3"),))
    assert (await runs.check(question, time.monotonic() + 60)).unknown == said
    assert given[1] <= given[0] - 0.01
    assert (runs.known(question) is not None) == remembered


async def test_the_run_without_examples_is_not_begun_after_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first run of a text took all the time nothing is known of the text, and nothing remembered."""
    until = time.monotonic() + 1
    count = 0

    def ran(code: str, limits: Limits, *, stop: limited.Stop) -> limited.Ran:
        nonlocal count
        count += 1
        time.sleep(max(0.0, until - time.monotonic()) + 0.01)
        return limited.Ran("failed", "NameError", "x")

    monkeypatch.setattr(limited, "run", ran)
    runs, question = Runs(), Question(SUM, GOOD, (Example("total([1, 2])", "3"),))
    assert (await runs.check(question, until)).unknown == LATE
    assert runs.known(question) is None
    assert count <= 1


async def test_reasons_are_safe_to_show() -> None:
    """What a docstring or a program says becomes neither a link nor an order to the terminal, and stays short."""
    text = SUM.replace("    3\n", "    '[Fix](command:x)'\n")
    bad = text.replace("found = found + row", f"raise KeyError('\\x1b]52;' + {'x' * 90!r} * 9)")
    outcome = await done(text, written(bad), written(bad), name="total", doubts=(), likely=())
    assert isinstance(outcome, Refusal)
    said = "; ".join(outcome.reasons)
    assert "should give" in said
    assert "](" not in said
    assert said.isprintable()
    assert len(said) < 1000


async def test_a_text_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text with the same examples is run once, also in the next search."""
    ran: list[str] = []
    true = limited.run

    def counting(code: str, limits: Limits, *, stop: limited.Stop) -> limited.Ran:
        ran.append(code)
        return true(code, limits, stop=stop)

    monkeypatch.setattr(limited, "run", counting)
    runs = Runs()
    await done(runs=runs)
    assert len(ran) == len(set(ran)) > 3
    before = len(ran)
    await done(runs=runs)
    assert len(ran) == before


async def test_what_is_cancelled_is_ended() -> None:
    """Whoever stops waiting ends the code that runs; nothing is remembered of it."""
    runs = Runs(Limits(seconds=300, cpu_seconds=250))
    endless = TEXT.replace("    return value < high", "    while True:\n        value += 0")
    question = Question(endless, RIGHT, (Example("holds(3, 1, 3)", "True"),))
    own = psutil.Process()
    before = set(own.children())
    task = asyncio.create_task(runs.check(question))
    async with asyncio.timeout(60):
        while not (begun := set(own.children()) - before):  # noqa: ASYNC110 - a process tells nobody that it is there
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while any(each.is_running() for each in begun):  # noqa: ASYNC110 - nor that it is gone
            await asyncio.sleep(0.01)
    assert runs.known(question) is None
    assert runs._known == {}


# --- tries ------------------------------------------------------------------------------------------------------------

SUM = '''def total(rows):
    """The sum of all rows.

    >>> total([1, 2])
    3
    """
    found = 0
    for row in rows:
        found = found + row
    return found
'''
GOOD, BAD = SUM.replace("found = found + row", "found += row"), SUM.replace("found = found + row", "found -= row")


async def test_an_edit_that_breaks_an_example_is_asked_again() -> None:
    """An edit that breaks what the code kept is refused; the model hears which example, and its next one is offered."""
    again = Rule(match=r"`total\(\[1, 2\]\)` should give 3, but gives -3", text=written(GOOD))
    engine = Scripted([again, Rule(text=written(BAD))])
    target = target_at(SUM, "sums.py", name="total")
    outcome = await run(ACTIONS["refactor"], target, engine, budget=4000, tools=Tools(runs=Runs()))
    assert isinstance(outcome, Proposal)
    assert "found += row" in outcome.new_text
    assert outcome.rungs[-1] == "the example of the docstring still holds"


async def test_an_edit_that_breaks_an_example_is_refused() -> None:
    """Where every try breaks it, the refusal says which example."""
    outcome = await done(SUM, written(BAD), written(BAD), action="simplify", name="total")
    assert isinstance(outcome, Refusal)
    assert "`total([1, 2])` should give 3, but gives -3" in outcome.reasons


async def test_a_repair_hears_the_example() -> None:
    """A repair that is no better is refused, and the next try is told what it gave."""
    wrong = SUM.replace("found + row", "found - row")
    heard = Rule(match=r"was run and is wrong: `total\(\[1, 2\]\)` should give 3, but gives 2", text=written(SUM))
    engine = Scripted([heard, Rule(text=written(SUM.replace("found + row", "row")))], likely=[Likely("", -9.0)])
    target = target_at(wrong, "sums.py", name="total")
    outcome = await run(ACTIONS["fix"], target, engine, budget=4000, tools=Tools(runs=Runs()))
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == SUM
    assert outcome.rungs[-1] == "the example of the docstring holds"


async def test_a_diagnostic_need_not_be_about_the_example() -> None:
    """A repair of what a tool says may leave an example broken that was broken before, which is told."""
    text = SUM.replace("    3\n", "    4\n")
    outcome = await done(text, written(GOOD.replace("    3\n", "    4\n")), name="total", diagnostics=("slow",))
    assert isinstance(outcome, Proposal)
    assert "example" not in " ".join(outcome.rungs)
    assert outcome.note == "`total([1, 2])` should give 4, but gives 3"


async def test_words_may_ask_for_another_result() -> None:
    """What the user asks for may break an example: that is told. One that the edit rewrites promises nothing more."""
    outcome = await done(SUM, written(BAD), action="refactor", name="total", instruction="return the negative sum")
    assert isinstance(outcome, Proposal)
    assert outcome.note == "`total([1, 2])` should give 3, but gives -3"
    new = BAD.replace("    3\n", "    -3\n")
    outcome = await done(SUM, written(new), action="refactor", name="total", instruction="return the negative sum")
    assert isinstance(outcome, Proposal)
    assert outcome.note == ""


@pytest.mark.parametrize(
    ("docstring", "body"),
    [
        ("f(1) == [1, 2]", "yield 1\n    yield 2"),
        ("f(1) == 'a'", "import no_such_module_of_others\n    return 'a'"),
        (">>> f(1)\n    7", "print(7)"),
        ("f(1) == 'x'", "return open('data.txt').read()"),
    ],
)
async def test_examples_that_cannot_be_judged(docstring: str, body: str) -> None:
    """What needs more than the sandbox has, prints its result or gives what cannot be written out drops nothing."""
    text = f'def f(x):\n    """F.\n\n    {docstring}\n    """\n    {body}\n'
    changed = text.replace(f"    {body}", f"    x = x\n    {body}")
    outcome = await done(text, written(changed), action="simplify", name="f")
    assert isinstance(outcome, Proposal)
    assert "example" not in " ".join(outcome.rungs)
    assert outcome.note.startswith("no example was checked")


async def test_methods() -> None:
    """An example that makes an object is run; a method's bare name is none of the module's."""
    text = '''class Box:
    def __init__(self, size):
        self.size = size

    def area(self):
        """The area.

        >>> Box(3).area()
        9

        area(3) -> 9
        """
        return self.size + self.size
'''
    answer = written("def area(self):\n    return self.size * self.size")
    outcome = await done(text, answer, name="Box.area", likely=[Likely("", -9.0)])
    assert isinstance(outcome, Proposal)
    assert outcome.rungs[-1] == "the example of the docstring holds"


async def test_recalled(tmp_path: Path) -> None:
    """A remembered edit is told only once it was run, with the rung that it had; without being asked it has none."""
    runs = Runs()
    engine = Remembered(Scripted([Rule(text=written(GOOD))]), tmp_path / "a", 16)
    assert await engine.opened(20)
    target = target_at(SUM, "sums.py", name="total")
    first = await run(ACTIONS["simplify"], target, engine, budget=4000, tools=Tools(runs=runs))
    assert isinstance(first, Proposal)
    again = recall(ACTIONS["simplify"], target, engine, tools=Tools(runs=runs))
    assert isinstance(again, Proposal) and again.rungs == first.rungs
    assert recall(ACTIONS["simplify"], target, engine, tools=Tools(runs=Runs())) is None
    checked = await recall_checked(ACTIONS["simplify"], target, engine, tools=Tools(runs=Runs()))
    assert isinstance(checked, Proposal) and checked.rungs == first.rungs
    plain = recall(ACTIONS["simplify"], target, engine)
    assert isinstance(plain, Proposal) and "example" not in " ".join(plain.rungs)
    await engine.close()


async def test_what_comes_to_no_verdict_is_not_recalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remembered edit whose examples cannot be run now is asked for as if it were not remembered, without end."""
    engine = Remembered(Scripted([Rule(text=written(GOOD))]), tmp_path / "a", 16)
    assert await engine.opened(20)
    target = target_at(SUM, "sums.py", name="total")
    await run(ACTIONS["simplify"], target, engine, budget=4000, tools=Tools(runs=Runs()))
    monkeypatch.setattr(limited, "run", lambda *_, **__: limited.Ran("not run", message="no more processes"))
    async with asyncio.timeout(60):
        assert await recall_checked(ACTIONS["simplify"], target, engine, tools=Tools(runs=Runs())) is None
    await engine.close()


TWO = '''def holds(value, low, high):
    """Whether a value is in a range, its ends too.

    >>> holds(3, 1, 3)
    True
    >>> holds(1, 1, 3)
    True
    >>> holds(0, 1, 3)
    False
    """
    if value <= low:
        return False
    return value < high
'''
TWO_DOUBTS = (Doubted(" <= low", " <", " low:"), Doubted(" < high", " <=", " high"))


async def test_two_places() -> None:
    """Where no change of one place keeps all examples a second one is looked for behind it."""
    both = TWO.replace("<= low", "< low").replace("< high", "<= high")
    target = target_at(TWO, "ranges.py", name="holds")
    engine = Scripted([Rule(text=NONSENSE)], likely=LIKELY, doubted=TWO_DOUBTS)
    outcome = await run(ACTIONS["fix"], target, engine, budget=2000, tools=Tools(runs=Runs()))
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == both
    assert "3 examples of the docstring hold" in outcome.rungs
    assert outcome.candidates == (outcome,) or len(outcome.candidates) == 1


async def test_two_places_are_not_sought_where_one_is_enough(counting: type[Scripted]) -> None:
    """A second change makes any text likelier; without need none is tried."""
    engine = counting([Rule(text=NONSENSE)], likely=LIKELY, doubted=DOUBTS)
    found: list[str] = []
    await run(
        ACTIONS["fix"],
        target_at(TEXT, "ranges.py", name="holds"),
        engine,
        budget=2000,
        tools=Tools(runs=Runs()),
        on_event=lambda event: found.append(event.name) if isinstance(event, Stage) else None,
    )
    assert found.count("running") == 1


async def test_other_answers_are_tried() -> None:
    """Where no change and no further try keeps the examples, the model is asked again with other seeds, in time."""
    wrong = TEXT.replace("< high", "< low")
    tries = [NONSENSE] * len(ACTIONS["fix"].tries)
    outcome = await done(TEXT, *tries, written(wrong), NONSENSE, written(RIGHT), doubts=())
    assert isinstance(outcome, Proposal)
    assert outcome.new_text == RIGHT
    assert outcome.answer == written(RIGHT)
    assert "2 examples of the docstring hold" in outcome.rungs
    late = await done(TEXT, *tries, written(RIGHT), doubts=(), seconds=0.0)
    assert isinstance(late, Refusal)


async def test_other_answers_decide_nothing_without_examples() -> None:
    """Without an example there is nothing that tells a better answer from the first."""
    text = TEXT.replace(">>>", "")
    outcome = await done(
        text, *[NONSENSE] * len(ACTIONS["fix"].tries), written(RIGHT), doubts=(), likely=[Likely("", -9.0)]
    )
    assert isinstance(outcome, Refusal)
