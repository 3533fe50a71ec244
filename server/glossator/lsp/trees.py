"""The syntax trees of open documents: parsed once for each version, again from the edit on, large ones off the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..code import TooLarge
from ..code.languages import language_of
from ..code.symbols import outline
from ..code.tree import Tree, parse
from .documents import Snapshot
from .paths import path_of
from .threads import in_thread

LARGE = 20_000  # characters; parsing more takes longer than a keystroke may wait, at least where it fits no grammar


class Trees:
    """The last tree of each document."""

    def __init__(self) -> None:
        self._trees: dict[str, Tree] = {}
        self._forgotten = 0  # documents; a tree that was begun before one was may be nobody's

    async def of(self, snapshot: Snapshot) -> Tree | None:
        """The tree of a snapshot; None for an unknown language or a text that is too large."""
        language = language_of(path_of(snapshot.uri), snapshot.language_id)
        if language is None:
            return None
        known = self._trees.get(snapshot.uri)
        if known is not None and known.text == snapshot.text and known.language == language:
            return known
        forgotten = self._forgotten
        try:
            if known is not None and known.language == language:
                tree = await _run(known.edited, snapshot.text)
            else:
                tree = await _run(parse, snapshot.text, language)
        except TooLarge:
            self.forget(snapshot.uri)
            return None
        if snapshot.version is not None and forgotten == self._forgotten:
            self._trees[snapshot.uri] = tree
        return tree

    def forget(self, uri: str) -> None:
        """The document is closed."""
        self._trees.pop(uri, None)
        self._forgotten += 1


async def _run(work: Callable[..., Tree], text: str, *more: Any) -> Tree:
    return work(text, *more) if len(text) < LARGE else await in_thread(_outlined, work, text, *more)


def _outlined(work: Callable[..., Tree], text: str, *more: Any) -> Tree:
    """A tree whose definitions are read off already: every question asks for them, and a large file has thousands."""
    tree = work(text, *more)
    outline(tree)
    return tree
