"""Runs a file with the examples of a docstring, before and after an edit, and remembers what came of it.

Made only for a user who asked for that. Everything runs in the limited child, which has no site packages and no other
file of the project: code that cannot be loaded there says nothing. Never waits in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from ..code.fingerprint import digest
from . import limited
from .examples import Example
from .examples_check import check_script, failing, judged
from .kept import Kept, Tried, kept
from .limited import Limits, Ran, Stop

LIMITS = Limits(seconds=10, cpu_seconds=2)
AT_ONCE = 2
KEPT = 512  # results in memory
_LACKING = frozenset(("ImportError", "ModuleNotFoundError", "PermissionError", "FileNotFoundError", "OSError"))
LATE = "there was no time to run it"


@dataclass(frozen=True, slots=True)
class Question:
    """A whole Python file before and after an edit, and the examples of the docstring that it had."""

    before: str
    after: str
    examples: tuple[Example, ...]


@dataclass(slots=True)
class Runs:
    """What was run so far. `limits` are those of each run."""

    limits: Limits = LIMITS
    _known: OrderedDict[str, Tried] = field(default_factory=OrderedDict)  # by the digest of text and examples
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="glossator-run")
    )

    def known(self, question: Question) -> Kept | None:
        """What is known of an edit already; None: `check` must be asked. Quick; starts nothing."""
        before = self._known.get(_key(question.before, question.examples))
        after = before if before and before.unknown else self._known.get(_key(question.after, question.examples))
        return kept(question.examples, before, after) if before and after else None

    async def check(self, question: Question, until: float = math.inf) -> Kept:
        """What an edit does to the examples. Nothing is run after `until` (`time.monotonic`) or once cancelled."""
        before = await self._tried(question.before, question.examples, until, alone=True)
        if before.unknown:
            return Kept(unknown=before.unknown)
        return kept(question.examples, before, await self._tried(question.after, question.examples, until))

    async def _tried(self, text: str, found: tuple[Example, ...], until: float, *, alone: bool = False) -> Tried:
        key = _key(text, found)
        if key not in self._known:
            loop, stop = asyncio.get_running_loop(), Stop()
            work = partial(_tried, text, found, self.limits, until, alone=alone, stop=stop)
            try:
                tried = await loop.run_in_executor(self._threads, work)
            except asyncio.CancelledError:
                stop.now()
                raise
            if tried.passing:
                return tried
            self._known[key] = tried
        self._known.move_to_end(key)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return self._known[key]


def _tried(text: str, found: Sequence[Example], limits: Limits, until: float, *, alone: bool, stop: Stop) -> Tried:
    """Run a text with its examples. `alone`: where that comes to no verdict, also without: it may be the text's own."""
    ran = _ran(check_script(text, found), limits, until, stop)
    if isinstance(ran, Tried):
        return ran
    if alone and not judged(ran):
        loaded = _ran(text, limits, until, stop)
        if isinstance(loaded, Tried):
            return loaded
        if not loaded.passed:
            return Tried(unknown=f"the file cannot be run alone: {loaded}")
    return Tried(failing(ran, found))


def _ran(code: str, limits: Limits, until: float, stop: Stop) -> Ran | Tried:
    """How code ended, by `until` at the latest; a `Tried` where that says nothing."""
    left = until - time.monotonic()
    if left <= 0:
        return Tried(unknown=LATE, passing=True)
    limits = replace(limits, seconds=min(limits.seconds, left))
    ran = limited.run(code, limits, stop=stop)
    if judged(ran) or not (unknown := _unknown(ran, limits)):
        return ran
    # Wall time passes on a busy machine without any work; a child that never began says nothing of the code.
    return Tried(unknown=unknown, passing=ran.state == "timed out" or (ran.state == "not run" and not ran.isolation))


def _unknown(ran: Ran, limits: Limits) -> str:
    """Why a run that did not get as far as its examples says nothing, or ""."""
    if ran.state == "not run":
        return ran.message
    if ran.state == "timed out" and ran.seconds >= limits.seconds:
        return "it took too long to run"
    return f"the file cannot be run alone: {ran}" if ran.error in _LACKING else ""


def _key(text: str, found: Sequence[Example]) -> str:
    return digest([text, *(part for each in found for part in (each.expression, each.expected))])
