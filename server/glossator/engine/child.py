"""A module of this package run in a process of its own, which tells in JSON lines how far it is.

So that native code which ends its process, or takes minutes and cannot be stopped, harms and holds up nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from . import EngineError, supervise

Take = Callable[[dict[str, Any]], None]


class Tell(Protocol):
    """Tells one object, from any thread. Raises `OSError` where nobody listens any more."""

    def __call__(self, **values: object) -> None: ...


def command(module: str) -> list[str]:
    """What starts `glossator.engine.MODULE`, on Python's safe path."""
    return [sys.executable, "-P", "-m", f"glossator.engine.{module}"]


def run(module: str, arguments: Sequence[str], take: Take, *, said: str = "", seconds: float = 0.0) -> str:
    """Run `glossator.engine.MODULE` to its end; why it failed, or "".

    `said` is what it reads from standard input. `take` gets each object that it tells; one with `error` is its reason.
    After `seconds` (0: never) it is ended. It does not outlive an exception, a person's Ctrl-C among them.
    """
    try:
        process = subprocess.Popen(
            [*command(module), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=supervise.environment(),
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return f"Python cannot be started ({error.strerror or error})"
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, end) if seconds else None
    if timer:
        timer.start()
    why = ""
    try:
        with contextlib.suppress(OSError):  # it ended before it had heard all
            process.stdin.write(said)
            process.stdin.close()
        for line in process.stdout:
            why = _taken(line, take) or why
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        if timer:
            timer.cancel()
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
    if late.is_set():
        return f"it took longer than {seconds:.0f} s and was stopped"
    if process.returncode and not why:
        return f"the process ended{supervise.said_of(process.returncode)}"
    return why


def _taken(line: str, take: Take) -> str:
    """Hand over what a line tells; why it failed, or ""."""
    try:
        told = json.loads(line)
        if not isinstance(told, dict):
            raise TypeError
        if "error" in told:
            return str(told["error"])
        take(told)
    except (ValueError, TypeError, KeyError):
        return "it said something that is not understood"
    return ""


def telling(work: Callable[[Tell], None]) -> int:
    """The other end of `run`: do `work` in this process, and tell on what was standard output; the exit code.

    What can be expected to go wrong is told as `error`.
    """
    from .process import harden

    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        harden()
        lock = threading.Lock()

        def tell(**values: object) -> None:
            with lock:
                out.write(json.dumps(values) + "\n")
                out.flush()

        try:
            work(tell)
        except (EngineError, ImportError, OSError) as error:
            tell(error=str(error))
            return 3
    return 0
