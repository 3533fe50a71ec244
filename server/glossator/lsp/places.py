"""A place that a client names -> what an action works on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..action.target import Target, TargetError, target_at
from ..code import Symbol
from ..code.symbols import find, symbol_at
from ..code.threads import in_thread
from ..code.tree import Tree
from . import convert
from .documents import MOST_CHARACTERS, Snapshot, content, split
from .paths import path_of, text_on_disk
from .refused import Refused

if TYPE_CHECKING:
    from .server import Server

_WORD = re.compile(r"[\w$\x80-\U0010ffff]+")


async def snapshot_of(ls: Server, uri: str) -> Snapshot:
    """The document as it is now, or the file on disk when no client has it open. Raises `Refused`."""
    snapshot = ls.current(uri)
    if snapshot is not None:
        return snapshot
    if ls.documents.too_large(uri):
        raise Refused(f"{path_of(uri)} is too large: up to {MOST_CHARACTERS:,} characters are worked on")
    if not uri.startswith("file:"):
        raise Refused(f"{uri} is not open")
    return await in_thread(_from_disk, uri)


def _from_disk(uri: str) -> Snapshot:
    path = Path(path_of(uri))
    try:
        text = text_on_disk(path)
    except (OSError, ValueError) as error:
        raise Refused(f"{path} is not open and cannot be read ({type(error).__name__})") from error
    if text is None:
        raise Refused(f"{path} is not open, and is no file that can be read")
    return Snapshot(uri, None, "", text)


async def target_of(
    ls: Server, snapshot: Snapshot, where: types.Range, diagnostics: Iterable[str] = (), instruction: str = ""
) -> Target:
    """What lies at a range: more than a word is a selection, else the symbol around it is meant. Raises `Refused`."""
    span = convert.span_of(snapshot, where, ls.documents.encoding)
    tree = await ls.trees.of(snapshot)
    place = _cursor(span.of(snapshot.text), known=tree is not None)
    try:
        return target_at(
            snapshot.text,
            path_of(snapshot.uri),
            language_id=snapshot.language_id,
            tree=tree,
            diagnostics=tuple(diagnostics),
            instruction=instruction,
            offset=None if place is None else span.start + place,
            span=span if place is None else None,
        )
    except TargetError as error:
        raise Refused(str(error)) from error


def diagnostic_texts(snapshot: Snapshot, diagnostics: Iterable[Any]) -> list[str]:
    """What tools say, each with the line of code that it is about: a line's number would say less and change more.

    Diagnostics of the protocol (as JSON), or plain texts.
    """
    lines: list[str] | None = None
    found = []
    for each in diagnostics:
        message = each.get("message") if isinstance(each, dict) else each
        if not isinstance(message, str) or not message.strip():
            continue
        lines = split(snapshot.text) if lines is None else lines
        try:
            code = content(lines[each["range"]["start"]["line"]]).strip()
        except (KeyError, TypeError, IndexError):
            code = ""
        found.append(f"{message.strip()} (at `{code}`)" if code else message.strip())
    return found


def named_at(tree: Tree, offset: int) -> Symbol | None:
    """The definition that a reader means who points at `offset`: the one whose header is there, or the only one of this
    file that the word there names."""
    around = symbol_at(tree, offset)
    if around is not None:
        name = around.name_span
        if name.start <= offset <= name.end or _keyword(tree.text, around, offset):
            return around
    word = _word(tree.text, offset)
    found = find(tree, word) if word else ()
    return found[0] if len(found) == 1 else None


def _cursor(selected: str, *, known: bool) -> int | None:
    """Where in `selected` the cursor is that it stands for; None where it is a selection.

    A cursor of Helix is one character wide, or a `\\r\\n`, and what it moved over is selected; Eglot sends the word at
    point where nothing is. In text that is `known` to no grammar there is no symbol that a word could stand for.
    """
    if len(selected) <= 1 or selected == "\r\n":
        return 0
    return len(selected) - len(selected.lstrip()) if known and _WORD.fullmatch(selected.strip()) else None


def _keyword(text: str, symbol: Symbol, offset: int) -> bool:
    """Whether `offset` lies between the start of the name's line and the name: `def`, `async`, `pub fn` ..."""
    line = max(text.rfind("\n", 0, symbol.name_span.start), text.rfind("\r", 0, symbol.name_span.start)) + 1
    return max(line, symbol.code.start) <= offset < symbol.name_span.start and not text[offset].isspace()


def _word(text: str, offset: int) -> str:
    start = end = offset
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[start:end]
