"""When the server ends: the client says so, its input ends, its process dies, or a signal comes. Nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable

import psutil

LOOK_EVERY = 1.0  # seconds between two looks at the client's process
LAST_MOMENT = 3.0  # seconds that an orderly end may take


def watch_process(pid: int | None, gone: Callable[[], None]) -> None:
    """Call `gone` (from a thread) when the process ends; one that cannot be seen from here is not watched."""
    if pid is None or pid <= 0:
        return
    try:
        process = psutil.Process(pid)
    except (psutil.Error, OverflowError):  # another machine's or another container's
        return

    def look() -> None:
        while True:
            time.sleep(LOOK_EVERY)
            try:
                if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                    break
            except psutil.AccessDenied:
                continue
            except psutil.Error:
                break
        gone()

    threading.Thread(target=look, name="client's life", daemon=True).start()


def end_at_last(code: int) -> None:
    """Whatever hangs, the process is gone after `LAST_MOMENT`."""

    def end() -> None:
        time.sleep(LAST_MOMENT)
        os._exit(code)

    threading.Thread(target=end, name="last moment", daemon=True).start()


def on_signals(end: Callable[[], None]) -> None:
    """Call `end` on the loop when the system asks the process to stop."""
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(getattr(signal, name), end)
