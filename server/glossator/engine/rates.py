"""Tokens a second as real requests show them: steady enough to plan with. Knows durations only.

What was told is kept until requests say something clearly different, since a context that changes its size with every
request would have to be read anew each time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from . import ModelInfo
from .calibration import Calibration, Shelf

LEAST_TOKENS = 16  # shorter answers say little
LEAST_READ = 96  # the same of prompts, where a batch takes its time however small it is
WINDOW = 16
ENOUGH = 8  # requests before a known rate is doubted
DIFFERENT = 1.25


class Rate:
    """One rate: `told` is what to reckon with (tokens a second, 0: not known)."""

    def __init__(self, told: float = 0.0, least: int = LEAST_TOKENS) -> None:
        self.told = told
        self._least = least
        self._seen: deque[float] = deque(maxlen=WINDOW)

    def took(self, tokens: int, seconds: float) -> bool:
        """So many tokens took so long; returns whether `told` changed."""
        if tokens < self._least or seconds <= 0:
            return False
        self._seen.append(tokens / seconds)
        quiet = sorted(self._seen)[len(self._seen) * 3 // 4]  # other programs make it slower, nothing makes it faster
        known = self.told > 0
        if known and (len(self._seen) < ENOUGH or max(quiet / self.told, self.told / quiet) < DIFFERENT):
            return False
        self.told = quiet
        return True


class Rates:
    """The rates of one loaded model, and the calibration that they are kept in."""

    def __init__(self, shelf: Shelf | None) -> None:
        """`shelf` is where they are kept (None: nowhere)."""
        self._shelf = shelf
        self.known = shelf.load() if shelf else Calibration()
        self._prefill, self._decode = Rate(self.known.prefill_rate, LEAST_READ), Rate(self.known.decode_rate)
        self.context = 0  # the window's size where it was left to this machine

    def took(self, read: int, reading: float, written: int, writing: float) -> None:
        """A request read and wrote so many tokens without drafts, in so many seconds."""
        changes = [self._prefill.took(read, reading), self._decode.took(written, writing)]
        if any(changes):
            self._store(self._shelf.load() if self._shelf else self.known)  # `glossator doctor` may have been there

    def learn(self, measured: Calibration) -> bool:
        """Keep what was measured, unless more is known meanwhile; False where it says too little."""
        if measured.crowded:
            return False
        kept = self._shelf.load() if self._shelf else self.known
        self._prefill.told = self._prefill.told or kept.prefill_rate or measured.prefill_rate
        self._decode.told = self._decode.told or kept.decode_rate or measured.decode_rate
        self._store(kept if kept.speeds and not kept.crowded else measured)
        return True

    def _store(self, calibration: Calibration) -> None:
        self.known = replace(
            calibration,
            prefill_rate=self._prefill.told,
            decode_rate=self._decode.told,
            context=self.context or calibration.context,
        )
        if self._shelf:
            self._shelf.store(self.known)

    def told(self, info: ModelInfo) -> ModelInfo:
        """`info` with the rates to reckon with."""
        return replace(info, prefill_rate=self._prefill.told, decode_rate=self._decode.told)
