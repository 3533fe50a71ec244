"""Processes that read many files of a workspace at once, beside this one and after whatever else the machine does.

A file on which a process dies is no entry, and the next process goes on behind it. Knows nothing of the index.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..code.entry import Entry, from_line
from ..code.indexing import entry_at
from ..engine.supervise import environment

FEW_FILES, FEW_BYTES = 24, 400_000
"""So much is read here and now: a process takes longer to start."""
MOST_PROCESSES = 4
_MOST_DEATHS = 8


def entries(root: Path, paths: Sequence[tuple[str, int]], stop: threading.Event) -> Iterator[tuple[str, Entry | None]]:
    """The entries of files (path and size), in any order; None for what is no source text. Ends early on `stop`."""
    if len(paths) <= FEW_FILES and sum(size for _, size in paths) <= FEW_BYTES:
        for path, _ in paths:
            if stop.is_set():
                return
            yield path, entry_at(root, path)
        return
    pending: queue.SimpleQueue[str] = queue.SimpleQueue()
    for path, _ in sorted(paths, key=lambda each: -each[1]):
        pending.put(path)
    count = max(1, min(MOST_PROCESSES, (os.cpu_count() or 2) // 2, len(paths) // FEW_FILES))
    found: queue.SimpleQueue[tuple[str, Entry | None] | None] = queue.SimpleQueue()
    for _ in range(count):
        threading.Thread(target=_work, args=(root, pending, found, stop), name="indexing", daemon=True).start()
    while count:
        each = found.get()
        if each is None:
            count -= 1
        else:
            yield each


def _work(
    root: Path,
    pending: queue.SimpleQueue[str],
    found: queue.SimpleQueue[tuple[str, Entry | None] | None],
    stop: threading.Event,
) -> None:
    """Hand paths to a process, one at a time, until there are no more."""
    deaths = 0
    process: subprocess.Popen[str] | None = None
    try:
        while not stop.is_set() and deaths < _MOST_DEATHS:
            path = pending.get_nowait()
            process = process or _started(root)
            line = _asked(process, path)
            if not line:  # it died of this file, or cannot be started at all
                _end(process)
                process, deaths = None, deaths + 1
            found.put((path, from_line(line) if line else None))
    except (queue.Empty, OSError):
        pass
    finally:
        if process is not None:
            _end(process)
        found.put(None)


def _started(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "glossator.code.indexing", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        encoding="ascii",
        errors="replace",
    )


def _asked(process: subprocess.Popen[str], path: str) -> str:
    """The answer of the process; "" when it died."""
    if process.stdin is None or process.stdout is None:  # pragma: no cover - both are pipes
        return ""
    try:
        process.stdin.write(json.dumps(path) + "\n")
        process.stdin.flush()
        return process.stdout.readline()
    except OSError:
        return ""


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
    process.kill()
    process.wait()
