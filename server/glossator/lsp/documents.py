"""The open documents, kept by the protocol's own line rules: `\\n`, `\\r\\n` and `\\r` end a line, nothing else does.

Knows nothing of the protocol's types: positions are pairs (line, code unit). What a request works on is a `Snapshot`,
which never changes; later edits and a closed document do not reach it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from . import units
from .units import Encoding

MOST_CHARACTERS = 4_000_000  # of a document that is followed; larger ones are no source text

Place = tuple[int, int]
"""Line and code unit in it, both from 0."""


def split(text: str) -> list[str]:
    """The lines with their endings; the last one has none and may be empty."""
    lines = list(io.StringIO(text, newline=""))  # by these very rules, and a million lines in a moment
    return lines if lines and not lines[-1].endswith(("\n", "\r")) else [*lines, ""]


def content(line: str) -> str:
    """A line without its ending."""
    return line[:-2] if line.endswith("\r\n") else line[:-1] if line.endswith(("\n", "\r")) else line


@dataclass(frozen=True, slots=True)
class Change:
    """Replace what lies between two places by `text`; without places: the whole document."""

    text: str
    start: Place | None = None
    end: Place | None = None


@dataclass(frozen=True)
class Snapshot:
    """A document as it was at one moment. `version` is None for a file that no client holds open."""

    uri: str
    version: int | None
    language_id: str
    raw: str

    @cached_property
    def text(self) -> str:
        """What the rest of the program reads: the same length as `raw`, and always encodable."""
        return units.readable(self.raw)

    @cached_property
    def starts(self) -> list[int]:
        """The offset at which each line starts."""
        return list(accumulate(map(len, split(self.raw)[:-1]), initial=0))


class Document:
    """One open document."""

    def __init__(self, uri: str, version: int, language_id: str, text: str, encoding: Encoding) -> None:
        self._uri = uri
        self._language_id = language_id
        self._encoding: Encoding = encoding
        self._version = version
        self._lines = split(units.whole(text))
        self._snapshot: Snapshot | None = None

    def change(self, version: int, changes: Sequence[Change]) -> None:
        """Apply `changes` one after the other; each one's places count in the text that the one before it left."""
        for change in changes:
            self._apply(change)
        self._version = version
        self._snapshot = None

    @property
    def length(self) -> int:
        """Characters of the text."""
        return len(self.snapshot().raw)

    def snapshot(self) -> Snapshot:
        """The text of this moment."""
        if self._snapshot is None:
            self._snapshot = Snapshot(self._uri, self._version, self._language_id, "".join(self._lines))
        return self._snapshot

    def _apply(self, change: Change) -> None:
        if change.start is None or change.end is None:
            self._lines = split(units.whole(change.text))
            return
        start, end = sorted((change.start, change.end))
        first, head, _ = self._cut(start)
        last, _, tail = self._cut(end)
        if first and not head and self._lines[first - 1].endswith("\r"):  # a new "\n" would join its ending
            first -= 1
            head = self._lines[first]
        after = last + 1
        if not tail and after < len(self._lines):  # the same at the other end
            tail = self._lines[after]
            after += 1
        lines = split(units.whole(head + change.text + tail))
        if after < len(self._lines) and not lines[-1]:
            lines.pop()  # only the document's last line is without an ending
        self._lines[first:after] = lines

    def _cut(self, place: Place) -> tuple[int, str, str]:
        """The line of a place (inside the document) and its two parts; past a line's end means at its end."""
        line, unit = place
        if line >= len(self._lines):
            return len(self._lines) - 1, self._lines[-1], ""
        text = self._lines[line]
        bare = content(text)
        head, tail = units.cut(bare, unit, self._encoding)
        return line, head, tail + text[len(bare) :]


class Documents:
    """All open documents by URI."""

    def __init__(self, encoding: Encoding = "utf-16") -> None:
        self.encoding: Encoding = encoding
        self._open: dict[str, Document] = {}
        self._large: set[str] = set()

    def open(self, uri: str, version: int, language_id: str, text: str) -> None:
        """Take a document over from the client; a second time replaces the first."""
        self.close(uri)
        if len(text) > MOST_CHARACTERS:
            self._large.add(uri)
        else:
            self._open[uri] = Document(uri, version, language_id, text, self.encoding)

    def change(self, uri: str, version: int, changes: Sequence[Change]) -> bool:
        """Follow the client's edits; False for a document that is not open."""
        document = self._open.get(uri)
        if document is None:
            return False
        document.change(version, changes)
        if document.length > MOST_CHARACTERS:
            self.close(uri)
            self._large.add(uri)
        return True

    def close(self, uri: str) -> None:
        """The client let go of the document."""
        self._open.pop(uri, None)
        self._large.discard(uri)

    def too_large(self, uri: str) -> bool:
        """Whether the document is open but not followed."""
        return uri in self._large

    def get(self, uri: str) -> Snapshot | None:
        """The document as it is now, or None when it is not open."""
        document = self._open.get(uri)
        return document.snapshot() if document else None

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._open))
