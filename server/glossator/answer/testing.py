"""Runs the user's tests on a file before and after an edit, and says what may be concluded.

Made only for a user who named the command. What came of a run holds for this workspace as it was at that moment, so it
is remembered for one question alone (`Trial`). Other files are as they are saved.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import sandbox
from .quoted import quoted
from .sandbox import Ended, Limits, Place

SHOWN = 60  # characters of the command in a rung
LATE = "there was no time to run them"
_LEAST = 0.5  # seconds that a run is worth beginning for
_SLOWER, _MORE = 3.0, 5.0  # times the processor time of the code as it is, and seconds, that an edit's run may take


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests say of an edit.

    Attributes:
        rung: What is said of an edit with which they pass, or "".
        failing: How they fail, or "".
        broke: Whether they passed before: then the edit is what fails them.
        unknown: Why nothing can be said, or "".
    """

    rung: str = ""
    failing: str = ""
    broke: bool = False
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """The user's tests, and how they are run.

    Attributes:
        command: Its words; the first is a program, by name or by its path in the workspace.
        folders: Names the folders that are workspaces; it is started in the innermost that holds the file.
        limits: What one run may use; its time is also bounded by whoever asks.
    """

    command: tuple[str, ...]
    folders: Callable[[], Iterable[Path]]
    limits: Limits = field(default_factory=Limits)

    def trial(self, path: str, before: str) -> Trial:
        """For one question about the file at `path`, which now holds `before`."""
        return Trial(self, path, before)

    def place(self, path: str) -> Place | None:
        """Where the command is started for that file; None where it is saved in no workspace."""
        try:
            file = Path(path).absolute().resolve(strict=True)
            holding = [each for folder in self.folders() if file.is_relative_to(each := folder.resolve())]
        except (OSError, RuntimeError, ValueError):
            return None
        if not holding:
            return None
        workspace = max(holding, key=lambda each: len(each.parts))
        return Place(workspace, file.relative_to(workspace))


@dataclass(slots=True)
class Trial:
    """What was run for one question. `until` (`time.monotonic`) says how long a run may take."""

    suite: Suite
    path: str
    before: str
    _before: Ended | None = None
    _known: dict[str, Verdict] = field(default_factory=dict)  # by the text after the edit

    async def passed_before(self, until: float) -> bool:
        """Whether the tests pass with the code as it is. At most half of the time is used: an edit's run follows."""
        if self._before is None:
            now = time.monotonic()
            self._before = await self._ran(self.before, now + (until - now) / 2, self.suite.limits.cpu_seconds)
        return self._before.passed

    async def failed_before(self, until: float) -> bool:
        """Whether they came to an end with the code as it is, and not well."""
        passed = await self.passed_before(until)
        before = self._before
        return not passed and before is not None and before.state != "not run" and before.limit != "time"

    async def verdict(self, after: str, until: float) -> Verdict:
        """What the tests say of the file with `after` in it."""
        if after in self._known:
            return self._known[after]
        await self.passed_before(until)
        before = self._before or Ended("not run", message=LATE)
        if before.state == "not run":
            return Verdict(unknown=before.message)
        most = self.suite.limits.cpu_seconds
        if before.state != "over a limit":
            most = min(most, _SLOWER * before.cpu_seconds + _MORE)
        found = compared(before, await self._ran(after, until, most), self.suite.command)
        if not found.unknown:
            self._known[after] = found
        return found

    async def _ran(self, text: str, until: float, cpu_seconds: float) -> Ended:
        left = until - time.monotonic()
        if left < _LEAST:
            return Ended("not run", message=LATE)
        place = await asyncio.to_thread(self.suite.place, self.path)
        if place is None:
            return Ended("not run", message="the file is not saved in a workspace")
        limits = self.suite.limits
        limits = replace(limits, seconds=min(limits.seconds, left), cpu_seconds=cpu_seconds)
        return await sandbox.run(self.suite.command, replace(place, text=text), limits)


def compared(before: Ended, after: Ended, command: Sequence[str]) -> Verdict:
    """What two runs say of the edit between them. Runs nothing."""
    if after.state == "not run":
        return Verdict(unknown=after.message)
    if after.passed:
        return Verdict(rung="the tests still pass" if before.passed else f"the tests pass: {named(command)}")
    if after.limit == "time":  # on a busy machine it passes without any work
        return Verdict(unknown="they took too long")
    if before.limit == "time":
        return Verdict(unknown="they took too long with the code as it is")
    said = f"too much {after.limit} is used" if after.limit else after.last_line or f"exit status {after.status}"
    return Verdict(failing=said, broke=before.passed)


def named(command: Sequence[str]) -> str:
    """The command as a user would type it, in one short line."""
    return quoted(shlex.join(command), SHOWN)
