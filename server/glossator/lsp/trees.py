"""The syntax trees of open documents: parsed once for each version, again from the edit on, large ones off the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..code import TooLarge
from ..code.languages import Language, language_of
from ..code.symbols import outline
from ..code.threads import LARGE, in_turn
from ..code.tree import Tree, parse
from .documents import Snapshot
from .paths import path_of


@dataclass(eq=False)
class _Making:
    """A tree on its way: of which text, and how many wait for it."""

    text: str
    language: Language
    task: asyncio.Task[Tree | None]
    waiting: int = 0


class Trees:
    """The last tree of each document."""

    def __init__(self) -> None:
        self._trees: dict[str, Tree] = {}
        self._making: dict[str, _Making] = {}

    async def of(self, snapshot: Snapshot) -> Tree | None:
        """The tree of a snapshot; None for an unknown language or a text that is too large.

        All who ask for the tree of one text share the work, and it is left where none of them wants it any more.
        """
        uri, text = snapshot.uri, snapshot.text
        language = language_of(path_of(uri), snapshot.language_id)
        if language is None:
            return None
        known = self._trees.get(uri)
        if known is not None and known.text == text and known.language == language:
            return known
        work = known.edited if known is not None and known.language == language else partial(parse, language=language)
        if len(text) < LARGE:
            tree = _read(work, text)
            self._keep(snapshot, tree)
            return tree
        making = self._making.get(uri)
        if making is None or making.text != text or making.language != language:
            making = _Making(text, language, asyncio.create_task(self._made(snapshot, work)))
            self._making[uri] = making
        making.waiting += 1
        try:
            return await asyncio.shield(making.task)
        finally:
            making.waiting -= 1
            if not making.waiting:
                making.task.cancel()  # nothing where it is done
                self._settled(uri, making.task)

    async def _made(self, snapshot: Snapshot, work: Callable[[str], Tree]) -> Tree | None:
        tree = await in_turn(len(snapshot.text), _read, work, snapshot.text)
        if self._settled(snapshot.uri, asyncio.current_task()):
            self._keep(snapshot, tree)
        return tree

    def _settled(self, uri: str, task: asyncio.Task[Tree | None] | None) -> bool:
        """Whether this was the newest text of a document that is still open."""
        newest = self._making.get(uri)
        if newest is None or newest.task is not task:
            return False
        del self._making[uri]
        return True

    def _keep(self, snapshot: Snapshot, tree: Tree | None) -> None:
        if tree is None:
            self._trees.pop(snapshot.uri, None)
        elif snapshot.version is not None:
            self._trees[snapshot.uri] = tree

    def forget(self, uri: str) -> None:
        """The document is closed."""
        self._trees.pop(uri, None)
        self._making.pop(uri, None)


def _read(work: Callable[[str], Tree], text: str) -> Tree | None:
    """A tree whose definitions are read off already: every question asks for them, and a large file has thousands."""
    try:
        tree = work(text)
    except TooLarge:
        return None
    outline(tree)
    return tree
