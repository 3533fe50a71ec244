"""The server's log: a file that turns over by size, and standard error for what a user should see. Never source text.

Libraries put whole messages and parameters into what they log; of their records only the place and the kind are kept.
"""

from __future__ import annotations

import logging
import logging.handlers
import traceback
from pathlib import Path

FILE = "server.log"


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
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(folder / FILE, maxBytes=2**20, backupCount=3, encoding="utf-8")
        )
    except OSError:  # a log is not worth failing for
        path = None
    for handler in handlers:
        handler.setFormatter(Discreet())
    root.handlers = handlers
    logging.raiseExceptions = False
    return path
