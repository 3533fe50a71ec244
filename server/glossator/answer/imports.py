"""Which well-known names new code uses that its file does not import, and the edit that imports them.

Only names that have one meaning everywhere: in Python those of typing, elsewhere those of `vocabulary.py`. Another
missing name is the model's mistake or the user's wish, and no import is guessed for it.
"""

from __future__ import annotations

import re

from ..code import Span
from ..code.symbols import imports, outline
from ..code.tree import Tree
from .edit import Edit
from .vocabulary import VOCABULARIES, Vocabulary

_WORD = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*")
_WORDS = {
    "collections.abc": """
        AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable Collection Container Coroutine Generator Hashable
        Iterable Iterator Mapping MutableMapping MutableSequence MutableSet Sequence Sized
    """,
    "typing": """
        Any AnyStr BinaryIO ClassVar Dict Final FrozenSet IO List Literal NamedTuple NoReturn Optional Protocol Self Set
        TextIO Tuple Type TypeVar Union
    """,
    "pathlib": "Path",
}
_HOMES = {word: home for home, words in _WORDS.items() for word in words.split()}


def missing_imports(tree: Tree, span: Span, code: str) -> Edit | None:
    """The edit that imports what `code`, in the place of `span`, newly needs; None where that is nothing."""
    if tree.language.id != "python":
        words = VOCABULARIES.get(tree.language.id)
        return _included(tree, span, code, words) if words else None
    text = tree.text
    rest = set(_WORD.findall(text))
    needed = sorted(name for name in set(_WORD.findall(_bare(code))) - rest if name in _HOMES)
    if not needed:
        return None
    homes: dict[str, list[str]] = {}
    for name in needed:
        homes.setdefault(_HOMES[name], []).append(name)
    rows = [f"from {home} import {', '.join(names)}" for home, names in sorted(homes.items())]
    before = [each for each in imports(tree) if each.end <= span.start]
    if before:
        return Edit(Span(before[-1].end, before[-1].end), "".join(f"\n{row}" for row in rows))
    first = min((symbol.span.start for symbol in outline(tree)), default=span.start)
    return Edit(Span(first, first), "".join(f"{row}\n" for row in rows) + "\n\n") if first <= span.start else None


def _included(tree: Tree, span: Span, code: str, words: Vocabulary) -> Edit | None:
    """The same for a language with a vocabulary; a name that the file uses already is not missing."""
    text = tree.text
    used = set(words.use.findall(_plain(code))) - set(words.use.findall(text))
    rows = []
    for name in sorted(used & set(words.homes)):
        row, whole = words.row(name), words.whole.format(home=words.homes[name])
        if row not in rows and row.removeprefix("import ") not in text and (not whole or whole not in text):
            rows.append(row)
    if not rows:
        return None
    before = [each for each in imports(tree) if each.end <= span.start and text[: each.start][-1:] in ("", "\n")]
    if before and tree.language.id in ("c", "cpp"):
        least = min(_depth(text, each.start) for each in before)
        before = [each for each in before if _depth(text, each.start) == least]
    if not before:
        first = min((symbol.span.start for symbol in outline(tree)), default=span.start)
        return Edit(Span(first, first), "".join(f"{row}\n" for row in rows) + "\n") if first <= span.start else None
    last = before[-1]
    if tree.language.id == "go" and last.of(text).endswith("\n)"):
        return Edit(Span(last.end - 1, last.end - 1), "".join(f"\t{row.removeprefix('import ')}\n" for row in rows))
    gap = "\n" if last.of(text).startswith("package") else ""
    return Edit(Span(last.end, last.end), gap + "".join(f"\n{row}" for row in rows))


def _depth(text: str, offset: int) -> int:
    """Of how many conditions of the C preprocessor the text at `offset` is part."""
    above = text[:offset]
    return len(re.findall(r"^[ \t]*#[ \t]*if", above, re.M)) - len(re.findall(r"^[ \t]*#[ \t]*endif", above, re.M))


def _plain(code: str) -> str:
    """Like `_bare`, for the languages that comment as C does."""
    return re.sub(r"\"(?:\\.|[^\"\\\n])*\"|//[^\n]*|/\*(?:.|\n)*?\*/", " ", code)


def _bare(code: str) -> str:
    """The code without comments and the texts of strings, in which a name is no use of it."""
    code = re.sub(r"(\"\"\"|''')(?:.|\n)*?\1", "''", code)
    return re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*", "''", code)
