"""Asks a child process about llama.cpp and lets it measure a model. Loads nothing of llama.cpp itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..engine import calibration, child
from ..engine.calibration import Calibration
from ..engine.process import Options

LOOK_SECONDS, MEASURE_SECONDS = 30.0, 180.0


@dataclass(slots=True)
class Survey:
    """What the child told. `error` is empty, or says why there is no more."""

    build: str = ""
    gpu: bool = False
    calibration: Calibration | None = None
    error: str = ""


def survey(options: Options | None, say: Callable[[str], None]) -> Survey:
    """Look at llama.cpp and, with `options`, measure that model; `say` is told each step."""
    found = Survey()

    def take(told: dict[str, Any]) -> None:
        if "build" in told:
            found.build, found.gpu = str(told["build"]), bool(told["gpu"])
        elif "step" in told:
            say(str(told["step"]))
        elif "calibration" in told:
            found.calibration = calibration.read(told["calibration"])

    arguments = ["--options", options.to_json()] if options else []
    found.error = child.run("survey", arguments, take, seconds=MEASURE_SECONDS if options else LOOK_SECONDS)
    return found
