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

    def __init__(self, close: str, budget: int, last_words: str = "", *, opening: str = "<think>") -> None:
        """`opening` and `close` are the marks; a `budget` of 0 tokens: there is no thought. `last_words` are written
        before the closing mark where the model was not done."""
        self.open = budget > 0
        self.owed = self.open  # an answer, of which nothing is to be seen yet
        self.tokens = 0
        self._begun = ""  # what may become one
        self.opening = opening
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

    def answer(self, text: str) -> tuple[str, str]:
        """Look whether `text`, written while an answer is owed, is something of it: the blank lines before it, and the
        mark that was written in its place, which a model that never learnt to think may write once more."""
        said = text if self._begun else text.lstrip()
        blank = text[: len(text) - len(said)]
        self._begun = (self._begun + said).lstrip()
        mark = next((each for each in (self._close, self.opening) if self._begun.startswith(each)), "")
        self._begun = "" if mark == self.opening else self._begun.removeprefix(mark).lstrip()
        whole = bool(self._begun) and not any(each.startswith(self._begun) for each in (self._close, self.opening))
        self.owed = not whole
        return blank, mark

    @property
    def bare(self) -> bool:
        """Whether nothing is written yet that may become an answer."""
        return not self._begun

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
