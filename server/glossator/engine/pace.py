"""How many threads decode fastest now. Knows durations only.

Two threads decode faster than one on a quiet machine and several times slower beside a busy process, because all wait
for the slowest. So they are timed while working: another count is tried now and then, and kept when it pays.
"""

from __future__ import annotations

TRIAL = 4  # tokens of a trial
FIRST = 8  # tokens before the first trial
PATIENCE = 48  # tokens between trials; doubled after each trial that does not pay
MOST_PATIENCE = 400
GAIN = 1.05  # a change must be this much faster
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

    @property
    def threads(self) -> int:
        """How many threads the next token should use."""
        return self._ladder[self._step]

    def took(self, seconds: float) -> None:
        """One token took `seconds` with the present `threads`."""
        if len(self._ladder) == 1:
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

    def _begin(self) -> None:
        if self._home in (0, len(self._ladder) - 1):
            self._down = self._home > 0
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
