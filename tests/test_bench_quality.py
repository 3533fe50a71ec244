"""The benchmark of right answers, with three problems of its own and written answers."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glossator.action import run as action_run
from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Proposal
from glossator.answer import limited
from glossator.engine import EngineDied
from glossator.engine.scripted import Rule, Scripted

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(
    os.name != "posix" or not limited.run("pass").passed, reason="model output is run in the limited child alone"
)

TOTAL = {
    "task_id": "Own/0",
    "entry_point": "total",
    "prompt": "from typing import List\n\n\ndef total(rows: List[int]) -> int:\n"
    '    """The sum of all rows.\n\n    >>> total([1, 2])\n    3\n    """\n',
    "declaration": "from typing import List\n\n\ndef total(rows: List[int]) -> int:\n",
    "canonical_solution": "    found = 0\n    for row in rows:\n        found = found + row\n    return found\n",
    "buggy_solution": "    found = 1\n    for row in rows:\n        found = found + row\n    return found\n",
    "docstring": "The sum of all rows.\n\n>>> total([1, 2])\n3",
    "test": "\n\ndef check(total):\n    assert total([]) == 0\n    assert total([1, 2]) == 3\n\ncheck(total)",
}
LAST = {
    "task_id": "Own/1",
    "entry_point": "last",
    "prompt": 'def first(rows):\n    return rows[0]\n\n\ndef last(rows):\n    """The last row, by means of first."""\n',
    "declaration": "def first(rows):\n    return rows[0]\n\n\ndef last(rows):\n",
    "canonical_solution": "    return first(rows[::-1])\n",
    "buggy_solution": "    return first(rows[::1])\n",
    "docstring": "The last row, by means of first.",
    "test": "def check(candidate):\n    assert candidate([1, 2]) == 2\n",
}
LOOP = {
    "task_id": "Own/2",
    "entry_point": "loop",
    "prompt": 'def loop(n):\n    """Zero, after n steps."""\n',
    "declaration": "def loop(n):\n",
    "canonical_solution": "    while n:\n        n -= 1\n    return n\n",
    "buggy_solution": "    while n:\n        n -= 2\n    return n\n",
    "docstring": "Zero, after n steps.",
    "test": "def check(candidate):\n    assert candidate(3) == 0\n\ncheck(loop)",
}

RIGHT = "```python\ndef total(rows: List[int]) -> int:\n    return sum(rows)\n```"
WRONG = "```python\ndef total(rows: List[int]) -> int:\n    return len(rows)\n```"


@pytest.fixture(scope="module", autouse=True)
def bench() -> Iterator[None]:
    """`bench` is no package that is installed: it is imported from the checkout."""
    sys.path.insert(0, str(ROOT))
    yield
    sys.path.remove(str(ROOT))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The three problems as a file."""
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (TOTAL, LAST, LOOP)), encoding="utf-8")
    return path


def problem(fields: dict[str, str]) -> Any:
    from bench.quality.problems import Problem

    return Problem(**fields)


def asker(*answers: str | Rule, seconds: float = 0.0) -> Any:
    """An engine that gives the answers one after the other, the last one again and again."""
    from bench.quality.measure import Asker

    rules = [each if isinstance(each, Rule) else Rule(text=each, once=True) for each in answers[:-1]]
    last = answers[-1]
    rules.append(last if isinstance(last, Rule) else Rule(text=last))
    actions, _ = load(prompts_folder())
    return Asker(Scripted(rules), actions, asyncio.run, lambda: 0.0, seconds)


def measured(fields: dict[str, str], task: str, method: str, *answers: str | Rule) -> dict[str, Any]:
    from bench.quality.measure import measure

    return measure(problem(fields), task, method, asker(*answers))


def test_problems_are_right_and_wrong(file: Path) -> None:
    """Of each problem the right version passes its test, the wrong one does not; an endless one is stopped."""
    from bench.quality.measure import judge
    from bench.quality.problems import code, read

    for each in read(file):
        assert judge(each, code(each, "refactor")) == "passed"
        assert judge(each, code(each, "explain")) == "passed"
        assert judge(each, code(each, "fix")) != "passed"
        assert judge(each, code(each, "fix-bare")) != "passed"
    assert judge(problem(LOOP), code(problem(LOOP), "fix")) == "timed out"


