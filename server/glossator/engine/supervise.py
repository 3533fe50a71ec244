"""Starting the engine process, ending it, and what to make of its deaths. Knows nothing of what it is asked.

One `Record` serves all connections of this process: it remembers deaths, refuses a request that caused two of them, and
leaves an engine that keeps dying alone for a while.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from . import EngineDied, EngineError, RequestPoisoned
from .private import private_folder

log = logging.getLogger(__name__)

DEATHS, WITHIN_SECONDS = 5, 180.0
_KILLS = 2  # deaths that one request may cause
_LONGEST_REST = 1800.0
_LOG_BYTES = 1 << 20
_PASSED = ("OMP_", "GOMP_", "KMP_", "CUDA_", "GGML_", "HIP_", "ROCR_", "VK_", "XDG_", "LC_")
_PASSED_NAMES = {"GLOSSATOR_HOME", "PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
_PASSED_WINDOWS = {"SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "PATHEXT", "COMSPEC"}


class Record:
    """Deaths of the engine in this session, and what follows from them. All times are of `clock`, in seconds."""

    def __init__(self, logs: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._logs = logs
        self._clock = clock
        self._deaths: list[float] = []
        self._blamed: Counter[str] = Counter()
        self._rest_until = 0.0
        self._rest = WITHIN_SECONDS
        self._last_pid: int | None = None
        self.restarts = 0
        self.last_error = ""

    @property
    def failed(self) -> bool:
        """Whether the engine is left alone for now."""
        return self._clock() < self._rest_until

    def check(self, request: str) -> None:
        """Raise `RequestPoisoned` or `EngineDied` where the request (a digest) is not to be tried."""
        if self._blamed[request] >= _KILLS:
            raise RequestPoisoned(
                f"this request ended the engine {_KILLS} times and is refused until this program starts anew; "
                f"what happened is in {self._logs / 'engine.log'}"
            )
        if self.failed:
            minutes = max(1, round((self._rest_until - self._clock()) / 60))
            raise EngineDied(
                f"the engine ended {DEATHS} times within {WITHIN_SECONDS / 60:.0f} minutes and is left alone for "
                f"{minutes} min; what needs no model goes on. Run `glossator doctor` to see why"
            )

    def death(self, why: str, running: Sequence[str] = (), pid: int | None = None) -> EngineDied:
        """Note a death while the requests `running` (digests) were worked on; returns what to tell.

        Several connections may tell of the same process; it dies once.
        """
        now = self._clock()
        self._blamed.update(running)
        if pid is None or pid != self._last_pid:
            self._deaths = [at for at in self._deaths if now - at < WITHIN_SECONDS] + [now]
            self.restarts += 1
        self._last_pid = pid
        self.last_error = why
        log.warning("%s", why)
        if len(self._deaths) >= DEATHS:
            self._rest_until = now + self._rest
            self._rest = min(2 * self._rest, _LONGEST_REST)
            self._deaths = self._deaths[1 - DEATHS :]  # the next death after the rest is one too many again
        return EngineDied(f"{why}; the next request starts it again. Its log: {self._logs / 'engine.log'}")

    def answered(self) -> None:
        """An answer came: what came before is forgiven, but for the poisoned requests."""
        self._rest = WITHIN_SECONDS


class Child:
    """The engine process, if this process started it; a thread waits for its end so that nothing is left of it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process
        threading.Thread(target=process.wait, name="engine-exit", daemon=True).start()

    @property
    def code(self) -> int | None:
        """The exit status, negative for a signal; None while it lives."""
        return self._process.returncode


STARTER = "GLOSSATOR_ENGINE_STARTER"
"""Names the process that starts an engine, to the engine: without its first client it is of no use."""


def environment(of: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the engine process gets of the environment: no keys, no proxies, nothing of Python's."""
    names = _PASSED_NAMES | (_PASSED_WINDOWS if os.name == "nt" else set())
    passed = {name: value for name, value in of.items() if name.upper() in names or name.startswith(_PASSED)}
    secret = ("KEY", "TOKEN", "SECRET", "PASSWORD")
    kept = {name: value for name, value in passed.items() if not any(word in name.upper() for word in secret)}
    return kept | {"GGML_NO_BACKTRACE": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}


def spawn(command: Sequence[str], logs: Path, folder: Path) -> Child:
    """Start `command` in `folder`, its output going to `engine.log`. Raises `EngineError`."""
    try:
        private_folder(logs)
        path = logs / "engine.log"
        with contextlib.suppress(OSError):
            if path.stat().st_size > _LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
        path.touch(mode=0o600)
        with path.open("ab") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                close_fds=True,
                start_new_session=True,
                cwd=folder,
                env=environment() | {STARTER: str(os.getpid())},
                creationflags=0x00000208 if os.name == "nt" else 0,  # detached, in a process group of its own
            )
    except OSError as error:
        raise EngineError(f"the engine process could not be started: {error.strerror or error}") from error
    return Child(process)


def engine_command() -> list[str]:
    """The real engine process, on Python's safe path: nothing is imported from the folder that it runs in."""
    return [sys.executable, "-P", "-m", "glossator.engine.process"]


def end(pid: int | None, started_with: str) -> None:
    """End a process that no longer answers, if its command line still holds `started_with`."""
    if pid is None:
        return
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if started_with in process.cmdline():
            process.kill()


def said_of(code: int | None) -> str:
    """How a process ended, for people."""
    if code is None:
        return ""
    if code in (-9, 137):
        return " (killed: perhaps the memory was full; a smaller model or context needs less)"
    if code < 0:
        return f" (signal {-code})"
    return f" (exit code {code})"
