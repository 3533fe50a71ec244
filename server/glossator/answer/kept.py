"""Which examples of a docstring hold before an edit and which after it, and what may be concluded. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .examples import Example
from .examples_check import Failing

_NO_VERDICT = re.compile(
    r"raises (?:ImportError|ModuleNotFoundError|PermissionError|FileNotFoundError|OSError|gaierror|EOFError)\b"
    r"|raises RuntimeError: can't start new thread|prints |gives <"
)
"""What an example comes to that needs more than the sandbox has, or whose value nobody can write out."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of the examples of one text: those that do not hold; or why nothing can be said of them.

    `passing`: that lies in the moment and not in the text; a further try may say more.
    """

    failing: tuple[Failing, ...] = ()
    unknown: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What an edit does to them.

    Attributes:
        total: How many examples can be judged.
        before: How many of them the code kept.
        after: How many the edit keeps.
        broken: The first that the code kept and the edit does not.
        open: The first that neither keeps.
        was: The first that the code did not keep.
        unknown: Why nothing can be concluded; "" where something can.
    """

    total: int = 0
    before: int = 0
    after: int = 0
    broken: Failing | None = None
    open: Failing | None = None
    was: Failing | None = None
    unknown: str = ""

    @property
    def judged(self) -> bool:
        """Whether anything is known."""
        return self.total > 0 and not self.unknown

    @property
    def whole(self) -> bool:
        """Whether the edit keeps them all."""
        return self.judged and self.after == self.total

    @property
    def mended(self) -> bool:
        """Whether the edit breaks none and keeps one that the code did not."""
        return self.judged and self.broken is None and self.after > self.before

    @property
    def rung(self) -> str:
        """What is said of an edit that keeps some; "" where it keeps none or nothing is known."""
        if not self.judged or not self.after:
            return ""
        if self.after < self.total:
            return f"{self.after} of {self.total} examples of the docstring hold"
        still = "still " if self.before == self.total else ""
        if self.total == 1:
            return f"the example of the docstring {still}holds"
        return f"{self.total} examples of the docstring {still}hold"


def kept(found: Sequence[Example], before: Tried, after: Tried) -> Kept:
    """The comparison. An example that says nothing of the code as it is says nothing of the edit."""
    if before.unknown:
        return Kept(unknown=before.unknown)
    was = {each.example: each for each in before.failing}
    judged = [each for each in found if each not in was or not _NO_VERDICT.match(was[each].said)]
    if not judged:
        return Kept(unknown=str(before.failing[0]) if before.failing else "there are no examples")
    if after.unknown:
        return Kept(len(judged), unknown=after.unknown)
    now = {each.example: each for each in after.failing}
    lacks = [now[each] for each in judged if each in now and _NO_VERDICT.match(now[each].said)]
    if lacks:  # the code did without: nobody knows what it would have come to
        return Kept(len(judged), unknown=str(lacks[0]))
    return Kept(
        total=len(judged),
        before=sum(each not in was for each in judged),
        after=sum(each not in now for each in judged),
        broken=next((now[each] for each in judged if each in now and each not in was), None),
        open=next((now[each] for each in judged if each in now and each in was), None),
        was=next((was[each] for each in judged if each in was), None),
    )
