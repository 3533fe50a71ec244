"""The process in which `glossator doctor` looks at llama.cpp: `python -P -m glossator.engine.survey [--options JSON]`.

A process of its own, since a library that was built for another processor ends the one that loads it. Tells in JSON
lines on standard output: {"build": …, "gpu": …}, then with options {"step": …} again and again, and
{"calibration": …} or {"error": …}.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from . import EngineError
from .measuring import measure
from .process import Options, harden


def main() -> int:
    """Measure in this process, and tell on what was standard output."""
    parser = argparse.ArgumentParser(prog="glossator.engine.survey")
    parser.add_argument("--options", type=Options.from_json, help="without it only the build is told")
    given = parser.parse_args()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        harden()

        def tell(**values: object) -> None:
            out.write(json.dumps(values) + "\n")
            out.flush()

        try:
            from .llama_native import about

            tell(**about())
            if given.options:
                asked: Options = given.options
                found = measure(
                    Path(asked.path), asked.context, asked.threads, asked.gpu_layers, lambda step: tell(step=step)
                )
                tell(calibration=asdict(found))
        except (EngineError, ImportError, OSError) as error:
            tell(error=str(error))
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
