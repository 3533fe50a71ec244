"""`python -m bench.quality PROBLEMS.jsonl`: how often answers are right, asked plainly and by Glossator.

The methods take turns on each problem. Every row is written at once, so a run that was stopped goes on where it was;
what changes an answer (model, prompts, code of the product) begins anew. Remembered answers are off.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from glossator.action import catalogue
from glossator.engine import EngineDied, EngineError
from glossator.models import ModelError, store
from glossator.settings import folders

from .. import machine, tables
from ..ours import Ours
from . import report
from .measure import Asker, CannotJudge, add, done, measure, missing
from .methods import METHODS
from .problems import TASKS, Problem, part, read


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("problems", nargs="?", type=Path, help="a file of problems, one JSON object a line")
    parser.add_argument("--task", default="fix", choices=TASKS, help="(%(default)s)")
    parser.add_argument("--method", default="both", choices=[*METHODS, "both", "all"], help="(%(default)s)")
    parser.add_argument("--model", default="", help="a name of the catalogue or a GGUF file (the default model)")
    parser.add_argument("--slice", type=part, default=slice(None), metavar="FIRST:LAST", help="these problems alone")
    parser.add_argument("--seconds", type=float, default=0.0, help="an answer may take (the product's default)")
    parser.add_argument("--out", type=Path, help="add every row to this file of JSON lines, and go on where it ends")
    parser.add_argument("--from", dest="source", type=Path, help="measure nothing, show such a file")
    parser.add_argument("--markdown", action="store_true", help="print tables as Markdown")
    parser.add_argument("--into", type=Path, help="put the Markdown tables into this file, between its marks")
    options = parser.parse_args(given)
    if not options.source and not options.problems:
        parser.error("name a file of problems, or an earlier run with --from")
    return options


def measured(
    problems: Sequence[Problem], task: str, methods: Sequence[str], asker: Asker, out: Path | None
) -> list[dict[str, object]]:
    """The rows of the problems, those that the file has included."""
    _, rows = done(out) if out else ([], [])
    recipes = {method: asker.recipe(method, task) for method in methods}
    for number, problem in enumerate(problems, 1):
        for method in methods:
            if not missing(rows, problem, task, method, recipes[method]):
                continue
            row = _asked(problem, task, method, asker)
            rows.append(row)
            add(out, row)
            said = "right" if row["right"] else "; ".join(row["reasons"] or row["ends"])
            cost = f"{row['seconds']:.1f} s, {row['answer_tokens']} tokens"
            print(f"[{number}/{len(problems)}] {problem.task_id} {method}: {said} ({cost})", file=sys.stderr)
    return rows


def _asked(problem: Problem, task: str, method: str, asker: Asker) -> dict[str, object]:
    """The row of a problem, asked again where the engine's process died, as it may on a very busy machine."""
    try:
        return measure(problem, task, method, asker)
    except EngineDied as error:
        print(f"{problem.task_id} {method}: {error}; asked again", file=sys.stderr)
        return measure(problem, task, method, asker)


def _cpu(ours: Ours) -> float:
    """Processor seconds of the engine's process that runs now; 0: none does."""
    pid = ours.engine.status().pid
    try:
        times = psutil.Process(pid).cpu_times() if pid else None
    except psutil.NoSuchProcess:
        times = None
    return float(times.user + times.system) if times else 0.0


def main() -> None:
    """Measure and show."""
    given = arguments()
    trouble = ""
    if given.source:
        heads, rows = done(given.source)
    else:
        heads, rows, trouble = _run(given)
    if given.into:
        tables.put(given.into, "bench.quality", report.report(heads, rows, markdown=True))
    print(report.report(heads, rows, markdown=given.markdown))
    if trouble:
        sys.exit(trouble)


def _run(given: argparse.Namespace) -> tuple[list[dict[str, object]], list[dict[str, object]], str]:
    """Heads, rows, and why it did not come to its end."""
    try:
        problems = read(given.problems, given.slice)
        name = given.model or store.resolve("", folders().models)[0].name
    except (OSError, ValueError, ModelError) as error:
        sys.exit(str(error))
    head = {"date": datetime.now(UTC).isoformat(), "machine": machine.describe(None), "seconds": given.seconds}
    add(given.out, {"head": head})
    methods = {"all": METHODS, "both": METHODS[:2]}.get(given.method, (given.method,))
    actions, _ = catalogue.load(catalogue.prompts_folder())
    rows: list[dict[str, object]] = []
    trouble = ""
    with tempfile.TemporaryDirectory(prefix="glossator-bench-", ignore_cleanup_errors=True) as home:
        ours = Ours(name, Path(home))
        try:
            ours.prepare()
            ours.start()
            asker = Asker(ours.engine, actions, ours.wait, lambda: _cpu(ours), given.seconds)
            rows = measured(problems, given.task, methods, asker, given.out)
        except (EngineError, CannotJudge, OSError, psutil.Error) as error:
            trouble = f"stopped: {type(error).__name__}: {error}"
        finally:
            if hasattr(ours, "engine"):
                ours.stop()
    heads = [head]
    if given.out:
        heads, rows = done(given.out)
    return heads, rows, trouble


if __name__ == "__main__":
    main()
