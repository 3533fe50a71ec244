"""The index of each workspace folder: opened and brought up to date in the background, fed with what is being edited.

Nothing here holds up the event loop: disks are read and trees are turned into entries in threads, many files in
processes of their own. An edit is only noted; the index takes over the tree that the next question needs anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..action.target import Target
from ..action.workspace import Workspace, sensible
from ..code.ignore import secret
from ..code.threads import LARGE, in_thread, in_turn
from ..code.tree import Tree
from .documents import Snapshot
from .paths import path_of

if TYPE_CHECKING:
    from .server import Server

WAIT_SECONDS = 0.5  # that a question waits for what was kept to be read, and for its own answer
LOOK_SECONDS = 120.0  # between two looks at all files, for clients that do not tell what changes; none in idle times
READ_SECONDS = 0.2  # of these, for large documents that were edited
CLOSE_SECONDS = 1.0
MANY = 200  # files that change at once, as on a checkout: then one look at all of them is cheaper


class Indexes:
    """The workspaces by the URI of their folder."""

    def __init__(self, ls: Server) -> None:
        self._ls = ls
        self._begun = False
        self._spaces: dict[str, Workspace] = {}
        self._opened: dict[str, asyncio.Event] = {}  # what was kept is read
        self._edited: dict[str, int] = {}  # open documents that the index has not seen as they are, by their last edit
        self._taking: dict[str, tuple[int, asyncio.Task[None]]] = {}  # those that it is being shown, as of which edit
        self._due: dict[Workspace, set[str]] = {}  # files that changed on disk while others are looked at
        self._touched = False  # something was done since the last look at all files

    def begin(self) -> None:
        """The client is ready: open what it has open."""
        self._begun = True
        self.choose()
        self._ls.spawn(self._look_again())

    def choose(self) -> None:
        """Follow the settings and the folders that are open."""
        if not self._begun:
            return
        enabled = self._ls.settings.index.enabled
        wanted = {uri for uri in self._ls.workspace_folders if uri.startswith("file:")} if enabled else set()
        for uri in set(self._spaces) - wanted:
            self._opened.pop(uri, None)
            space = self._spaces.pop(uri)
            self._due.pop(space, None)
            self._ls.spawn(in_thread(space.close))
        for uri in sorted(wanted - set(self._spaces)):
            try:
                root = Path(path_of(uri)).resolve()
            except (OSError, RuntimeError):
                continue
            if sensible(root):
                self._spaces[uri] = Workspace(root, self._ls.folders.cache / "index")
                self._opened[uri] = asyncio.Event()
                self._ls.spawn(self._open(self._spaces[uri], self._opened[uri]))
        for uri in self._ls.documents:
            self.edited(uri)

    async def _open(self, space: Workspace, opened: asyncio.Event) -> None:
        try:
            await in_thread(space.open)
        finally:
            opened.set()
        await in_thread(space.refresh)

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._touched:
                self._touched = False
                for space in tuple(self._spaces.values()):
                    try:
                        await in_thread(space.refresh)
                    except Exception as error:
                        self._ls.report(error, "index")

    # --- what changes -----------------------------------------------------------------------------------------------

    def edited(self, uri: str) -> None:
        """A document was opened or changed."""
        self._touched = True
        if self._spaces:
            self._edited[uri] = next(self._ls.numbers)

    def closed(self, uri: str) -> None:
        """A document was closed: what is on disk counts."""
        self._edited.pop(uri, None)
        order = next(self._ls.numbers)
        for space in self._spaces.values():
            self._ls.spawn(in_thread(space.let_go, path_of(uri), order))

    def changed(self, uris: Iterable[str]) -> None:
        """Files changed on disk. They are looked at one lot after the other; what comes meanwhile is the next lot."""
        paths = {path_of(uri) for uri in uris if uri.startswith("file:")}
        for space in self._spaces.values():
            waits = space in self._due
            self._due.setdefault(space, set()).update(paths)
            if not waits:
                self._ls.spawn(self._look_at(space))

    async def _look_at(self, space: Workspace) -> None:
        try:
            while paths := self._due.get(space):  # missing: its folder was closed
                self._due[space] = set()
                try:
                    rules = any(Path(path).name in {".gitignore", ".glossatorignore"} for path in paths)
                    await in_thread(*((space.refresh,) if rules or len(paths) > MANY else (space.look, sorted(paths))))
                except Exception as error:  # what came meanwhile is looked at all the same
                    self._ls.report(error, "index")
        finally:
            self._due.pop(space, None)

    # --- what is asked ----------------------------------------------------------------------------------------------

    async def completed(self, target: Target) -> Target:
        """`target` with what matters for it in other files; as it is where that is not known in a moment."""
        self._touched = True
        for uri, space in tuple(self._spaces.items()):
            if space.relative(target.path) is not None:
                try:
                    await asyncio.wait_for(self._opened[uri].wait(), WAIT_SECONDS)
                    return await asyncio.wait_for(self._completed(space, target), WAIT_SECONDS)
                except TimeoutError:  # a slow disk does not hold up a question
                    break
                except Exception as error:  # nor does an index in trouble
                    self._ls.report(error, "index")
                    break
        return target

    async def _completed(self, space: Workspace, target: Target) -> Target:
        """Takes over the documents that changed since the last question; large ones that are not read in a moment are
        read all the same, and known to the next question."""
        small: list[asyncio.Task[None]] = []
        large: list[asyncio.Task[None]] = []
        for uri, order in tuple(self._edited.items()):
            snapshot = self._ls.current(uri)
            if snapshot is None:
                continue
            if self._taking.get(uri, (0,))[0] != order:
                self._taking[uri] = order, self._ls.spawn(self._take(snapshot, order))
            (small if len(snapshot.text) < LARGE else large).append(self._taking[uri][1])
        if large:
            await asyncio.wait(large, timeout=READ_SECONDS)
        if small:
            await asyncio.wait(small)
        return await in_turn(len(target.text), space.completed, target)

    async def _take(self, snapshot: Snapshot, order: int) -> None:
        """Have the index know a document by the text of edit number `order`."""
        uri = snapshot.uri
        try:
            tree = await self._ls.trees.of(snapshot)
            if tree is not None:
                await in_turn(len(tree.text), _follow, tuple(self._spaces.values()), path_of(uri), tree, order)
            if self._edited.get(uri) == order:
                del self._edited[uri]
        finally:
            if self._taking.get(uri, (0,))[0] == order:
                del self._taking[uri]

    async def leaves_out(self, uri: str) -> bool:
        """Whether a document holds secrets by its name, or is ignored in its workspace: only its user asks about it."""
        path = path_of(uri)
        if secret(Path(path).name):
            return True
        for space in tuple(self._spaces.values()):
            if (name := space.relative(path)) is not None and await in_thread(space.leaves_out, name):
                return True
        return False

    def state(self) -> list[dict[str, Any]]:
        """For the status: a row for each workspace folder. Never waits."""
        rows = [space.status() for space in self._spaces.values()]
        return [{"folder": row.root, "state": row.state, "files": row.files, "symbols": row.symbols} for row in rows]

    async def close(self) -> None:
        """Keep what is known, and end."""
        spaces = tuple(self._spaces.values())
        self._spaces.clear()
        for space in spaces:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(in_thread(space.close), CLOSE_SECONDS)


def _follow(every: Sequence[Workspace], path: str, tree: Tree, order: int) -> None:
    for each in every:
        each.follow(path, tree, order)
