"""What a model should see of a file, within a budget of tokens: what all questions about the file share comes first.

Knows one file, what others found in further ones, and tokens as numbers that someone else counts. The file's part
depends on the file and the budget alone, so that the second question about a file finds it already read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from . import Span, Symbol
from .facts import Facts, facts
from .piece import Piece
from .related import Related, called, headers, recipe
from .symbols import imports, outline
from .threads import in_turn
from .tree import Tree

__all__ = ["Context", "Facts", "gather", "outlined", "recipe"]

Count = Callable[[Sequence[str]], Awaitable[Sequence[int]]]
"""Texts -> how many tokens each is."""

_HOLDERS = {"class", "interface", "struct", "enum", "trait", "module"}
_LETTERS_A_TOKEN = 12
"""A text of more letters for each token than this is not worth counting: it does not fit."""
_COUNTED = 400_000
"""Letters. Of a longer text as many are counted, and the rest is taken to be like them."""
_AROUND = 40
BEYOND_PART = 4
"""Other files get one part in so many of the budget: what they cost is paid anew for each target."""
_MOST_SIGNATURE = 160


@dataclass(frozen=True, slots=True)
class Context:
    """What to show beside a task.

    Attributes:
        file: The whole file, or its outline, or ""; the same for every target in the file (one too large for it aside).
        target: The code that is asked about, as it stands in the file.
        related: Title and code of what the target leans on and `file` does not show; other files come last.
        recipe: What the answer depends on (`related.recipe`).
        facts: What the syntax tree knows; None without a tree.
        shown: What `file` is.
        tokens: What `file`, `target` and `related` take together; over the budget only where the target alone is.
    """

    file: str
    target: str
    related: tuple[tuple[str, str], ...]
    recipe: str
    facts: Facts | None
    shown: Literal["file", "outline", "none"]
    tokens: int


async def gather(  # noqa: PLR0917 - all of them are needed, and callers read well without names
    tree: Tree | None,
    text: str,
    path: str,
    span: Span,
    budget: int,
    count: Count,
    *,
    shared: int = 0,
    beyond: Sequence[Piece] = (),
) -> Context:
    """The context of `span` in at most `budget` tokens: half for a whole file, a third for an outline.

    `shared` is the size of the file's part where other questions with other budgets are to share it: a whole file may
    take all of it, an outline two thirds, and it comes on top of a budget that the target alone would fill.

    Of `beyond`, what matters in other files, the most important that take a quarter of the budget are shown.
    """
    del path  # a file's name says nothing that its text does not, and the recipe does not depend on it
    target = span.of(text)
    most, most_outline = shared or budget // 2, (shared * 2 or budget) // 3
    whole = text if len(text) <= most * _LETTERS_A_TOKEN else ""
    # What a large file holds takes seconds to read off: in a thread others are answered meanwhile.
    outlines = await in_turn(len(text), outlined, tree) if tree is not None else ()
    outlines = tuple(each for each in outlines if len(each) <= most_outline * _LETTERS_A_TOKEN)
    target_tokens, whole_tokens, *outline_tokens = await _counted([target, whole, *outlines], count)
    shown: Literal["file", "outline", "none"] = "none"
    file, used = "", 0
    if whole and whole_tokens <= most:
        shown, file, used = "file", text, whole_tokens
    else:
        for each, tokens in zip(outlines, outline_tokens, strict=True):
            if each and tokens <= most_outline:
                shown, file, used = "outline", each, tokens
                break
    if used + target_tokens > budget and not (shared and target_tokens <= budget):
        shown, file, used = "none", "", 0
    used += target_tokens
    related: list[tuple[str, str]] = []
    if shown != "file":
        offered = await in_turn(len(text), _related, tree, span) if tree is not None else _around(text, span)
        for piece, tokens in zip(offered, await count([code for _, code in offered]) if offered else (), strict=True):
            if used + tokens <= budget:
                related.append(piece)
                used += tokens
    foreign, most = await _beyond(beyond, min(budget - used, budget // BEYOND_PART), count)
    known = await in_turn(len(text), facts, tree, span) if tree is not None else None
    depends = await in_turn(len(text), recipe, tree, text, span, beyond)
    return Context(file, target, (*related, *foreign), depends, known, shown, used + most)


async def _counted(texts: Sequence[str], count: Count) -> list[int]:
    counts = await count([text[:_COUNTED] for text in texts])
    return [
        tokens * len(text) // _COUNTED if len(text) > _COUNTED else tokens
        for text, tokens in zip(texts, counts, strict=True)
    ]


async def _beyond(pieces: Sequence[Piece], budget: int, count: Count) -> tuple[list[tuple[str, str]], int]:
    """Those that fit, the first first, and their tokens."""
    shown: list[tuple[str, str]] = []
    used = 0
    for piece, tokens in zip(pieces, await count([each.code for each in pieces]) if pieces else (), strict=True):
        if used + tokens <= budget:
            shown.append((piece.title, piece.code))
            used += tokens
    return shown, used


def outlined(tree: Tree) -> tuple[str, ...]:
    """Outlines of a file, the fullest first: imports, signatures, first doc lines; no docs; the top level alone."""
    kept = [(depth, symbol) for depth, symbol in _visible(tree)]
    brought = "\n".join(dict.fromkeys(each.of(tree.text) for each in imports(tree)))
    full = "\n".join(_row(tree, depth, symbol, docs=True) for depth, symbol in kept)
    plain = "\n".join(_row(tree, depth, symbol, docs=False) for depth, symbol in kept)
    top = "\n".join(
        _row(tree, 0, symbol, docs=False) for depth, symbol in kept if not depth and symbol.kind != "variable"
    )
    first = "\n\n".join(part for part in (brought, full) if part)
    second = "\n\n".join(part for part in (brought, plain) if part)
    return tuple(dict.fromkeys((first, second, top)))


def _visible(tree: Tree) -> list[tuple[int, Symbol]]:
    """The definitions that can be seen from outside of functions, with how deep they stand."""
    found: list[tuple[int, Symbol]] = []
    around: list[Symbol] = []
    for symbol in outline(tree):
        while around and around[-1].span.end < symbol.span.end:
            around.pop()
        if all(each.kind in _HOLDERS for each in around):
            found.append((len(around), symbol))
        around.append(symbol)
    return found


def _row(tree: Tree, depth: int, symbol: Symbol, *, docs: bool) -> str:
    signature = symbol.signature
    if len(signature) > _MOST_SIGNATURE:
        signature = signature[:_MOST_SIGNATURE].rstrip() + " …"
    said = symbol.docstring.partition("\n")[0].strip() if docs else ""
    return "    " * depth + signature + (f"  {tree.language.line_comment} {said}" if said else "")


def _related(tree: Tree, span: Span) -> list[tuple[str, str]]:
    pieces = [(f"The {each.symbol.kind} `{each.symbol.qualified}` around it", each) for each in headers(tree, span)]
    pieces += [(f"The {each.symbol.kind} `{each.symbol.qualified}` that it calls", each) for each in called(tree, span)]
    return [(title, _code(tree, each)) for title, each in pieces]


def _code(tree: Tree, related: Related) -> str:
    """The code at the left margin."""
    text, start = tree.text, related.span.start
    line = text.rfind("\n", 0, start) + 1
    margin = text[line:start] if not text[line:start].strip() else ""
    rows = related.span.of(text).rstrip().split("\n")
    return "\n".join(row.removeprefix(margin) for row in rows)


def _around(text: str, span: Span) -> list[tuple[str, str]]:
    """The lines before and after a part of a file in a language that is not known."""
    above, below = text[: span.start].rstrip("\n").split("\n"), text[span.end :].lstrip("\n").split("\n")
    pieces = [
        ("The lines before it", "\n".join(above[-_AROUND:])),
        ("The lines after it", "\n".join(below[:_AROUND])),
    ]
    return [(title, code) for title, code in pieces if code.strip()]
