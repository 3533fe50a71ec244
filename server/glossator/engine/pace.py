"""How many threads decode fastest now. Knows durations, and how many threads of others want a processor.

Two threads decode faster than one on a quiet machine and several times slower beside a busy process, because all wait
for the slowest. So they are timed while working: another count is tried now and then, and kept when it pays. Neighbours
that come or go only bring the trial nearer; what is faster is always measured.
"""

from __future__ import annotations

TRIAL = 4  # tokens of a trial
FIRST = 8  # tokens before the first trial
PATIENCE = 48  # tokens between trials; doubled after each trial that does not pay
MOST_PATIENCE = 400
GAIN = 1.05  # a change must be this much faster
CROWDED = 2  # tokens in a row after which neighbours are believed in, and their absence is
SLOW = 1.6  # a token that takes this much longer than usual brings the next trial nearer


class Pace:
    """Chooses the threads for single tokens between 1 and `most`."""

    def __init__(self, most: int, start: int = 0) -> None:
        """`start` is the number of threads that was fastest when it was measured (0: not known)."""
        self.most = max(1, most)
        self._ladder = [1 << step for step in range(max(1, most).bit_length()) if 1 << step < most] + [max(1, most)]
        known = [step for step, threads in enumerate(self._ladder) if threads <= start]
        self._step = known[-1] if known else len(self._ladder) - 1
        self._home = self._step  # the step that is known to be best; elsewhere: a trial
        self._down = True
        self._usual = 0.0  # seconds a token at home, smoothed
        self._trial: list[float] = []
        self._waited = 0
        self._patience = FIRST
        self._others = 0  # threads of others, as they were seen last,
        self._seen = 0  # for so many tokens in a row
        self._heeded = True  # what that means was tried
        self._recent: list[float] = []  # seconds of the tokens since then

    @property
    def threads(self) -> int:
        """How many threads the next token should use."""
        return self._ladder[self._step]

    def took(self, seconds: float, others: int = 0) -> None:
        """One token took `seconds` with the present `threads`; `others`: threads of others that want a processor."""
        if len(self._ladder) == 1:
            return
        if self._step == self._home and self._changed(others, seconds):
            return
        if self._step != self._home:
            self._trial.append(seconds)
            hopeless = seconds > 2 * self._usual and len(self._trial) > 1
            if len(self._trial) > TRIAL or hopeless:
                self._judge()
            return
        slow = bool(self._usual) and seconds > SLOW * self._usual
        self._usual = seconds if not self._usual else self._usual + (seconds - self._usual) * 0.2
        self._waited += 8 if slow else 1
        if self._waited >= self._patience:
            self._begin()

    def _changed(self, others: int, seconds: float) -> bool:
        """Whether neighbours came or went just now; then what they leave room for is tried."""
        if bool(others) != bool(self._others):
            self._seen, self._recent, self._heeded = 0, [], False
        self._others, self._seen, self._recent = others, self._seen + 1, [*self._recent[1 - CROWDED :], seconds]
        if self._heeded or self._seen < CROWDED or self._waited < CROWDED:
            return False
        self._heeded = True
        if self._roomy(self._home) if others else self._is_top:
            return False
        self._usual = sum(self._recent) / len(self._recent)  # what was usual before is not any more
        self._down = bool(others)
        self._begin()
        return True

    def _roomy(self, step: int) -> bool:
        """Whether the neighbours leave a processor for each thread of that step, or there is no smaller one."""
        return step == 0 or self._ladder[step] + self._others <= self.most

    @property
    def _is_top(self) -> bool:
        return self._home == len(self._ladder) - 1

    def _begin(self) -> None:
        if self._home == 0 or self._is_top:
            self._down = self._home > 0
        # What the system tells may be another machine's: where there seems to be no room more is tried all the same.
        if not self._down and not self._roomy(self._home + 1) and self._waited < MOST_PATIENCE:
            if self._home == 0:
                return
            self._down = True
        self._step = self._home - 1 if self._down else self._home + 1
        self._trial = []

    def _judge(self) -> None:
        times = sorted(self._trial[1:])  # the first token pays for the change
        seconds = times[len(times) // 2]
        if seconds * GAIN < self._usual:
            self._home, self._usual, self._patience = self._step, seconds, PATIENCE
        else:
            self._step = self._home
            self._down = not self._down
            self._patience = min(max(self._patience, PATIENCE // 2) * 2, MOST_PATIENCE)
        self._waited = 0
