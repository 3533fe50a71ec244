"""Which token comes next: greedy, or temperature with top-k, top-p and min-p. Knows logits, no model and no text.

NumPy on llama.cpp's own array instead of its sampler chain: any row of a verified draft can be sampled, the order of
equal logits is fixed, and a seed gives the same draws in every build. One draw a token: the n-th token of an answer
uses the n-th draw, drafted or not, so drafting cannot change what is sampled.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]
REPEAT_WINDOW = 64  # tokens that a repeat penalty looks back, llama.cpp's default


@dataclass(frozen=True, slots=True)
class Choice:
    """The settings of one answer; temperature 0 is greedy, `top_k` 0 and `top_p` 1 and `min_p` 0 leave all tokens."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int = 0


class Sampler:
    """Draws the tokens of one answer, in order."""

    def __init__(self, choice: Choice, banned: Sequence[int] = ()) -> None:
        """`banned` tokens are never chosen."""
        self._choice = choice
        self._random = random.Random(choice.seed)  # noqa: S311 - not a secret
        self._banned = list(banned)

    def choose(self, logits: Logits, recent: Sequence[int] = ()) -> int:
        """The next token from `logits` (shape: vocabulary); `recent` are the last tokens, for the repeat penalty."""
        choice = self._choice
        if self._banned or choice.repeat_penalty != 1.0:
            logits = self._adjusted(logits, recent)
        if choice.temperature <= 0:
            return int(logits.argmax())
        return self._draw(logits)

    def doubts(self, logits: Logits, recent: Sequence[int], margin: float) -> bool:
        """Whether a greedy choice might be another one if `logits` were a little different (`margin`, of two)."""
        choice = self._choice
        if choice.temperature > 0:
            return False
        if self._banned or choice.repeat_penalty != 1.0:
            logits = self._adjusted(logits, recent)
        return int(np.count_nonzero(logits > logits.max() - np.float32(margin))) > 1

    def _adjusted(self, logits: Logits, recent: Sequence[int]) -> Logits:
        logits = logits.copy()
        if self._choice.repeat_penalty != 1.0 and recent:
            seen = np.unique(np.asarray(recent[-REPEAT_WINDOW:], dtype=np.int64))
            values = logits[seen]
            penalty = np.float32(self._choice.repeat_penalty)
            logits[seen] = np.where(values > 0, values / penalty, values * penalty)
        logits[self._banned] = -np.inf
        return logits

    def _draw(self, logits: Logits) -> int:
        """Sample as llama.cpp's chain does: top-k, then top-p, then min-p, then temperature."""
        choice = self._choice
        ids = np.arange(logits.size)
        if 0 < choice.top_k < logits.size:
            ids = np.argpartition(logits, -choice.top_k)[-choice.top_k :]
        ids = ids[np.lexsort((ids, -logits[ids]))]  # best first; equal ones in the order of the vocabulary
        values = logits[ids].astype(np.float64)
        likely = np.exp(values - values[0])
        likely /= likely.sum()
        keep = int(np.searchsorted(np.cumsum(likely), choice.top_p)) + 1 if choice.top_p < 1 else ids.size
        keep = max(1, min(keep, int((likely >= choice.min_p * likely[0]).sum())))
        weights = np.exp((values[:keep] - values[0]) / choice.temperature)
        edges = np.cumsum(weights)
        index = int(np.searchsorted(edges, self._random.random() * edges[-1], side="right"))
        return int(ids[min(index, keep - 1)])
