"""`python -m bench.kills`: whether a state that the engine saved while it was killed can ever make a wrong answer.

The engine reads a file, is told to leave, which makes it save the file's state, and is killed at a random moment
meanwhile. The next engine is asked the same, greedily: it must say the same as the one that had read the whole file.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from glossator.engine import EngineError

from . import prompts
from .engine import model_of
from .ours import Ours

FILE = "sched"
ROWS = 24  # lines of a file: enough for a state, and quick to read
TOKENS = 12
WITHIN_SECONDS = 0.04  # between the order to leave and the kill


@dataclass
class Counted:
    """What came of all kills: answers that were not the same, and where the kill found the state's file."""

    kills: int = 0
    wrong: int = 0
    none: int = 0
    part: int = 0
    whole: int = 0
    reused: int = 0


def run(model: str, home: Path, kills: int, seed: int) -> Counted:
    """Kill the engine so many times. POSIX only."""
    dice, counted = random.Random(seed), Counted()
    system = Ours(model, home)
    states = home / "cache" / "states"
    text = "".join(prompts.library(FILE).splitlines(keepends=True)[:ROWS])
    task = prompts.TASK.format(name=prompts.FIRST_SYMBOLS[0])
    for number in range(kills):
        file = f"# {number}\n{text}"
        before = {path.name for path in states.glob("*.state")} if states.is_dir() else set()
        system.start()
        said = system.ask(file, task, tokens=TOKENS)
        pid = system.process.pid
        os.kill(pid, signal.SIGTERM)
        time.sleep(dice.uniform(0, WITHIN_SECONDS))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(psutil.Error):
            system.process.wait(10)
        with contextlib.suppress(EngineError):
            system.stop()
        found = [path.name for path in states.iterdir()] if states.is_dir() else []
        counted.kills += 1
        if any(name.endswith(".state") and name not in before for name in found):
            counted.whole += 1
        elif any(name.endswith(f"{pid}.part") for name in found):
            counted.part += 1
        else:
            counted.none += 1
        system.start()
        again = system.ask(file, task, tokens=TOKENS)
        counted.wrong += again.text != said.text
        counted.reused += again.computed < said.computed // 2
        with contextlib.suppress(ProcessLookupError):
            os.kill(system.process.pid, signal.SIGKILL)  # it need not save
        with contextlib.suppress(EngineError):
            system.stop()
        print(f"[{number + 1}/{kills}] {vars(counted)}", file=sys.stderr)
    return counted


def main() -> None:
    """Kill and count."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b", help="(%(default)s)")
    parser.add_argument("--kills", type=int, default=200, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    given = parser.parse_args()
    model_of(given.model)
    with tempfile.TemporaryDirectory(prefix="glossator-bench-", ignore_cleanup_errors=True) as home:
        counted = run(given.model, Path(home), given.kills, given.seed)
    print(
        f"{counted.kills} kills during a save: {counted.whole} left a whole state, {counted.part} a piece, "
        f"{counted.none} nothing; {counted.reused} states were used again; {counted.wrong} wrong answers"
    )
    sys.exit(1 if counted.wrong else 0)


if __name__ == "__main__":
    main()
