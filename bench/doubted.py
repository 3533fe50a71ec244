"""`python -m bench.doubted PROBLEMS.jsonl`: how well a model's doubts tell wrong code from right code.

Each problem's wrong and right version is read once as if the model had written it (`action/doubts.py`). For the wrong
one: whether the most doubtful place stands in the line that differs. For both: how large the largest doubt is, so that
one can see at which size a place is worth showing, and how often right code would be marked then.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from glossator.action import catalogue
from glossator.action.doubts import doubts
from glossator.action.rank import END, as_written
from glossator.action.target import target_at
from glossator.answer.indent import shown
from glossator.engine import Priority, likelihood
from glossator.models import store
from glossator.settings import folders

from . import machine
from .ours import Ours
from .quality.problems import Problem, part, read

PLACES = 5
SIZES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12)


@dataclass(frozen=True, slots=True)
class Read:
    """What a model doubts in one version of a problem: lines of the module (from 0) and gaps, the largest first.

    `differ`: the lines in which the version differs from the other one.
    """

    problem: str
    wrong: bool
    differ: tuple[int, ...]
    lines: tuple[int, ...]
    gaps: tuple[float, ...]
    texts: tuple[str, ...]


def differing(mine: str, other: str) -> tuple[int, ...]:
    """The lines of `mine` that `other` has not; where it only lacks some, the one that they would stand behind."""
    before, after = mine.splitlines(), other.splitlines()
    found: list[int] = []
    for kind, first, last, _, _ in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            found += range(first, last) if last > first else [max(0, first - 1), min(first, len(before) - 1)]
    return tuple(found)


async def doubted(problem: Problem, system: Ours, *, wrong: bool) -> Read:
    """One version, read once."""
    wrongly, rightly = (problem.prompt + body for body in (problem.buggy_solution, problem.canonical_solution))
    text, other = (wrongly, rightly) if wrong else (rightly, wrongly)
    target = target_at(text, f"{problem.entry_point}.py", name=problem.entry_point)
    assert target.symbol is not None and target.symbol.body is not None
    action = catalogue.load(catalogue.prompts_folder())[0]["fix"]
    writing = await as_written(action, target, system.engine, Priority.COMMAND)
    code = shown(text, target.span)
    (score,) = await likelihood.score(system.engine, writing.request, [code + END])
    body = target.symbol.body.start - target.span.start
    found = doubts(code, score, body, PLACES)
    above = text.count("\n", 0, target.span.start)
    lines = tuple(above + code.count("\n", 0, doubt.start) for doubt in found)
    gaps, texts = tuple(round(doubt.gap, 3) for doubt in found), tuple(doubt.text for doubt in found)
    return Read(problem.task_id, wrong, differing(text, other), lines, gaps, texts)


def report(found: list[Read]) -> str:
    """A Markdown table: by the least size of a doubt that is shown, what is marked."""
    wrong, right = ([each for each in found if each.wrong is kind] for kind in (True, False))
    first = sum(bool(each.lines) and each.lines[0] in each.differ for each in wrong)
    three = sum(bool({*each.lines[:3]} & {*each.differ}) for each in wrong)
    rows = [
        f"The most doubtful place is in a line that differs in {first} of {len(wrong)} wrong versions, "
        f"one of the three most doubtful in {three}.",
        "",
        "| doubt at least | wrong versions marked | in the right line | right versions marked |",
        "| --: | --: | --: | --: |",
    ]
    for size in SIZES:
        marked = [each for each in wrong if each.gaps and each.gaps[0] >= size]
        meant = sum(each.lines[0] in each.differ for each in marked)
        false = sum(bool(each.gaps) and each.gaps[0] >= size for each in right)
        rows.append(f"| {size} | {len(marked)} of {len(wrong)} | {meant} | {false} of {len(right)} |")
    return "\n".join(rows)


def main() -> None:
    """Read and show."""
    parser = argparse.ArgumentParser(prog="python -m bench.doubted", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("problems", type=Path, help="a file of problems, one JSON object a line (see docs/QUALITY.md)")
    parser.add_argument("--model", default="", help="a name of the catalogue or a GGUF file (the default model)")
    parser.add_argument("--slice", type=part, default=slice(None), metavar="FIRST:LAST", help="these problems alone")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    given = parser.parse_args()
    problems = read(given.problems, given.slice)
    name = given.model or store.resolve("", folders().models)[0].name
    found: list[Read] = []
    with tempfile.TemporaryDirectory(prefix="glossator-bench-", ignore_cleanup_errors=True) as home:
        system = Ours(name, Path(home))
        system.start()
        try:
            for number, problem in enumerate(problems, 1):
                for wrong in (True, False):
                    found.append(system.wait(doubted(problem, system, wrong=wrong)))
                    print(f"[{number}/{len(problems)}] {found[-1]}", file=sys.stderr)
                if given.out:
                    given.out.write_text(json.dumps([asdict(each) for each in found], indent=1), encoding="utf-8")
        finally:
            system.stop()
    print(f"{name}. {machine.headline(machine.describe(None))}.\n\n{report(found)}")


if __name__ == "__main__":
    main()
