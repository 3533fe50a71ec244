"""What is measured for the engine's table, and how. A scenario asks one started system and returns numbers by row."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import prompts
from .ours import Ours
from .systems import System

Samples = dict[str, list[float]]
STOPS_WITHIN = (0.3, 1.2)  # seconds into a prefill at which it is stopped


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        key: How `--only` names it.
        title: What is read.
        unit: `s`, `ms`, `MiB` (less is better) or `tok/s` (more is better).
        goal_a, goal_b: At least so many times better than system (a), (b); 0: there is no goal.
        most: An absolute goal in `unit`; 0: none.
        paired: The samples of all systems are of the same tasks, in the same order.
    """

    key: str
    title: str
    unit: str
    goal_a: float = 0.0
    goal_b: float = 0.0
    most: float = 0.0
    paired: bool = False

    @property
    def less(self) -> bool:
        """Whether less is better."""
        return self.unit != "tok/s"


ROWS = (
    Row("second", "second symbol of a file, first word", "s", 25, 1),
    Row("back", "back to a file seen before, first word", "s", 20, 1),
    Row("restart", "the same after a restart, first word", "s", 20, 20),
    Row("insertion", "after an insertion in the middle, first word", "s", 8, 4),
    Row("cold", "cold prefill", "tok/s", 1.5, 1),
    Row("edit", "edit decoding", "tok/s", 1.8, 1, paired=True),
    Row("quiet", "decoding on a quiet machine", "tok/s"),
    Row("busy", "decoding beside a busy job", "tok/s", 2, 1),
    Row("stop", "stop inside a prefill, p95, until the engine is free", "ms", most=50),
    Row("stop-reply", "the same until another answer is there, p95", "ms"),
    Row("memory", "resident memory after two files", "MiB"),
)


def reading(system: System) -> Samples:
    """Prompts of 1.2–1.3 k tokens: cold, second symbol, another file and back, an insertion, a restart."""
    first, second = prompts.library(prompts.FIRST), prompts.library(prompts.SECOND)
    changed = prompts.inserted(first, "def cancel(")

    def ask(file: str, name: str) -> tuple[float, float]:
        timing = system.ask(file, prompts.TASK.format(name=name), tokens=4)
        return timing.first, timing.computed / timing.first

    found: Samples = {}
    found["cold"] = [ask(first, prompts.FIRST_SYMBOLS[0])[1]]
    found["second"] = [ask(first, prompts.FIRST_SYMBOLS[1])[0]]
    found["cold"].append(ask(second, prompts.SECOND_SYMBOLS[0])[1])
    found["back"] = [ask(first, prompts.FIRST_SYMBOLS[2])[0]]
    found["insertion"] = [ask(changed, prompts.FIRST_SYMBOLS[2])[0]]
    found["memory"] = [system.memory()]
    system.restart()
    found["restart"] = [ask(first, prompts.FIRST_SYMBOLS[3])[0]]
    return found


def inserting(system: System) -> Samples:
    """Only what a changed file costs."""
    first = prompts.library(prompts.FIRST)
    system.ask(first, prompts.TASK.format(name=prompts.FIRST_SYMBOLS[1]), tokens=4)
    changed = prompts.inserted(first, "def cancel(")
    return {"insertion": [system.ask(changed, prompts.TASK.format(name=prompts.FIRST_SYMBOLS[2]), tokens=4).first]}


def editing(functions: int) -> Callable[[System], Samples]:
    """Functions rewritten whole; what is drafted is the function as it was."""

    def edit(system: System) -> Samples:
        tasks = prompts.edits(functions)
        answers = [system.ask(prompts.fenced(each.code), each.task, tokens=360, draft=each.code) for each in tasks]
        return {"edit": [answer.rate for answer in answers]}

    return edit


def decoding(system: System) -> Samples:
    """A long answer to a short prompt, alone and beside a process that never sleeps."""
    code = prompts.fenced(prompts.function("colorsys", "hsv_to_rgb"))
    quiet = system.ask(code, prompts.AT_LENGTH, tokens=128).rate
    with busy():
        beside = system.ask(code, prompts.AT_LENGTH, tokens=128).rate
    return {"quiet": [quiet], "busy": [beside]}


def stopping(times: int) -> Callable[[System], Samples]:
    """Requests that are dropped inside their prefill."""

    def stop(system: System) -> Samples:
        assert isinstance(system, Ours)
        dice = random.Random(1)
        file = prompts.library(prompts.FIRST)
        found: Samples = {"stop": [], "stop-reply": []}
        for number in range(times):
            text = f"# {number}\n{file}"  # a file that was not read before
            free, reply = system.stop_inside(text, prompts.TASK.format(name="run"), dice.uniform(*STOPS_WITHIN))
            found["stop"].append(1000 * free)
            found["stop-reply"].append(1000 * reply)
        return found

    return stop


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Another process takes all of one core that it can get."""
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.5)
        yield
    finally:
        child.kill()
        child.wait()