def test_slices(file: Path) -> None:
    """A part of the problems is named as Python names slices."""
    from bench.quality.problems import part, read

    assert [each.task_id for each in read(file, part("1:"))] == ["Own/1", "Own/2"]
    assert [each.task_id for each in read(file, part("0:1"))] == ["Own/0"]
    with pytest.raises(ValueError, match="FIRST:LAST"):
        part("3")
    file.write_text('{"task_id": "x"}\n')
    with pytest.raises(ValueError, match=r"problems\.jsonl:1"):
        read(file)


@pytest.mark.parametrize("task", ["fix", "fix-bare"])
@pytest.mark.parametrize("method", ["raw", "glossator"])
def test_fix(task: str, method: str) -> None:
    """A repair is right where the test passes; what stands above the function is kept."""
    answer = f"Bug: it begins with 1.\n\n{RIGHT}"
    row = measured(TOTAL, task, method, answer)
    assert (row["right"], row["offered"], row["first_right"], row["candidates"]) == (True, True, 1, 1)
    assert row["modules"][0].startswith("from typing import List")
    assert bool(row["rungs"]) == (method == "glossator")
    assert row["prompt_tokens"] > 0
    assert row["answer_tokens"] > 0
    wrong = measured(TOTAL, task, method, f"Bug: it is.\n\n{WRONG}")
    assert (wrong["right"], wrong["offered"], wrong["first_right"]) == (False, True, 0)
    assert "AssertionError" in wrong["ends"][0]


def test_fix_with_examples_run() -> None:
    """With examples run a wrong answer is refused, and a right one has a rung more."""
    row = measured(TOTAL, "fix", "glossator-run", f"Bug: it begins with 1.\n\n{RIGHT}")
    assert row["right"]
    assert row["rungs"][-1] == "the example of the docstring holds"
    wrong = measured(TOTAL, "fix", "glossator-run", f"Bug: it is.\n\n{WRONG}")
    assert (wrong["right"], wrong["offered"]) == (False, False)
    assert any("should give 3" in reason for reason in wrong["reasons"])


@pytest.mark.parametrize("method", ["raw", "glossator"])
def test_fix_without_code(method: str) -> None:
    """An answer without the function is nothing offered, with a reason."""
    row = measured(LAST, "fix", method, "I cannot say.")
    assert (row["right"], row["offered"], row["candidates"]) == (False, False, 0)
    assert row["reasons"]


def test_raw_is_one_plain_turn() -> None:
    """The plain method sends the plain words and the code, and no more."""
    only = Rule(
        match=r"\A\n*You are a helpful coding assistant\.\n+Fix the bug in this function:\n\n```python\ndef first",
        text="?",
    )
    assert measured(LAST, "fix-bare", "raw", only)["answer"] == "?"


def test_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a search with several candidates the rank of the first right one is told; only the first is offered."""
    texts = [TOTAL["declaration"] + body for body in ("    return 1\n", "    return 2\n", "    return sum(rows)\n")]

    async def run(*args: Any, **options: Any) -> Any:
        found = tuple(Proposal(edits=(), new_text=text) for text in texts)
        return Proposal(edits=(), new_text=texts[0], rungs=("compiles",), candidates=found)

    monkeypatch.setattr(action_run, "run", run)
    row = measured(TOTAL, "fix", "glossator", "")
    assert (row["right"], row["candidates"], row["first_right"]) == (False, 3, 3)


@pytest.mark.parametrize("method", ["raw", "glossator"])
def test_explain(method: str) -> None:
    """An explanation is cut at the docstring's length and is right where the code that is made from it is."""
    words = "`total` sums all rows. " * 10
    row = measured(TOTAL, "explain", method, words, Rule(match="according to the description", text=RIGHT))
    assert row["right"]
    assert len(row["answer"]) <= len(TOTAL["docstring"])
    assert row["answer"] in words
    wrong = measured(TOTAL, "explain", method, words, WRONG)
    assert (wrong["right"], wrong["offered"]) == (False, True)
    assert measured(TOTAL, "explain", method, words, "no code")["ends"] == ["no code"]


