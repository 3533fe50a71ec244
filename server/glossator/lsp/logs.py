"""The server's log: a file that turns over by size, and standard error for what a user should see. Never source text.

What nobody caught is logged like the rest, and a native crash leaves the stack in a file beside the log: both say where
it happened and not with what.

Libraries put whole messages and parameters into what they log; of their records only the place and the kind are kept.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from ..engine.private import private_folder

log = logging.getLogger(__name__)

FILE = "server.log"
CRASHES = "server.crash.log"


class Discreet(logging.Formatter):
    """Formats records so that no text of a user's can be in them."""

    def format(self, record: logging.LogRecord) -> str:
        """Our own messages as they are; a library's only by logger and place; errors without their message."""
        ours = record.name.startswith("glossator")
        text = record.getMessage() if ours else f"(message of {record.module}:{record.lineno} withheld)"
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {text}"
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, frames = record.exc_info
            line += f"\n{kind.__name__}\n" + "".join(traceback.format_tb(frames)).rstrip()
        return line


def start(folder: Path) -> Path | None:
    """Send log records to a file in `folder` and warnings to standard error; returns the file, None without one."""
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    logging.getLogger("glossator").setLevel(logging.INFO)
    for name in ("pygls", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setLevel(logging.ERROR)
    path: Path | None = folder / FILE
    try:
        private_folder(folder)
        handlers.append(
            logging.handlers.RotatingFileHandler(folder / FILE, maxBytes=2**20, backupCount=3, encoding="utf-8")
        )
    except OSError:  # a log is not worth failing for
        path = None
    for handler in handlers:
        handler.setFormatter(Discreet())
    root.handlers = handlers
    logging.raiseExceptions = False
    _take_uncaught()
    if path is not None:
        _note_crashes(folder / CRASHES)
    return path


def _take_uncaught() -> None:
    """Log what nobody caught; Python itself would print the error's message, which may hold source text."""

    def main(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("the server ends by an error of its own", exc_info=(kind, error, frames))

    def thread(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
            log.error("a thread failed", exc_info=(given.exc_type, given.exc_value, given.exc_traceback))

    def finaliser(given: sys.UnraisableHookArgs) -> None:
        if given.exc_value is not None:
            log.warning("a finaliser failed", exc_info=(given.exc_type, given.exc_value, given.exc_traceback))

    sys.excepthook, threading.excepthook, sys.unraisablehook = main, thread, finaliser


_crashes: list[object] = []  # the file stays open as long as the process lives


def _note_crashes(place: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        place.touch(mode=0o600)
        file = place.open("a")
        _crashes.append(file)
        faulthandler.enable(file)
