"""The recorded hour of work: who looks at what, edits what and asks for what. Reads the trace; knows no model.

A line of the trace is one event. `at` is in seconds since the beginning, for the reader: a replay does not wait.
Files are modules of the standard library; an edit replaces the first place where `find` stands. What a model proposes
is never applied, so that all systems see the same texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import prompts

PATH = Path(__file__).with_name("session_trace.jsonl")


class TraceError(ValueError):
    """The trace does not fit; the message names the line and what is wrong."""


@dataclass(frozen=True)
class Event:
    """One line of the trace.

    Attributes:
        event: A file is opened, a symbol is hovered, a file is edited, an action is asked for.
        words: What the user says with an action.
        diagnostics: What the user's tools say about the symbol.
    """

    at: int
    event: Literal["open", "hover", "edit", "act"]
    file: str
    symbol: str = ""
    action: str = ""
    words: str = ""
    diagnostics: tuple[str, ...] = ()
    find: str = ""
    replace: str = ""

    @property
    def asks(self) -> bool:
        """Whether a model is needed."""
        return self.event in ("hover", "act")


def read(path: Path = PATH) -> list[Event]:
    """The events in order. Raises `TraceError`."""
    events: list[Event] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            tree = json.loads(line)
            event = Event(**{**tree, "diagnostics": tuple(tree.get("diagnostics", ()))})
        except (TypeError, ValueError) as error:
            raise TraceError(f"{path.name}:{number}: {error}") from error
        if event.event not in ("open", "hover", "edit", "act"):
            raise TraceError(f"{path.name}:{number}: no such event: {event.event}")
        if events and event.at < events[-1].at:
            raise TraceError(f"{path.name}:{number}: time goes backwards")
        events.append(event)
    return events


def walk(events: list[Event]) -> Iterator[tuple[Event, str]]:
    """Each event with its file's text as it is after the event. Raises `TraceError` where an edit has no place."""
    texts: dict[str, str] = {}
    for event in events:
        text = texts.setdefault(event.file, prompts.library(event.file)) if event.event == "open" else texts[event.file]
        if event.event == "edit":
            if event.find not in text:
                raise TraceError(f"{event.file} does not hold what is edited at {event.at} s: {event.find[:60]!r}")
            text = texts[event.file] = text.replace(event.find, event.replace, 1)
        yield event, text
