"""Which well-known names new Python code uses that its file does not import, and the edit that imports them.

Only typing's vocabulary: it has one meaning everywhere. Another missing name is the model's mistake or the user's wish,
and no import is guessed for it.
"""

from __future__ import annotations

import re

from ..code import Span
from ..code.symbols import imports, outline
from ..code.tree import Tree
from .edit import Edit

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
        return None
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


def _bare(code: str) -> str:
    """The code without comments and the texts of strings, in which a name is no use of it."""
    code = re.sub(r"(\"\"\"|''')(?:.|\n)*?\1", "''", code)
    return re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*", "''", code)
