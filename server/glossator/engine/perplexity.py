"""How well a model foretells a text. Knows a loaded model by `Native`'s methods and tokens, no files.

The text is cut into windows that are read apart, and only the later half of each is scored, since the earlier one has
little before it (as llama.cpp's perplexity tool does). Models that cut text into other tokens can be compared by bits a
byte alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .scoring import judged

if TYPE_CHECKING:
    from .llama_native import Native

WINDOW = 512  # tokens
LEAST = 32  # tokens; a last window that is shorter is left out


@dataclass(frozen=True, slots=True)
class Foretold:
    """What was found: `tokens` were scored, that stand for so many `size` bytes, with this sum of log-probabilities."""

    tokens: int = 0
    size: int = 0
    logprob: float = 0.0

    @property
    def perplexity(self) -> float:
        """How many tokens, equally likely, would be as hard to choose from; infinite where nothing was scored."""
        return math.exp(-self.logprob / self.tokens) if self.tokens else math.inf

    @property
    def bits(self) -> float:
        """Of each byte of the text."""
        return -self.logprob / math.log(2) / self.size if self.size else math.inf


def foretold(native: Native, tokens: Sequence[int], rows: int, progress: Callable[[int, int], None]) -> Foretold:
    """Score `tokens`; `rows` rows of logits are had of a batch at most. The sequence is empty afterwards.

    `progress` gets tokens read and in all. Raises what `Native.decode` raises.
    """
    step = min(rows, native.ubatch)
    count = size = 0
    logprob = 0.0
    for start in range(0, len(tokens), WINDOW):
        window = tokens[start : start + WINDOW]
        if len(window) < LEAST:
            break
        native.forget(0)
        for at in range(0, len(window), step):
            batch = window[at : at + step]
            native.decode(batch, at, len(batch))
            for row in range(len(batch)):
                place = at + row + 1  # a row tells of the token behind it
                if len(window) // 2 <= place < len(window):
                    logprob += judged(native.logits(row), window[place]).logprob
                    count, size = count + 1, size + len(native.piece(window[place]))
            progress(start + at + len(batch), len(tokens))
    native.forget(0)
    return Foretold(count, size, logprob)
