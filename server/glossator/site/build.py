"""An edition as files: the name of each page and its text. The same edition gives the same bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..code import Span, TooLarge
from ..code.highlight import Token, highlight
from ..code.languages import language_of
from ..code.tree import parse
from . import Edition, Gloss, Place, Source
from .contents import contents, foot
from .escape import escaped
from .frame import page
from .listing import lines
from .names import INDEX, anchors, page_names
from .page import Caller, line_starts, listing, rows

MOST_EVERYWHERE = 3_000
"""Definitions up to which every page can search all of them; of more a page has its own, and the first page all."""


@dataclass(frozen=True, slots=True)
class _Book:
    """What the pages know of each other: names of pages, anchors of definitions, and who calls them, by place."""

    names: Mapping[str, str]
    places: Mapping[str, Mapping[int, str]]
    callers: Mapping[Place, Sequence[tuple[str, int]]]  # the file of each call, and which of its glosses (-1: none)


def build(edition: Edition) -> Iterator[tuple[str, bytes]]:
    """The pages of an edition, the first page last: name and bytes."""
    sources = sorted(edition.sources, key=lambda each: each.path)
    by_path = {source.path: source for source in sources}
    book = _Book(
        page_names(by_path),
        {source.path: anchors([gloss.symbol for gloss in source.glosses]) for source in sources},
        _callers(sources),
    )
    numbers = {source.path: at for at, source in enumerate(sources)}
    every = [row for source in sources for row in _found(source, numbers, book)]
    pages = [[source.path, book.names[source.path]] for source in sources]
    for at, source in enumerate(sources):
        own = every if len(every) <= MOST_EVERYWHERE else list(_found(source, numbers, book))
        around = [("prev", sources[at - 1])] if at else []
        around += [("next", sources[at + 1])] if at + 1 < len(sources) else []
        text = page(
            title=f"{source.path} · {edition.title}",
            edition=edition.title,
            kind="source",
            trail=_trail(source.path),
            main=f"<h1>{_broken(source.path)}</h1>\n{_listing(source, by_path, book)}",
            foot=foot(edition.model, [(rel, each.path, book.names[each.path]) for rel, each in around]),
            found={"pages": pages, "definitions": own},
        )
        yield book.names[source.path], text.encode("utf-8", "replace")
    text = page(
        title=edition.title,
        edition=edition.title,
        kind="contents",
        trail="",
        main=contents(edition, book.names),
        foot=foot(edition.model),
        found={"pages": pages, "definitions": every},
    )
    yield INDEX, text.encode("utf-8", "replace")


def _found(source: Source, numbers: Mapping[str, int], book: _Book) -> Iterator[list[Any]]:
    for gloss in source.glosses:
        symbol = gloss.symbol
        yield [symbol.qualified, symbol.kind, numbers[source.path], book.places[source.path][symbol.code.start]]


def _callers(sources: Sequence[Source]) -> dict[Place, list[tuple[str, int]]]:
    """Who calls each definition, each once, by path and place."""
    found: dict[Place, dict[tuple[str, int], None]] = {}
    for source in sources:
        for span, place in sorted(source.links.items()):
            caller = _around(source.glosses, span)
            if place != (source.path, caller):
                found.setdefault(place, {})[source.path, caller] = None
    return {place: list(each) for place, each in found.items()}


def _around(glosses: Sequence[Gloss], span: Span) -> int:
    """Where the innermost definition around a call begins; -1: none is."""
    inside = [gloss.symbol.code.start for gloss in glosses if gloss.symbol.span.holds(span)]
    return inside[-1] if inside else -1


def _listing(source: Source, by_path: Mapping[str, Source], book: _Book) -> str:
    written = lines(source.text, _tokens(source), _addresses(source, by_path, book))
    if len(written) > 1 and not written[-1]:
        written.pop()
    callers = {
        start: [_caller(source.path, by_path[path], at, book) for path, at in _near(source.path, found)]
        for (file, start), found in book.callers.items()
        if file == source.path
    }
    return listing(written, rows(source.text, len(written), source.glosses), book.places[source.path], callers)


def _near(path: str, found: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Those of the same file first; a file's own statements after its definitions."""
    return sorted(found, key=lambda each: (each[0] != path, each[0], each[1] < 0, each[1]))


def _caller(here: str, source: Source, start: int, book: _Book) -> Caller:
    page_name = "" if source.path == here else book.names[source.path]
    gloss = next((each for each in source.glosses if each.symbol.code.start == start), None)
    if gloss is None:
        return Caller(source.path.rpartition("/")[2], source.path, page_name or "#text")
    return Caller(gloss.symbol.qualified, source.path, f"{page_name}#{book.places[source.path][start]}")


def _tokens(source: Source) -> tuple[Token, ...]:
    """The colours of a text. A definition is marked by the colour of its gloss, so one without a gloss is not."""
    language = language_of(source.path)
    glossed = {gloss.symbol.name_span.start for gloss in source.glosses}
    try:
        tokens = highlight(parse(source.text, language)) if language is not None else ()
    except TooLarge:
        return ()
    return tuple(each for each in tokens if each.kind != "definition" or each.span.start in glossed)


def _addresses(source: Source, by_path: Mapping[str, Source], book: _Book) -> dict[Span, str]:
    """The links of a file as addresses: to a definition's gloss, or to the line of one that has none."""
    found: dict[Span, str] = {}
    starts: dict[str, list[int]] = {}
    for span, (path, start) in source.links.items():
        there = by_path.get(path)
        if there is None:
            continue
        place = book.places[path].get(start)
        if place is None:
            known = starts.setdefault(path, line_starts(there.text))
            place = f"L{bisect_right(known, start)}"
        found[span] = f"{'' if path == source.path else book.names[path]}#{place}"
    return found


def _trail(path: str) -> str:
    *folders, file = map(escaped, path.split("/"))
    above = "".join(f'<span class="step">{folder}</span>' for folder in folders)
    return f'{above}<span class="step" aria-current="page">{file}</span>'


def _broken(path: str) -> str:
    """A path that may be broken behind its slashes."""
    return "/<wbr>".join(escaped(part) for part in path.split("/"))
