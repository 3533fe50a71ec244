"""A document as the protocol defines it, slow and plain: the text is a row of code units, as the client counts them.

Shares no code with the server, and no way of looking at it: there text is code points in lines.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

Place = tuple[int, int]

NASTY = [
    *"ab \t(\"'#:\\",
    *("\n", "\r\n", "\r", "\n\n", "\r\r\n", "\n\r"),
    *("\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00", "\ufeff", "\u202e", "\u200b"),
    *("é", "ß", "漢", "e\u0301", "\u0301", "😀", "𝒳", "👩‍💻", "🏴\U000e0067", "\U0010ffff", "\uffff"),
    *("\ud83d", "\ude00", "\udfff", "\ud800"),
    "def f():\n",
]
_ENDING = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class Change:
    """Replace what lies between two places; without places: everything."""

    text: str
    start: Place | None = None
    end: Place | None = None

    def told(self) -> dict[str, Any]:
        """As the protocol tells it."""
        if self.start is None or self.end is None:
            return {"text": self.text}
        start, end = ({"line": line, "character": unit} for line, unit in (self.start, self.end))
        return {"range": {"start": start, "end": end}, "text": self.text}


def joined(text: str) -> str:
    """Halves of a character that stand side by side are that character, however they came there."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class Reference:
    """A text as code units: characters below 256 for UTF-8, below 65536 for UTF-16, any for UTF-32."""

    def __init__(self, text: str, encoding: str) -> None:
        self.encoding = encoding
        self._units = self._as_units(text)

    def _as_units(self, text: str) -> str:
        if self.encoding == "utf-8":
            return joined(text).encode("utf-8", "surrogatepass").decode("latin-1")
        if self.encoding == "utf-16":
            raw = text.encode("utf-16-le", "surrogatepass")
            return "".join(chr(low | high << 8) for low, high in zip(raw[::2], raw[1::2], strict=True))
        return joined(text)

    def _as_text(self, units: str) -> str:
        if self.encoding == "utf-8":
            return joined(units.encode("latin-1").decode("utf-8", "surrogatepass"))
        return joined(units)

    @property
    def text(self) -> str:
        """The text."""
        return self._as_text(self._units)

    def index(self, place: Place) -> int:
        """Which unit a place is: past a line's end its end, past the last line the text's end."""
        line, unit = place
        ends = [match.span() for match in _ENDING.finditer(self._units)]
        starts = [0, *(after for _, after in ends)]
        if line >= len(starts):
            return len(self._units)
        end = ends[line][0] if line < len(ends) else len(self._units)
        found = min(starts[line] + unit, end)
        if self.encoding == "utf-8":  # inside of a character: its beginning
            while found < end and 0x80 <= ord(self._units[found]) < 0xC0:
                found -= 1
        return found

    def before(self, place: Place) -> str | None:
        """The text before a place; None inside of a character."""
        units = self._units[: self.index(place)]
        whole = joined(self._as_text(units))
        return whole if self.text.startswith(whole) else None

    def change(self, change: Change) -> None:
        """Apply one change. A range that was told backwards is the same range."""
        if change.start is None or change.end is None:
            self._units = self._as_units(change.text)
            return
        start, end = sorted((self.index(change.start), self.index(change.end)))
        after = self._units[:start] + self._as_units(change.text) + self._units[end:]
        self._units = self._as_units(self._as_text(after))


def some_text(chance: random.Random, most: int, pieces: list[str] = NASTY) -> str:
    """At most so many pieces of the nasty alphabet."""
    return "".join(chance.choices(pieces, k=chance.randint(0, most)))


def some_place(chance: random.Random, lines: int) -> Place:
    """A place in a text of about so many lines, or outside of it."""
    return chance.randint(0, lines + 1), chance.choice([0, 1, 2, 3, chance.randint(0, 30), 2**31 - 1])


def some_change(chance: random.Random, lines: int) -> Change:
    """A change anywhere: mostly forwards and small, sometimes backwards, sometimes the whole text."""
    places = some_place(chance, lines), some_place(chance, lines)
    if chance.random() < 0.03:
        return Change(some_text(chance, 15))
    if chance.random() < 0.9:
        places = min(places), max(places)
    return Change(some_text(chance, 5), *places)