@pytest.mark.parametrize("task", ["refactor", "simplify"])
@pytest.mark.parametrize("method", ["raw", "glossator"])
def test_behaviour_kept(task: str, method: str) -> None:
    """A rewritten function that still passes is right, one that does not is not."""
    assert measured(TOTAL, task, method, RIGHT)["right"]
    assert not measured(TOTAL, task, method, WRONG)["right"]


@pytest.mark.parametrize(
    ("task", "method", "answer"),
    [
        ("document", "raw", RIGHT),
        ("document", "glossator", "```text\nAdd up all rows.\n```"),
        ("annotate", "raw", RIGHT),
        ("annotate", "glossator", "```python\ndef last(rows: list[int]) -> int:\n```"),
    ],
)
def test_documentation_and_hints(task: str, method: str, answer: str) -> None:
    """A docstring and type hints leave a function right."""
    fields = LAST if task == "annotate" and method == "glossator" else TOTAL
    row = measured(fields, task, method, answer)
    assert row["right"], row


def test_a_run_goes_on(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a file has is not asked again; a line that was cut off is; another recipe begins anew."""
    from bench.quality.__main__ import measured as rows_of
    from bench.quality.measure import done
    from bench.quality.problems import read

    out, problems = tmp_path / "out.jsonl", read(file)[:2]
    answer = f"{RIGHT}\n\n```python\ndef last(rows):\n    return rows[-1]\n```"
    assert len(rows_of(problems[:1], "fix", ["raw"], asker(answer), out)) == 1
    with out.open("a") as written:
        written.write('{"problem": "Own/1", "ri')
    rows = rows_of(problems, "fix", ["raw"], asker(answer), out)
    assert [row["problem"] for row in rows] == ["Own/0", "Own/1"]
    assert done(out)[1] == rows
    assert rows_of(problems, "fix", ["raw"], asker(answer), out) == rows
    assert "Own/1 raw: right" in capsys.readouterr().err
    assert len(rows_of(problems, "fix", ["raw"], asker("no"), out)) == 4  # other written answers are another model
    assert asker("x").recipe("glossator", "fix") != asker("x", seconds=9).recipe("glossator", "fix")
    assert asker("x").recipe("glossator", "fix") != asker("x").recipe("raw", "fix")


def test_an_engine_that_died_is_asked_again(file: Path) -> None:
    """One death of the engine's process stops no run; two do, and the row is missing."""
    from bench.quality.__main__ import measured as rows_of
    from bench.quality.problems import read

    died = Rule(error="killed", error_kind="EngineDied", once=True)
    (found,) = rows_of(read(file)[:1], "fix", ["raw"], asker(died, RIGHT), None)
    assert found["right"]
    with pytest.raises(EngineDied):
        rows_of(read(file)[:1], "fix", ["raw"], asker(died, died, RIGHT), None)


def row(number: int, method: str, first_right: int, **values: Any) -> dict[str, Any]:
    """A row as a run writes it."""
    plain = {
        "problem": f"Own/{number}", "digest": "d", "task": "fix", "method": method, "model": "small", "recipe": method,
        "right": first_right == 1, "offered": True, "reasons": [], "candidates": 4, "first_right": first_right,
        "rungs": ["parses"], "prompt_tokens": 100, "answer_tokens": 10 * number, "seconds": 1.0, "cpu_seconds": 2.0,
        "own_cpu_seconds": 0.1, "ends": [], "modules": [], "answer": "",
    }  # fmt: skip
    return plain | values


def test_numbers_of_a_report() -> None:
    """Right, offered and refused are counted of all problems, right among offered of the offered ones."""
    from bench.quality.report import counted, groups

    rows = [row(1, "glossator", 1), row(2, "glossator", 3), row(3, "glossator", 4), row(4, "glossator", 0)]
    rows.append(row(5, "glossator", 0, offered=False, reasons=["no"], candidates=0, rungs=[]))
    found = counted(rows)
    assert (found["problems"], found["right"], found["among_three"], found["among_all"]) == (5, 1, 2, 3)
    assert (found["offered"], found["refused"], found["candidates"]) == (4, 1, 4)
    assert found["rungs"] == {"parses": (1, 4)}
    assert found["reasons"] == {"no": 1}
    assert found["costs"]["answer_tokens"] == (30, 30, 50)
    old = row(1, "glossator", 0, recipe="older")
    assert groups([old, *rows]) == {("small", "fix"): {"glossator": rows}}


def test_paired_comparison() -> None:
    """Two methods are compared on the problems that both were asked."""
    from bench.quality.report import compared

    one = [row(number, "raw", number <= 4) for number in range(12)]
    other = [row(number, "glossator", 1) for number in range(10)]
    found = compared(one, other)
    assert (found["problems"], found["only_one"], found["only_other"]) == (10, 0, 5)
    assert found["p"] == pytest.approx(2 / 2**5)
    times, low, high = found["ratio"]
    assert times == 2
    assert low < 2 < high


def test_examples_that_hold_are_counted_together() -> None:
    """However many examples hold it is one rung, and what is right among those can be read; methods are paired."""
    from bench.quality.report import counted, pairs

    whole = ["the example of the docstring holds", "3 examples of the docstring still hold"]
    rows = [row(at, "glossator-run", 1, rungs=["parses", rung]) for at, rung in enumerate(whole)]
    rows.append(row(3, "glossator-run", 0, rungs=["parses", "1 of 3 examples of the docstring hold"]))
    found = counted(rows)
    assert found["held"] == [True, True]
    assert found["rungs"] == {"parses, examples hold": (2, 2), "parses, some examples hold": (0, 1)}
    assert pairs(["raw", "glossator"]) == [("raw", "glossator")]
    assert len(pairs(["raw", "glossator", "glossator-run"])) == 3


def test_statistics() -> None:
    """The interval is Wilson's, the p is exact, and what cannot be said is not."""
    from bench.quality.numbers import mcnemar, ratio, wilson

    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(0, 0) == (0, 1)
    assert mcnemar(0, 0) == 1
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(3, 3) == 1
    assert ratio([False], [True]) is None
    assert ratio([True] * 9, [True] * 9) == (1, 1, 1)
    rare = ratio([True] + [False] * 9, [True] * 10)
    assert rare is not None
    assert math.isinf(rare[2])


def test_report_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier run is shown from its file, as plain text and as Markdown between the marks of a page."""
    from bench.quality import __main__ as command
    from bench.quality.measure import add

    out, page = tmp_path / "out.jsonl", tmp_path / "page.md"
    page.write_text("# Page\n\n<!-- bench.quality -->\n<!-- /bench.quality -->\n")
    machine = {"cpu": "A CPU", "cores": 2, "memory_gib": 8.0, "system": "Linux", "python": "3.11.0"}
    machine |= {"llama-cpp-python": "0.3.36", "load_before": 0.1}
    add(out, {"head": {"date": "2026-01-02T03:04", "machine": machine, "seconds": 9.0}})
    for number in range(4):
        add(out, row(number, "raw", number == 0))
        add(out, row(number, "glossator", 1 if number < 2 else 2))
    monkeypatch.setattr(sys, "argv", ["quality", "--from", str(out), "--into", str(page)])
    command.main()
    shown = capsys.readouterr().out
    assert "small, fix" in shown
    assert "2 of 4, 50.0% (15.0% to 85.0%)" in shown
    assert "right with raw alone 0, with glossator alone 1" in shown
    assert "2026-01-02. At most 9 s an answer." in shown
    written = page.read_text()
    assert "| right among the first three | 1 of 4" in written
    assert written.startswith("# Page")
