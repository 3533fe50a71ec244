"""What an action works on: a definition, a selection or a whole file, as plain values. Reads no disk, asks no model."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePath

from ..code import Span, Symbol, TooLarge
from ..code.languages import Language, language_of
from ..code.piece import Piece
from ..code.symbols import find, outline, symbol_at
from ..code.tree import Tree, parse


class TargetError(ValueError):
    """The place that was named is not there; the message names near ones."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an action works.

    Attributes:
        path: The file, as the user named it.
        text: The file's whole text.
        span: The part that is meant; for a definition without a comment above it.
        language: None where the language is not known.
        tree: The syntax tree of `text`; None where the language is not known or the text is over the caps.
        symbol: The definition that `span` is, or None.
        selection: Whether a part was selected that is no whole definition.
        diagnostics: Messages of the user's tools about the part.
        instruction: The user's words.
        beyond: What matters for the part in other files of the workspace, the most important first.
        unread: Why there is no tree although the language is known, with the file's name and the cap; else "".
    """

    path: str
    text: str
    span: Span
    language: Language | None = None
    tree: Tree | None = None
    symbol: Symbol | None = None
    selection: bool = False
    diagnostics: tuple[str, ...] = ()
    instruction: str = ""
    beyond: tuple[Piece, ...] = ()
    unread: str = ""

    @property
    def code(self) -> str:
        """The text of the part."""
        return self.span.of(self.text)

    @property
    def kind(self) -> str:
        """`function`, `class` …, `selection` or `file`."""
        if self.symbol is not None:
            return self.symbol.kind
        return "selection" if self.selection else "file"

    @property
    def name(self) -> str:
        """The definition's own name, else words for the part."""
        if self.symbol is not None:
            return self.symbol.name
        return "the selected code" if self.selection else PurePath(self.path).name

    @property
    def title(self) -> str:
        """How the part is named to a user: `lists.py:Tree.insert`, `lists.py:12-14`, `lists.py`."""
        file = PurePath(self.path).name
        if self.symbol is not None:
            return f"{file}:{self.symbol.qualified}"
        if not self.selection:
            return file
        first, last = self.lines
        return f"{file}:{first}" if first == last else f"{file}:{first}-{last}"

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line of the part, counted from 1."""
        first = self.text.count("\n", 0, self.span.start) + 1
        return first, first + self.code.rstrip("\r\n").count("\n")


def target_at(
    text: str,
    path: str,
    *,
    language_id: str = "",
    offset: int | None = None,
    span: Span | None = None,
    name: str = "",
    tree: Tree | None = None,
    diagnostics: tuple[str, ...] = (),
    instruction: str = "",
) -> Target:
    """The part of a file that an offset, a span or a symbol's name means; the whole file where none is given.

    A span that covers a definition, blanks and its comment aside, is that definition; another one is a selection of
    whole lines. Raises `TargetError` where a name is not defined or cannot be looked for, or a selection is empty.
    """
    language = language_of(path, language_id)
    unread = ""
    if tree is None and language is not None:
        try:
            tree = parse(text, language)
        except TooLarge as error:
            unread = f"{path}: {error}"
    symbol: Symbol | None = None
    selection = False
    if name:
        symbol = _named(tree, name, path, unread)
        part = symbol.code
    elif span is not None:
        part = _trimmed(text, span)
        symbol = _covered(tree, part)
        selection = symbol is None
        part = symbol.code if symbol else _whole_lines(text, part)
    else:
        symbol = symbol_at(tree, offset) if tree is not None and offset is not None else None
        part = symbol.code if symbol else Span(0, len(text))
    return Target(
        path, text, part, language, tree, symbol, selection, tuple(diagnostics), instruction.strip(), unread=unread
    )


def _named(tree: Tree | None, name: str, path: str, unread: str) -> Symbol:
    if tree is None:
        why = unread or f"{path}: names are not known in this language"
        raise TargetError(f"{why}; give lines: PATH:FIRST-LAST")
    found = find(tree, name)
    exact = [symbol for symbol in found if symbol.qualified == name]
    if near := exact or found:  # a declaration is not what is meant where the definition is there, too
        return next((symbol for symbol in near if symbol.body is not None), near[0])
    known = [symbol.qualified for symbol in outline(tree)]
    like = get_close_matches(name, known, 3, 0.4) or known[:8]
    raise TargetError(f"{path} defines no {name!r}" + (f"; it has: {', '.join(like)}" if like else ""))


def _covered(tree: Tree | None, part: Span) -> Symbol | None:
    """The definition that a selection is, comment above it included or not."""
    if tree is None:
        return None
    for symbol in outline(tree):
        if symbol.span.holds(part) and part.holds(symbol.code):
            return symbol
    return None


def _trimmed(text: str, span: Span) -> Span:
    code = span.of(text)
    if not code.strip():
        raise TargetError("the selection is empty")
    return Span(span.start + len(code) - len(code.lstrip()), span.end - len(code) + len(code.rstrip()))


def _whole_lines(text: str, span: Span) -> Span:
    """From the first character of the first line, its indentation aside, to the end of the last line."""
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    while text[start] in " \t":
        start += 1
    ends = [end for end in (text.find("\n", span.end), text.find("\r", span.end)) if end >= 0]
    end = min(ends, default=len(text))
    return Span(start, max(span.end, start + len(text[start:end].rstrip(" \t"))))
