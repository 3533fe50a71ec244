"""The page of one source file: its text in rows that begin where a definition does, the gloss beside its first line."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from . import Gloss
from .escape import escaped
from .prose import phrase, prose

MOST_CALLERS = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a definition: its name as it is shown, its file, and its address from this page."""

    name: str
    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Row:
    """Lines (from 0, half-open) that begin with a definition, or with the file.

    Attributes:
        start, end: All of them.
        head: Where the definition's header ends.
        own: Where the definition ends, at the latest where the next row begins.
        glosses: The definitions that begin in the first line.
    """

    start: int
    end: int
    head: int
    own: int
    glosses: tuple[Gloss, ...]


def rows(text: str, count: int, glosses: Sequence[Gloss]) -> list[Row]:
    """The `count` lines of a text in rows."""
    starts = line_starts(text)

    def line(offset: int) -> int:
        return bisect_right(starts, offset) - 1

    by_line: dict[int, list[Gloss]] = {}
    for gloss in glosses:
        by_line.setdefault(min(line(gloss.symbol.span.start), count - 1), []).append(gloss)
    first = sorted(by_line)
    found = [Row(0, first[0] if first else count, 0, 0, ())]
    for at, start in enumerate(first):
        end = first[at + 1] if at + 1 < len(first) else count
        here = by_line[start]
        head = max(_head(text, starts, gloss, line) for gloss in here)
        own = max(line(max(gloss.symbol.span.end - 1, 0)) for gloss in here) + 1
        own = min(max(own, start + 1), end)
        found.append(Row(start, end, min(max(head, start + 1), own), own, tuple(here)))
    return [row for row in found if row.start < row.end]


def _head(text: str, starts: Sequence[int], gloss: Gloss, line: Callable[[int], int]) -> int:
    body = gloss.symbol.body
    if body is None or body.start < gloss.symbol.name_span.end:
        return line(gloss.symbol.name_span.start) + 1
    at = line(body.start)
    return at if not text[starts[at] : body.start].strip() else at + 1


def line_starts(text: str) -> list[int]:
    """Where each line begins."""
    return [0, *(at + 1 for at, letter in enumerate(text) if letter == "\n")]


def listing(
    lines: Sequence[str], parts: Sequence[Row], places: Mapping[int, str], callers: Mapping[int, Sequence[Caller]]
) -> str:
    """The rows as HTML. `places`: the anchors, `callers`: who calls it, both by where a definition's code begins."""
    return "".join(_row(lines, row, places, callers) for row in parts)


def _row(lines: Sequence[str], row: Row, places: Mapping[int, str], callers: Mapping[int, Sequence[Caller]]) -> str:
    if not row.glosses:
        return f'<div class="row">\n{_pre(lines, row.start, row.end, "plain")}</div>\n'
    first, *others = row.glosses
    margin = _gloss(first, "", callers) + "".join(
        _gloss(each, f' id="{places[each.symbol.code.start]}"', callers) for each in others
    )
    return (
        f'<div class="row" id="{places[first.symbol.code.start]}">\n'
        f'{_pre(lines, row.start, row.head, "head")}<div class="margin">\n{margin}</div>\n'
        f"{_pre(lines, row.head, row.own, 'own')}{_pre(lines, row.own, row.end, 'rest')}</div>\n"
    )


def _pre(lines: Sequence[str], start: int, end: int, kind: str) -> str:
    if start >= end:
        return ""
    numbered = (f'<span class="l" id="L{at + 1}">{lines[at]}\n</span>' for at in range(start, end))
    return f'<pre class="{kind}"><code>{"".join(numbered)}</code></pre>\n'


def _gloss(gloss: Gloss, place: str, callers: Mapping[int, Sequence[Caller]]) -> str:
    symbol = gloss.symbol
    owner = f" of {'.'.join(symbol.path[:-1])}" if len(symbol.path) > 1 else ""
    if gloss.text:
        words = f'<div class="words">\n{prose(gloss.text)}</div>\n'
    else:
        why = f"no explanation: {gloss.why}" if gloss.why else "not explained yet"
        words = f'<p class="missing">{escaped(why)}</p>\n'
    facts = f'<p class="facts">{" · ".join(map(phrase, gloss.facts))}</p>\n' if gloss.facts else ""
    return (
        f'<details class="gloss"{place} open>\n'
        f'<summary><h2>{escaped(symbol.name)}</h2> <span class="kind">{escaped(symbol.kind + owner)}</span></summary>\n'
        f"{words}{facts}{_called_by(callers.get(symbol.code.start, ()))}</details>\n"
    )


def _called_by(callers: Sequence[Caller]) -> str:
    if not callers:
        return ""
    named = [
        f'<a href="{escaped(each.address)}" title="{escaped(each.path)}">{escaped(each.name)}</a>'
        for each in callers[:MOST_CALLERS]
    ]
    more = f" and {len(callers) - MOST_CALLERS} more" if len(callers) > MOST_CALLERS else ""
    return f'<p class="callers">called by {", ".join(named)}{more}</p>\n'
