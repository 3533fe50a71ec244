"""Makes the n-th of a kind of calls fail in the process that calls `begin`, or all from the n-th on; or counts them.

Kinds: `open` (files and databases), `move` (names, folders and modes), `write` (files), `connect` (sockets)
and `spawn` (processes). Of files only those below one folder count, so that Python itself goes on.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from typing import Any

EVENTS = {
    "open": ("open", "sqlite3.connect"),
    "move": ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"),
    "connect": ("socket.connect",),
    "spawn": ("subprocess.Popen", "os.posix_spawn", "os.fork"),
}
KINDS = (*EVENTS, "write")
_WRITE = os.write


class Failing:
    """Counts, and fails when it is time; a letter in the file `failed` for each failure, or in `counted-KIND` for each
    call where the 0th, which is none, should fail."""

    def __init__(self, kind: str, nth: int, below: str, error: int, *, ever: bool) -> None:
        self.kind, self.nth, self.below, self.error, self.ever = kind, nth, below, error, ever
        self.count = 0
        self.lock = threading.Lock()
        name = "failed" if nth else f"counted-{kind}"
        self.told = os.open(Path(below) / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def call(self) -> None:
        """One more call. Raises `OSError` when it is this one's turn."""
        with self.lock:
            self.count += 1
            due = self.count == self.nth or (self.ever and self.count > self.nth > 0)
        if due or not self.nth:
            _WRITE(self.told, b"x")
        if due:
            raise OSError(self.error, os.strerror(self.error))

    def hook(self, event: str, given: tuple[Any, ...]) -> None:
        """For `sys.addaudithook`."""
        if event in EVENTS.get(self.kind, ()) and (self.kind in ("connect", "spawn") or self.counts(given[0])):
            self.call()

    def counts(self, path: Any) -> bool:
        """Whether a file is one of those that count."""
        if isinstance(path, str | bytes | os.PathLike):
            return os.fsdecode(path).startswith(self.below)
        try:
            return os.readlink(f"/proc/self/fd/{path}").startswith(self.below)  # noqa: PTH115
        except OSError:
            return False


def begin(*, kind: str, nth: int, below: str, error: int, ever: bool = False) -> None:
    """From now on."""
    failing = Failing(kind, nth, below, error, ever=ever)
    if kind in EVENTS:
        sys.addaudithook(failing.hook)
    if kind == "write":
        _fail_writes(failing)


def _fail_writes(failing: Failing) -> None:
    """Of `os.write`, and of the objects that `open` gives."""
    plain_open, plain_write = io.open, os.write

    def write(file: int, data: Any) -> int:
        if failing.counts(file):
            failing.call()
        return plain_write(file, data)

    def opened(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        found = plain_open(file, mode, *rest, **more)
        if set(mode) & set("wax+") and failing.counts(found.fileno()):
            inner = found.write

            def checked(data: Any) -> Any:
                failing.call()
                return inner(data)

            found.write = checked
        return found

    import builtins

    os.write = write  # type: ignore[assignment]
    io.open = builtins.open = opened
