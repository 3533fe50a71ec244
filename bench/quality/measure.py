"""One problem asked and judged, and a file of such rows to which a run that was stopped goes on adding.

A file has one JSON object a line: a `head` for each time that it was worked on, then a row for each problem. Model
output is run in the limited child alone. Makes no tables.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from glossator.action import Action
from glossator.action.tools import NONE, Tools
from glossator.answer import limited
from glossator.answer.limited import Limits
from glossator.answer.running import Runs
from glossator.engine import ContextTooLong, Engine

from . import methods
from .methods import Answered
from .problems import Problem, script

Found = TypeVar("Found")
Row = dict[str, Any]

LIMITS = Limits(seconds=120, cpu_seconds=5, memory=1 << 30)
"""Processor time decides, not wall time: a busy machine makes no answer wrong."""


class CannotJudge(Exception):
    """This machine cannot run model output in the limited child; the message says why."""


@dataclass(frozen=True)
class Asker:
    """Who is asked, and how: `wait` gives a coroutine's result, `cpu` the engine's processor seconds so far."""

    engine: Engine
    actions: Mapping[str, Action]
    wait: Callable[[Coroutine[Any, Any, Any]], Any]
    cpu: Callable[[], float]
    seconds: float = 0.0

    def recipe(self, method: str, task: str) -> str:
        """What rows must agree in to belong to one run."""
        return methods.recipe(method, task, self.engine, self.actions, self.seconds)


def judge(problem: Problem, module: str) -> str:
    """How the test of a module ended: `passed`, or what was wrong. Raises `CannotJudge`."""
    ran = limited.run(script(problem, module), LIMITS)
    if ran.state == "not run":
        raise CannotJudge(ran.message)
    return str(ran)


def measure(problem: Problem, task: str, method: str, asker: Asker) -> Row:
    """Ask once and judge all candidates. Raises `EngineError`, `CannotJudge`."""
    if method == "raw":
        ask = methods.raw(problem, task, asker.engine)
    else:
        tools = Tools(runs=Runs()) if method == "glossator-run" else NONE
        ask = methods.product(problem, task, asker.engine, asker.actions, asker.seconds, tools=tools)
    began, cpu, own = time.monotonic(), asker.cpu(), _own_cpu()
    try:
        answered: Answered = asker.wait(ask)
    except ContextTooLong as error:
        answered = Answered(reasons=(str(error),))
    seconds, cpu, own = time.monotonic() - began, asker.cpu() - cpu, _own_cpu() - own
    modules = answered.modules
    if task == "explain" and not answered.reasons:
        modules = (asker.wait(methods.rebuilt(problem, answered.answer, asker.engine)),)  # not part of what it costs
    ends = [judge(problem, module) if module else "no code" for module in modules]
    right = [end == "passed" for end in ends]
    used = answered.usage
    return {
        "problem": problem.task_id,
        "digest": problem.digest,
        "task": task,
        "method": method,
        "model": asker.engine.model().name,
        "recipe": asker.recipe(method, task),
        "right": bool(right and right[0]),
        "offered": bool(modules),
        "reasons": list(answered.reasons),
        "candidates": len(modules),
        "first_right": right.index(True) + 1 if any(right) else 0,
        "rungs": list(answered.rungs),
        "prompt_tokens": used.prompt_tokens,
        "answer_tokens": used.answer_tokens + used.thought_tokens,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu, 3),
        "own_cpu_seconds": round(own, 3),
        "ends": ends,
        "modules": list(modules),
        "answer": answered.answer,
    }


def _own_cpu() -> float:
    """Processor seconds of this process and of the children that it has waited for: reading code, running it."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def done(path: Path) -> tuple[list[Row], list[Row]]:
    """The heads and the rows of a file; a last line that was cut off is left out. Empty where there is no file."""
    heads: list[Row] = []
    rows: list[Row] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if "head" in found:
            heads.append(found["head"])
        else:
            rows.append(found)
    return heads, rows


def add(path: Path | None, row: Row) -> None:
    """Append a row at once, on a line of its own also where the line before was cut off."""
    if path is None:
        return
    cut = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if cut else "") + json.dumps(row, ensure_ascii=False) + "\n")


def missing(rows: list[Row], problem: Problem, task: str, method: str, recipe: str) -> bool:
    """Whether a problem has not been measured in this way."""
    wanted = (problem.task_id, problem.digest, task, method, recipe)
    return all(tuple(row[key] for key in ("problem", "digest", "task", "method", "recipe")) != wanted for row in rows)
