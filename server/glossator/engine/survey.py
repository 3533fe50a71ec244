"""The process in which `glossator doctor` looks at llama.cpp: `python -P -m glossator.engine.survey [--options JSON]`.

A process of its own, since a library that was built for another processor ends the one that loads it. Tells in JSON
lines on standard output: {"build": …, "gpu": …}, then with options {"step": …} again and again, and
{"calibration": …} or {"error": …}.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from .child import Tell, telling
from .measuring import measure
from .process import Options


def main() -> int:
    """Measure in this process, and tell of it."""
    parser = argparse.ArgumentParser(prog="glossator.engine.survey")
    parser.add_argument("--options", type=Options.from_json, help="without it only the build is told")
    given = parser.parse_args()

    def work(tell: Tell) -> None:
        from .llama_native import about

        tell(**about())
        if given.options:
            asked: Options = given.options
            found = measure(
                Path(asked.path), asked.context, asked.threads, asked.gpu_layers, lambda step: tell(step=step)
            )
            tell(calibration=asdict(found))

    return telling(work)


if __name__ == "__main__":
    sys.exit(main())
