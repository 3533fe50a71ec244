"""A line that a model changed keeps its blanks where its words are the same: a repair shows what it repairs alone.

By words and marks, in any language; whether the code still says the same is the caller's to look at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_TOKEN = re.compile(r"""(\s*)("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\w+|[(){}\[\],;:"']|[^\w\s(){}\[\],;:"']+)""")
_LONGEST = 400  # characters of a line; pairs of longer ones take long to compare
_MULTILINE = ('"""', "'''", "`")


def spaced_as(before: str, after: str) -> str:
    """`after` with the blanks of `before` where the words are the same or one stands in the place of one, line by line.

    Only where as many lines stand in the place of others; how far a line is indented stays as it is in `after`.
    """
    old, new = before.split("\n"), after.split("\n")
    pairs = SequenceMatcher(None, old, new, autojunk=False)
    for tag, low, high, first, last in pairs.get_opcodes():
        if tag == "replace" and high - low == last - first:
            for ours, theirs in zip(range(low, high), range(first, last), strict=True):
                new[theirs] = _line(old[ours], new[theirs])
    return "\n".join(new)


def _alike(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> bool:
    """Whether one name or value stands in the place of another, or one operator."""
    return len(old) == len(new) and all(
        _kind(one) == _kind(other) for (_, one), (_, other) in zip(old, new, strict=True)
    )


def _kind(word: str) -> str:
    if word[0].isalnum() or word[0] in "_\"'":
        return "value"
    return word if word in "(){}[],;:" else "operator"


def _line(before: str, after: str) -> str:
    if max(len(before), len(after)) > _LONGEST or any(mark in before + after for mark in _MULTILINE):
        return after
    old, new = _TOKEN.findall(before.rstrip()), _TOKEN.findall(after.rstrip())
    blanks = [blank for blank, _ in new]
    words = SequenceMatcher(None, [word for _, word in old], [word for _, word in new], autojunk=False)
    beside = False  # whether the words before are each other's
    for tag, low, high, first, last in words.get_opcodes():
        like = tag == "equal" or (tag == "replace" and _alike(old[low:high], new[first:last]))
        for ours, theirs in zip(range(low, high), range(first, last), strict=False) if like else ():
            if beside and ours:
                blanks[theirs] = old[ours][0]
            beside = True
        beside = like
    rest = after[len(after.rstrip()) :]
    return "".join(blank + word for blank, (_, word) in zip(blanks, new, strict=True)) + rest
