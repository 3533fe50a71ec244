"""How far a thought may go, and when a text only repeats itself. Knows tokens and marks, no model.

A small reasoning model left alone thinks without end: a thought gets a budget, after which its closing mark is written
for it, so that the tokens of the answer are never eaten by the thought.
"""

from __future__ import annotations

from collections.abc import Sequence

REPEATS = 3  # this many equal stretches in a row are a loop …
LOOPED = 120  # … when together they are at least this many tokens long
LONGEST = 160  # tokens of the longest stretch that is looked for: R1 repeats whole paragraphs


class Thought:
    """Follows one answer from its thought into its answer."""

    def __init__(self, close: str, budget: int, last_words: str = "") -> None:
        """`close` is the closing mark; a `budget` of 0 tokens: there is no thought. `last_words` are written before
        the mark where the model was not done."""
        self.open = budget > 0
        self.tokens = 0
        self._close = close
        self._budget = budget
        self._last_words = last_words
        self._tail = ""

    def feed(self, text: str) -> str:
        """Count one token of the thought and look for its end; what follows the closing mark is returned."""
        self.tokens += 1
        seen = self._tail + text
        _, found, rest = seen.partition(self._close)
        self._tail = seen[-(len(self._close) - 1) :]
        if found:
            self.open = False
            return rest
        return ""

    @property
    def spent(self) -> bool:
        """Whether the thought must be closed now."""
        return self.open and self.tokens >= self._budget

    def closing(self, *, cut: bool = False) -> str:
        """Close the thought: the text to write. `cut`: the model would have gone on thinking."""
        self.open = False
        line = "" if self._tail.endswith("\n") else "\n"
        if not cut or not self._last_words:
            return f"{line}{self._close}\n\n"
        paragraph = "" if self._tail.endswith("\n\n") else "\n"
        return f"{line}{paragraph}{self._last_words}\n{self._close}\n\n"


def looping(tokens: Sequence[int]) -> int:
    """The length of the stretch that `tokens` ends in again and again, 0 when it does not.

    Short stretches must come more often: thirty times the same four tokens may be a table, and is cut only at `LOOPED`.
    """
    last = len(tokens) - 1
    for period in range(1, min(LONGEST, len(tokens) // REPEATS) + 1):
        if tokens[last] != tokens[last - period]:
            continue
        span = max(LOOPED, period * REPEATS)
        if span <= len(tokens) and all(tokens[i] == tokens[i - period] for i in range(last, last - span + period, -1)):
            return period
    return 0
