"""Code and explanations in, the pages of a margin edition out: a static site that works without a server.

Takes plain values and returns text; asks no model, reads no source file and knows nothing of shells. What is written by
a model or stands in a file is escaped; the pages ask nothing of any network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..code import Span, Symbol

Place = tuple[str, int]
"""A definition: the path of its file (relative to what the site is about, `/`) and where its code begins there."""


@dataclass(frozen=True, slots=True)
class Gloss:
    """What stands in the margin beside a definition.

    Attributes:
        symbol: The definition.
        facts: What is known of it without a model, a few words each, as Markdown.
        text: Its explanation, Markdown; "" where there is none.
        why: Why there is none, a sentence in plain text; "": nobody was asked yet.
    """

    symbol: Symbol
    facts: tuple[str, ...] = ()
    text: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A source file.

    Attributes:
        path: Relative to what the site is about, with `/`.
        text: Its text.
        glosses: The definitions that have a margin, in the order of the file, each before what it holds.
        links: The names that lead to definitions, and to which.
    """

    path: str
    text: str
    glosses: tuple[Gloss, ...] = ()
    links: Mapping[Span, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edition:
    """What a site is about.

    Attributes:
        title: Its name, as of a folder.
        sources: The files by path.
        model: Who explained, or "".
    """

    title: str
    sources: tuple[Source, ...]
    model: str = ""
