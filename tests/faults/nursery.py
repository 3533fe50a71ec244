"""A process that has imported what a server imports, and forks: most of a server's start is importing.

`start` gives a server that is a child of this process as if it had been started here; what it is told (its arguments,
environment, folder and standard streams) it has from its first line on. Not for tests of the start itself, nor of what
a Python reads before its first line. Linux alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

SUBREAPER = 36  # prctl(PR_SET_CHILD_SUBREAPER): orphans of descendants become children
MOST = 100_000  # bytes of what a server is told


class Born:
    """A child that another process started: what `subprocess.Popen` offers, as far as it is used."""

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self.returncode: int | None = None
        self._waiting = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        with self._waiting:
            if self.returncode is None and (found := os.waitpid(self.pid, os.WNOHANG))[0]:
                self.returncode = os.waitstatus_to_exitcode(found[1])
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises `subprocess.TimeoutExpired`."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0)
            time.sleep(0.005)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks, begun with the first server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def start(
        self, program: Sequence[str], environment: Mapping[str, str], cwd: Path | None, stderr: IO[bytes]
    ) -> Born:
        """A server that runs `program`, which is `-m glossator …` or a script's path with its arguments."""
        told = json.dumps({"program": program, "environment": dict(environment), "cwd": str(cwd or Path.cwd())})
        given, stdin = os.pipe()
        stdout, taken = os.pipe()
        with self._lock, _adopting():
            if self._socket is None:
                self._socket = _begun()
            socket.send_fds(self._socket, [told.encode()], [given, taken, stderr.fileno()])
            pid = int(self._socket.recv(20))
        os.close(given)
        os.close(taken)
        return Born(pid, os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"))


NURSERY = Nursery()


def _begun() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        # It ends when the socket does.
        subprocess.Popen([sys.executable, "-P", __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    return ours


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Whoever loses its parent meanwhile becomes a child of this process."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        prctl(SUBREAPER, 0, 0, 0, 0)


# --- in the nursery ---------------------------------------------------------------------------------------------------


def _next(asked: socket.socket) -> list[str] | None:
    """In the nursery: fork for who asks until nobody does, then None. In a server: the program that it is."""
    while True:
        told, files, _, _ = socket.recv_fds(asked, MOST, 3)
        if not told:
            return None
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:  # it ends at once, so that the server is adopted
            pid = os.fork()
            if pid:
                os.write(writing, str(pid).encode())
                os._exit(0)
            for file in (reading, writing):
                os.close(file)
            asked.close()
            return _taken_over(json.loads(told), files)
        os.close(writing)
        os.waitpid(between, 0)
        asked.send(os.read(reading, 20))
        for file in (reading, *files):
            os.close(file)


def _taken_over(told: dict[str, object], files: Sequence[int]) -> list[str]:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    # Anew, since they know of what was there before whether it can be sought in.
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    environment, program = told["environment"], told["program"]
    assert isinstance(environment, dict) and isinstance(program, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(told["cwd"]))
    return program


def main() -> None:
    """Import, then fork."""
    import runpy

    import glossator.cli.act
    import glossator.cli.main
    import glossator.cli.serve
    import glossator.lsp.server  # noqa: F401 - what it brings is what takes long

    gc.freeze()
    program = _next(socket.socket(fileno=int(sys.argv[1])))
    if program is None:
        return
    module = program[0] == "-m"
    sys.argv = program[1:] if module else program
    if module:
        runpy.run_module(program[1], run_name="__main__")
    else:
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main()
