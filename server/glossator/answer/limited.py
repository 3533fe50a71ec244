"""Python code run in a child process that can do no harm, within limits: whether it went through, or how it failed.

Runs code only for a user who asked for that; who asks, and what the code is for, is not known here. The child
(`limited_child`) has nothing of this process but the code: an empty environment, an empty folder that is removed, no
open file, no site packages, no threads; it cannot write, start, signal or connect. Linux keeps it so. Where the kernel
has no such filter only Python itself does, which code that means harm can work around: then nothing is run unless the
caller says that this suffices.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .quoted import quoted

State = Literal["passed", "failed", "timed out", "not run"]

CHILD = Path(__file__).with_name("limited_child.py")
_REPORT_BYTES = 1 << 18
"""Longest report that is read; what writes more is no report."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the code may use.

    Attributes:
        seconds: Wall time, the start of Python included. On a busy machine it passes without any work being done, so
            it is generous; `cpu_seconds` is what ends an endless loop.
        cpu_seconds: Processor time, whole seconds.
        memory: Bytes of address space; Python itself takes about 30 MiB.
        output: Characters of standard output and error that are kept.
    """

    seconds: float = 20.0
    cpu_seconds: int = 3
    memory: int = 512 << 20
    output: int = 8000


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended.

    Attributes:
        state: `passed` (ran to its end), `failed`, `timed out` (wall or processor time), `not run`.
        error: The exception's type, or the signal that ended the process; "" unless it failed.
        message: The exception's message; why it was not run.
        line: Where in the code it was raised, from 1; 0: not known.
        output: What it printed, cut; "" where the process was ended.
        isolation: The walls that held besides resource limits, the strongest first.
        seconds: Wall time.
    """

    state: State
    error: str = ""
    message: str = ""
    line: int = 0
    output: str = ""
    isolation: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the code ran to its end."""
        return self.state == "passed"

    def __str__(self) -> str:
        said = quoted(": ".join(part for part in (self.error, self.message.strip().partition("\n")[0]) if part), 160)
        return f"{self.state}{f' ({said})' if said else ''}"


_STOPPED = Ran("not run", message="it was stopped")


class Stop:
    """Ends a run from another thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.asked = False

    def now(self) -> None:
        """End the child, or never start it."""
        with self._lock:
            self.asked = True
            if self._child is not None:
                self._child.kill()

    def of(self, child: subprocess.Popen[bytes]) -> None:
        """This is the one to end."""
        with self._lock:
            self._child = child
            if self.asked:
                child.kill()


def run(
    code: str,
    limits: Limits | None = None,
    *,
    hook_suffices: bool = False,
    python: str = "",
    stop: Stop | None = None,
) -> Ran:
    """Run `code` as the top level of a module. Blocks for as long as it takes, at most about `limits.seconds`.

    `hook_suffices`: run it also where only Python's audit hook keeps it in. `python`: another interpreter than this
    one. Code that ends the process itself (`os._exit`) has failed, `sys.exit()` too. Raises nothing.
    """
    most, stop = limits or Limits(), stop or Stop()
    if stop.asked:
        return _STOPPED
    if os.name != "posix":
        return Ran("not run", message="code can be run within limits on Linux and macOS only")
    began = time.monotonic()
    word = secrets.token_hex(8)
    asked = {
        "code": code,
        "word": word,
        "cpu_seconds": most.cpu_seconds,
        "memory": most.memory,
        "output": most.output,
        "hook_suffices": hook_suffices,
    }
    try:
        lines, status, late = _child(json.dumps(asked), python or sys.executable, began + most.seconds, stop)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Ran("not run", message=str(error))
    if stop.asked:
        return _STOPPED
    return _ended(_reports(lines, word), status, late, time.monotonic() - began)


def _child(asked: str, python: str, until: float, stop: Stop) -> tuple[bytes, int, bool]:
    """What the child reported, its exit status, and whether its time was up. Leaves no process and no file behind."""
    with (
        tempfile.TemporaryDirectory(prefix="glossator-limited-", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryFile() as given,
    ):
        given.write(asked.encode("utf-8", "surrogatepass"))
        given.seek(0)
        # -I would ignore the seed of hashes, without which the order of a set differs from run to run.
        with subprocess.Popen(
            [python, "-P", "-s", "-S", "-B", "-X", "utf8", str(CHILD)],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"PYTHONHASHSEED": "0"},
            start_new_session=True,
        ) as process:
            stop.of(process)
            try:
                report, late = _read(process, until)
            finally:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)  # its zombie holds the group's number until it is waited for
            return report, process.wait(), late


def _read(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bool]:
    """The report, read to its second line, its end, its limit or the end of the time; and whether that was up.

    Leaves a process that has reported, or has closed its end, a moment to end by itself.
    """
    pipe, report = process.stdout, b""
    if pipe is None:
        return report, False
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while report.count(b"\n") < 2 and len(report) < _REPORT_BYTES:
            left = until - time.monotonic()
            if left <= 0:
                return report, True
            if selector.select(left):
                piece = os.read(pipe.fileno(), 1 << 16)
                if not piece:
                    break
                report += piece
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, min(1.0, until - time.monotonic())))
    return report, False


def _reports(lines: bytes, word: str) -> list[dict[str, Any]]:
    """The lines that came from the child itself, as they carry its word; the code does not know where to find it."""
    found = []
    for line in lines.split(b"\n"):
        with suppress(ValueError):
            report = json.loads(line)
            if isinstance(report, dict) and report.get("word") == word:
                found.append(report)
    return found


def _ended(reports: list[dict[str, Any]], status: int, late: bool, seconds: float) -> Ran:
    held = next((tuple(map(str, each["held"])) for each in reports if "held" in each), ())
    last = next((each for each in reports if "error" in each), None)
    if last is not None:
        state: State = "failed" if last["error"] else "passed"
        return Ran(state, last["error"], last["message"], last["line"], last["output"], held, seconds)
    if late or status in (-signal.SIGXCPU, -signal.SIGKILL):
        return Ran("timed out", isolation=held, seconds=seconds)
    if not held:
        return Ran("not run", message=f"the child did not start (status {status})", seconds=seconds)
    if status == 0 and len(held) == 1:
        why = "this system has no filter of system calls to keep the code in"
        return Ran("not run", message=why, isolation=held, seconds=seconds)
    error = signal.Signals(-status).name if status < 0 else "SystemExit"
    return Ran("failed", error, "the process ended before the code did", isolation=held, seconds=seconds)
