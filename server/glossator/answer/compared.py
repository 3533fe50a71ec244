"""What a checker printed before and after an edit -> whether the edit made anything worse. Knows text only.

A file that is looked at alone lacks much of its project. What is wrong before as well as after, in the same words, is
therefore no fault of the edit; and where something new may be another file's to answer for, nothing is said at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .checkers import Checker

_PLACE = re.compile(r"(?:[A-Za-z]:)?[\w.+-]*[\\/][\w.+\\/-]*[\\/]|\b\d+:\d+\b|\bline \d+\b")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Printed:
    """One run: the exit status and all that was printed."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """`rung`: what was checked and held, or "". `reason`: why the edit is refused, or "". Neither: nothing is known."""

    rung: str = ""
    reason: str = ""


def errors(checker: Checker, printed: Printed) -> tuple[str, ...] | None:
    """The errors in order, each once, without places; none: the file is fine. None where the checker itself failed."""
    if printed.status == 0:
        return ()
    found: dict[str, None] = {}
    for match in checker.error.finditer(printed.text.replace("\r\n", "\n")):
        symbol = match.groupdict().get("symbol")
        text = f"{match['message']} ({symbol})" if symbol else match["message"]
        found[" ".join(_PLACE.sub("", text).split())[:_LONGEST]] = None
    explained = checker.explained is not None and checker.explained.search(printed.text)
    return tuple(found) if printed.status > 0 and (found or explained) else None


def fine(checker: Checker) -> Compiled:
    """What is said of a file in which `checker` finds nothing."""
    return Compiled(rung=f"{'parses' if checker.syntax else 'compiles'} ({checker.program})")


def compared(checker: Checker, before: tuple[str, ...], after: tuple[str, ...]) -> Compiled:
    """What is said of an edit, by the errors before and after it."""
    if not after:
        return fine(checker)
    if before and checker.stops:
        return Compiled()
    new = [each for each in after if each not in before]
    if not new:
        return Compiled(rung=f"no new errors ({checker.program})")
    doubts = [checker.foreign, checker.unknown if before else None]
    if any(doubt.search(each) for doubt in doubts if doubt is not None for each in new):
        return Compiled()
    return Compiled(reason=f"the new code does not compile: {new[0]} ({checker.program})")
