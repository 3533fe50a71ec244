"""A piece of a file as a model is shown it (at the left margin, `\\n` only), and a model's version of it put back.

Knows text only. A line that the model left as it was shown comes back exactly as it stands in the file, so that the
inside of a string, trailing blanks and odd indentation survive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher

from ..code import Span
from .edit import lines

_INDENT = re.compile(r"[ \t]*")


def margin(text: str, span: Span) -> str:
    """The white space between the beginning of the line and `span`, "" where something else stands there."""
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    before = text[start : span.start]
    return before if not before.strip(" \t") else ""


def shown(text: str, span: Span) -> str:
    """What a model is shown of `span`: the text without the margin that all its lines share, with `\\n` line ends."""
    prefix = margin(text, span)
    first, *rest = [line.rstrip("\r\n") for line in lines(span.of(text))] or [""]
    return "\n".join([first, *(line.removeprefix(prefix) for line in rest)])


def fitted(code: str, text: str, span: Span) -> str:
    """A model's version of `span` with the margin and the indentation of the file, to be put in its place."""
    prefix = margin(text, span)
    original = [line.rstrip("\r\n") for line in lines(span.of(text))]
    asked = shown(text, span).split("\n")
    given = dedented(_like(code, span.of(text) or text)).split("\n")
    result = [prefix + line if line.strip() else line.strip(" \t") for line in given]
    matcher = SequenceMatcher(None, asked, given, autojunk=False)
    for match in matcher.get_matching_blocks():
        for step in range(match.size):
            line = original[match.a + step]
            result[match.b + step] = prefix + line if match.a + step == 0 else line
    return "\n".join(result).removeprefix(prefix).rstrip()


def dedented(code: str) -> str:
    """`code` without outer blank lines and with its first line at the left margin, the others moved with it."""
    rows = code.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
    while len(rows) > 1 and not rows[0].strip():
        rows.pop(0)
    first = _INDENT.match(rows[0])[0]  # type: ignore[index]  # the pattern matches every string
    last = _INDENT.match(rows[-1])[0]  # type: ignore[index]
    closes = rows[-1][len(last) :].startswith("}") and not rows[1].lstrip().startswith("{") if last else False
    if not first and closes and all(map(_from(last), rows[1:])):
        # Cut out of a file as it stands there: only the first line lost its margin. (A brace that opens on a line of
        # its own may be indented on purpose.)
        first = last
    return "\n".join(row.removeprefix(first) if row.startswith(first) else row.lstrip(" \t") for row in rows)


def _from(margin: str) -> Callable[[str], bool]:
    """Whether a line, where it says anything, begins with `margin`."""
    return lambda row: not row.strip() or row.startswith(margin)


def _like(code: str, original: str) -> str:
    """`code` indented by tabs where the original is, and by blanks where it is, whatever the model wrote."""
    unit = _unit(original)
    theirs = _unit(code)
    if not unit or not theirs or unit == theirs or "\t" not in (unit + theirs):
        return code
    rows = []
    for row in code.split("\n"):
        indent = _INDENT.match(row)[0]  # type: ignore[index]  # the pattern matches every string
        steps, rest = divmod(len(indent), len(theirs)) if set(indent) <= set(theirs) else (0, 0)
        rows.append(unit * steps + " " * rest + row[len(indent) :] if steps else row)
    return "\n".join(rows)


def _unit(code: str) -> str:
    """One step of indentation: a tab, the smallest run of blanks, or "" where nothing is indented."""
    indents = [match[0] for row in code.split("\n") if row.strip() and (match := _INDENT.match(row)) and match[0]]
    if not indents:
        return ""
    if any(indent.startswith("\t") for indent in indents):
        return "\t"
    return " " * min(len(indent) for indent in indents)
