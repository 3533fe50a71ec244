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
        r"(?:int|float|complex|index|remove|parse\w{0,40}|strptime|fromisoformat|fromhex|max|min|loads?|chr|range|zip|bytes\w{0,40}"
        r"|Decimal|Fraction|sqrt|log|code|date\w{0,40}|time\w{0,40}|split|partition|open|format|valueOf|repeat|Array|toFixed"
        r"|Integer|Long|Double|[A-Z]\w{0,60})\s{0,9}\(|,[^=\n()]{0,60}=[^=]",
    ),
    (r"CalledProcess|ExpiredError", r"subprocess|check|run\("),
    (r"Validation|Schema|Parse|Syntax|YAML|XML|TOML", r"valid|parse|model|schema|load|read"),
    (r"Integrity|Operational|Database|Programming|SQL|Duplicate", r"execute|commit|save|create|query|insert"),
    (r"Client|Server|Response|Request|Api|API|Axios|DOM|Service", r"\w\("),
    (r"Cancelled|Execution|Completion", r"await|async|get\(|join\("),
    (r"Unsupported|ConcurrentModification", r"\.\w+\("),
)


def implied(error: str, code: str) -> bool:
    """Whether `error` may come of `code` without being named there."""
    if _ANYWHERE.fullmatch(error):
        return True
    return any(re.search(names, error) and re.search(marks, code) for names, marks in _BY)
