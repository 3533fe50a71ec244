"""Text for a terminal, whatever it holds. Loads nothing, since each start of the program needs it."""

from __future__ import annotations

import io
import re
import sys

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what a terminal would do instead of show


def calm(text: str) -> str:
    """`text` with nothing in it that a terminal obeys: names of files, code and a model's words may hold such."""
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def bear_any_text() -> None:
    """What the locale's encoding has no character for is written as an escape from now on, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
