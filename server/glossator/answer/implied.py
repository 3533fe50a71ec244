"""Which errors a piece of code may raise without naming them: by an index, a division, a call of the standard library.

Knows only what its text looks like; where it might, it may.
"""

from __future__ import annotations

import re

_ANYWHERE = re.compile(
    r"(?:Type|Attribute|Name|Memory|Recursion|Runtime|System|Reference|Import|ModuleNotFound|NotImplemented|Overflow"
    r"|OutOfMemory|StackOverflow|Arithmetic|NullPointer|ClassCast)(?:Error|Exception)|AssertionError|UnboundLocalError"
)
"""Errors that a wrong argument brings about almost anywhere."""

_BY: tuple[tuple[str, str], ...] = (
    (
        r"IndexError|KeyError|LookupError|IndexOutOfBounds|OutOfRange",
        r"\[|\.(?:pop|remove|popitem|get|at|charAt|format)\(",
    ),
    (r"ZeroDivision|Arithmetic|FloatingPoint", r"[/%]|divmod|pow|mean"),
    (r"StopIteration|StopAsyncIteration|NoSuchElement", r"next|iter|yield|\bget"),
    (r"Unicode|Decode|Encode", r"code|open|read|write|load|bytes|text"),
    (r"OS|IO|File|Permission|Directory|Timeout|Connection|URL|HTTP|Socket|BrokenPipe|Interrupted|EOF", r"\w\("),
    (
        r"ValueError|NumberFormat|IllegalArgument|RangeError|SyntaxError|JSON|InvalidOperation|IllegalState|DateTimeParse",
        r"(?:int|float|complex|index|remove|parse\w*|strptime|fromisoformat|fromhex|max|min|loads?|chr|range|zip|bytes\w*"
        r"|Decimal|Fraction|sqrt|log|\w*code|date\w*|time\w*|split|\w*partition|open|format|valueOf|repeat|Array|toFixed"
        r"|Integer|Long|Double|[A-Z]\w*)\s*\(|,[^=\n()]*=[^=]",
    ),
    (r"Unsupported|ConcurrentModification", r"\.\w+\("),
)


def implied(error: str, code: str) -> bool:
    """Whether `error` may come of `code` without being named there."""
    if _ANYWHERE.fullmatch(error):
        return True
    return any(re.search(names, error) and re.search(marks, code) for names, marks in _BY)
