"""A source text as HTML, line by line: syntax colours as classes, names that lead somewhere as links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..code import Span
from ..code.highlight import Token
from .escape import code, escaped

CLASSES = {
    "comment": "c",
    "string": "s",
    "number": "n",
    "keyword": "k",
    "type": "t",
    "definition": "d",
    "call": "f",
}
"""The classes of `code.highlight` as the style sheet names them."""

_Piece = tuple[Span, str, str]  # where, class or "", address or ""


def lines(text: str, tokens: Sequence[Token], links: Mapping[Span, str]) -> list[str]:
    """One piece of HTML for each line of `text`, without its end; `links` are addresses. Lines end with `\\n`."""
    rows: list[list[str]] = [[]]
    for span, kind, address in _pieces(len(text), tokens, links):
        parts = span.of(text).split("\n")
        for at, part in enumerate(parts):
            if at:
                rows.append([])
            ends = at + 1 < len(parts) or text.startswith("\n", span.end)
            rows[-1].append(_html(part.removesuffix("\r") if ends else part, kind, address))
    return ["".join(row) for row in rows]


def _html(text: str, kind: str, address: str) -> str:
    shown = code(text)
    if not shown:
        return ""
    if address:
        return f'<a href="{escaped(address)}">{shown}</a>'
    return f'<span class="{kind}">{shown}</span>' if kind else shown


def _pieces(length: int, tokens: Sequence[Token], links: Mapping[Span, str]) -> Iterator[_Piece]:
    """All of a text in order, in pieces of one class or one address; a link is one piece, whatever is in it."""
    addressed: list[_Piece] = [(span, "", address) for span, address in links.items()]
    coloured: list[_Piece] = [(token.span, CLASSES[token.kind], "") for token in tokens]
    at = 0
    for piece in sorted([*addressed, *coloured], key=lambda each: (each[0].start, not each[2])):
        if piece[0].start >= at:
            yield from _plain(at, piece[0].start)
            yield piece
            at = piece[0].end
    yield from _plain(at, length)


def _plain(start: int, end: int) -> Iterator[_Piece]:
    if start < end:
        yield Span(start, end), "", ""
