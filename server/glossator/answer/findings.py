"""A model's list of bugs -> places and messages. Knows the text that the list is about, and no syntax.

Small models count lines badly but quote well, so a quoted line decides where a finding is, and one with a quote that is
not there is about nothing. A number counts only where nothing is quoted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .edit import lines

_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.*)$")
_LINE = re.compile(r"^[*_\[(]*[Ll](?:ine)?\s*(\d+)[\s*_\])]*[:.–—-]*[\s*_]*")
_QUOTE = re.compile(r"`+([^`\n]+)`+")


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` counts from 1 in the file; 0: the model did not say where."""

    line: int
    message: str


def findings(answer: str, text: str, first: int = 1, last: int = 0) -> tuple[Finding, ...]:
    """The list items of `answer` about lines `first` to `last` (0: the end) of `text`, each message once."""
    rows = [row.strip() for row in lines(text)]
    last = last or len(rows)
    found: dict[str, Finding] = {}
    for item in _items(answer):
        number = _LINE.match(item)
        message = item[number.end() :] if number else item
        line = _quoted(message, rows, first, last)
        if number and not _QUOTE.search(message) and first <= int(number[1]) <= last:
            line = int(number[1])
        message = re.sub(r"\s+", " ", message).strip(" -–—:")
        if message:
            found.setdefault(message, Finding(line, message))
    return tuple(found.values())


def _items(answer: str) -> list[str]:
    """The items of a list, each with the lines that go on with it; a list without marks is a list of paragraphs."""
    items: list[str] = []
    for row in answer.split("\n"):
        if match := _ITEM.match(row):
            items.append(match[1])
        elif items and row.strip() and row.startswith((" ", "\t")):
            items[-1] += " " + row.strip()
    return items


def _quoted(message: str, rows: list[str], first: int, last: int) -> int:
    for quote in _QUOTE.findall(message):
        code = quote.strip()
        whole = [at for at in range(first, last + 1) if at <= len(rows) and rows[at - 1] == code]
        part = [at for at in range(first, last + 1) if at <= len(rows) and len(code) > 5 and code in rows[at - 1]]
        if whole or part:
            return (whole or part)[0]
    return 0
