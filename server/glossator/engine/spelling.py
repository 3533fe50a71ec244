"""Token bytes to text: characters that are cut between tokens, and strings that end an answer. Knows no model."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Spelling:
    """Joins the bytes of tokens to text. A character is given out when its last byte has come."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, data: bytes) -> str:
        """The characters that `data` completes; bytes that are no UTF-8 become U+FFFD."""
        return self._decoder.decode(data)

    def finish(self) -> str:
        """What is left when no more bytes come."""
        return self._decoder.decode(b"", final=True)


class Stops:
    """Holds back what may be the beginning of a stop string."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""

    def feed(self, text: str) -> tuple[str, bool]:
        """The text that may be shown, and whether a stop string was found (nothing more comes then)."""
        text = self._held + text
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self._held = ""
            return text[: min(places)], True
        hold = max((self._overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - hold :]
        return text[: len(text) - hold], False

    def finish(self) -> str:
        """What was held back after all."""
        held, self._held = self._held, ""
        return held

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        """How many characters at the end of `text` begin `stop`."""
        return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-n:])), 0)
