"""Asks a child process about llama.cpp and lets it measure a model. Loads nothing of llama.cpp itself."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..engine import calibration, supervise
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
    command = [sys.executable, "-P", "-m", "glossator.engine.survey"]
    command += ["--options", options.to_json()] if options else []
    found = Survey()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=supervise.environment(),
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        found.error = f"Python cannot be started ({error.strerror or error})"
        return found
    limit = MEASURE_SECONDS if options else LOOK_SECONDS
    timer = threading.Timer(limit, process.kill)
    timer.start()
    try:
        for line in process.stdout or ():
            _take(found, line, say)
        process.wait()
        late = not timer.is_alive()
    except BaseException:  # the person has had enough
        process.kill()
        process.wait()
        raise
    finally:
        timer.cancel()
    if late:
        found.error = f"it took longer than {limit:.0f} s and was stopped"
    elif process.returncode and not found.error:
        found.error = f"the process ended{supervise.said_of(process.returncode)}"
    return found


def _take(found: Survey, line: str, say: Callable[[str], None]) -> None:
    try:
        told = json.loads(line)
        if "build" in told:
            found.build, found.gpu = str(told["build"]), bool(told["gpu"])
        elif "step" in told:
            say(str(told["step"]))
        elif "calibration" in told:
            found.calibration = calibration.read(told["calibration"])
        elif "error" in told:
            found.error = str(told["error"])
    except (ValueError, TypeError, KeyError):
        found.error = "it said something that is not understood"
