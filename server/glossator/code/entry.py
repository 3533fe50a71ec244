"""What the index keeps of one file: its definitions, its calls, and what it imports; as a line of text too.

Knows one file at a time. A line that is damaged in any way is no entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from . import Symbol, SymbolKind
from .brought import Bound, brought
from .fingerprint import digest
from .languages import LANGUAGES
from .references import called
from .symbols import outline
from .tree import Tree
from .walk import Found

FORMAT = 1
"""Another number where what is kept changes: entries of other formats are not read."""
MOST_CALLS = 20_000
_INSIDE = {"function", "method"}
_LANGUAGES = {language.id for language in LANGUAGES}
_KINDS = {"function", "method", "class", "interface", "struct", "enum", "trait", "module", "variable", "type"}


class Definition(NamedTuple):
    """A definition that can be seen from outside of functions.

    Attributes:
        path: The names from the outermost scope to itself.
        kind: What it is.
        start: Where its code begins in the file's text,
        end: and ends.
        body: Where its body begins; -1 without one.
        line: The line of its name, from 1.
        signature: Its header on one line.
    """

    path: tuple[str, ...]
    kind: SymbolKind
    start: int
    end: int
    body: int
    line: int
    signature: str

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]

    @property
    def qualified(self) -> str:
        """`Tree.insert`."""
        return ".".join(self.path)


class Call(NamedTuple):
    """A call: the name, what stands before its dot, and where."""

    name: str
    qualifier: str
    offset: int


class Entry(NamedTuple):
    """One file.

    Attributes:
        path: Its place in the workspace, with `/`.
        language: A language's id.
        size: Bytes when it was read; -1 for a text that is not on disk.
        changed: Its time of change then, in nanoseconds.
        digest: Of its text.
        package: What it says it belongs to (Go, Java).
        definitions: In order, each before what it holds.
        bound: What it imports.
        calls: In order.
    """

    path: str
    language: str
    size: int
    changed: int
    digest: str
    package: str
    definitions: tuple[Definition, ...]
    bound: tuple[Bound, ...]
    calls: tuple[Call, ...]

    def around(self, offset: int) -> Definition | None:
        """The innermost function or class that `offset` lies in."""
        best = None
        for each in self.definitions:
            if each.start > offset:
                break
            if offset < each.end and each.kind != "variable":
                best = each
        return best


def entry_of(tree: Tree, path: str, found: Found | None = None) -> Entry:
    """The entry of a parsed file; `found`: what it was on disk, None for a text that an editor holds."""
    own = brought(tree)
    return Entry(
        path,
        tree.language.id,
        found.size if found else -1,
        found.changed if found else 0,
        text_digest(tree.text),
        own.package,
        tuple(_definitions(tree)),
        own.bound,
        tuple(Call(*each) for each in called(tree)[:MOST_CALLS]),
    )


def live_entry(tree: Tree, path: str) -> Entry:
    """The entry of a text that an editor holds; worked out once for a tree."""
    return tree.once(f"entry {path}", lambda: entry_of(tree, path))


def text_digest(text: str) -> str:
    """The digest that an entry keeps of its text."""
    return digest([text])


def to_line(entry: Entry) -> str:
    """One line, its own digest first."""
    text = json.dumps(entry, ensure_ascii=True, separators=(",", ":"))
    return f"{_check(text)} {text}"


def from_line(line: str) -> Entry | None:
    """The entry of a line; None for anything that is not one."""
    check, _, text = line.rstrip("\n").partition(" ")
    if check != _check(text):
        return None
    try:
        return _entry(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _entry(row: list[Any]) -> Entry:
    path, language, size, changed, checked, package, definitions, bound, calls = row
    if language not in _LANGUAGES or not all(isinstance(each, str) for each in (path, checked, package)):
        raise ValueError("not an entry")
    return Entry(
        path,
        language,
        int(size),
        int(changed),
        checked,
        package,
        tuple(_definition(each) for each in definitions),
        tuple(Bound(*map(str, each)) for each in bound),
        tuple(Call(str(name), str(qualifier), int(offset)) for name, qualifier, offset in calls),
    )


def _definition(row: list[Any]) -> Definition:
    names, kind, start, end, body, line, signature = row
    if kind not in _KINDS or not names:
        raise ValueError("not a definition")
    path = tuple(map(str, names))
    return Definition(path, cast("SymbolKind", kind), int(start), int(end), int(body), int(line), str(signature))


def _definitions(tree: Tree) -> Iterable[Definition]:
    around: list[Symbol] = []
    line, at = 1, 0
    for symbol in outline(tree):
        while around and around[-1].span.end < symbol.span.end:
            around.pop()
        place = symbol.name_span.start
        line += tree.text.count("\n", at, place) if place >= at else -tree.text.count("\n", place, at)
        at = place
        if not any(each.kind in _INSIDE for each in around):
            body = symbol.body.start if symbol.body is not None else -1
            yield Definition(symbol.path, symbol.kind, symbol.code.start, symbol.code.end, body, line, symbol.signature)
        around.append(symbol)


def _check(text: str) -> str:
    return hashlib.blake2b(text.encode("ascii", "replace"), digest_size=16).hexdigest()
