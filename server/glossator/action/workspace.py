"""The index of one workspace folder over its life: taken from disk, brought up to date, asked, kept again.

Everything here may block for as long as a disk does, and is safe to call from any thread. Knows no editor and no model;
without it every question is answered from one file, as before.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from ..code import kept
from ..code.beyond import beyond
from ..code.entry import Entry, entry_of, live_entry, text_digest
from ..code.index import Index
from ..code.indexing import read
from ..code.links import Link, links
from ..code.tree import Tree
from ..code.walk import Found, files, wanted
from ..engine.private import private_folder
from .indexers import entries
from .target import Target

_MARKERS = (
    ".git .hg .jj pyproject.toml setup.py setup.cfg package.json tsconfig.json go.mod Cargo.toml pom.xml build.gradle "
    "build.gradle.kts settings.gradle compile_commands.json"
)
MARKERS = tuple(_MARKERS.split())
"""What stands in the top folder of a project."""
State = Literal["new", "building", "ready", "closed"]
_TREES = 48
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Status:
    """How far an index is: `files` and `symbols` that it knows, `seconds` that the last bringing up to date took."""

    root: str
    state: State
    files: int
    symbols: int
    seconds: float


def root_of(path: Path) -> Path | None:
    """The workspace of a file: the nearest folder above it that looks like a project's top, never a user's home."""
    try:
        folder = path.absolute().resolve().parent
        for each in (folder, *folder.parents):
            if any((each / name).exists() for name in MARKERS):
                return each if sensible(each) else None
    except (OSError, RuntimeError):
        pass
    return None


def sensible(root: Path) -> bool:
    """Whether a folder can be a workspace: neither the whole disk nor all that a user has."""
    try:
        return root.is_dir() and root != Path(root.anchor) and root != Path.home().resolve()
    except (OSError, RuntimeError):
        return False


class Workspace:
    """One workspace folder."""

    def __init__(self, root: Path, folder: Path) -> None:
        """`folder` is where indexes are kept; it is made, the user's alone."""
        self.root = root
        self._folder = folder
        self._index = Index()
        self._lock = threading.RLock()
        self._refreshing = threading.Lock()  # one look at all files at a time
        self._state: State = "new"
        self._seconds = 0.0
        self._changed = False  # something is worth keeping
        self._stop = threading.Event()
        self._live: dict[str, Tree] = {}  # what an editor holds open
        self._last: dict[str, int] = {}  # the order of what an editor last did with a file
        self._barren: dict[str, Found] = {}  # files that have no entry
        self._trees: OrderedDict[str, tuple[Found, Tree]] = OrderedDict()

    # --- its life ---------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take over what was kept; quick."""
        file = kept.place(self._folder, self.root)
        with contextlib.suppress(OSError):
            os.utime(file)  # in use
        for entry in kept.load(file, self.root):
            with self._lock:
                if entry.path not in self._index.entries:
                    self._index.put(entry)

    def refresh(self) -> None:
        """Look at all files again, by size and time; read those that changed, forget those that are gone."""
        with self._refreshing:
            self._refresh()

    def _refresh(self) -> None:
        began = time.monotonic()
        self._state = "building"
        found = {each.path: each for each in files(self.root)}
        with self._lock:
            for path in set(self._index.entries) - set(found) - set(self._live):
                self._drop(path)
            stale = [each for each in found.values() if self._is_stale(each)]
        for path, entry in entries(self.root, [(each.path, each.size) for each in stale], self._stop):
            self._take(path, entry, found[path])
        if self._stop.is_set():
            return
        self._seconds = time.monotonic() - began
        self.keep()
        self._state = "ready"

    def keep(self) -> None:
        """Write what changed to disk; where that is not possible the next start reads the files again."""
        with self._lock:
            if not self._changed:
                return
            known = list(self._index.entries.values())
            self._changed = False
        try:
            private_folder(self._folder)
            kept.tidy(self._folder)
            kept.save(kept.place(self._folder, self.root), self.root, known)
        except OSError:
            return

    def close(self) -> None:
        """Stop what runs, and keep what is known."""
        self._stop.set()
        self._state = "closed"
        self.keep()

    def status(self) -> Status:
        """How far it is. Does not wait for whoever works on it."""
        return Status(str(self.root), self._state, len(self._index.entries), self._index.symbols, self._seconds)

    # --- what changes -----------------------------------------------------------------------------------------------

    def relative(self, path: str) -> str | None:
        """The path in the workspace, with `/`; None for one outside."""
        try:
            return Path(path).absolute().relative_to(self.root).as_posix()
        except (ValueError, OSError):
            pass
        try:
            return Path(path).resolve().relative_to(self.root).as_posix()
        except (ValueError, OSError, RuntimeError):
            return None

    def follow(self, path: str, tree: Tree, order: int) -> None:
        """An editor holds the file open, with this text: it counts instead of what is on disk.

        `order` grows with every edit and every closing: what comes here late, from a slower thread, does not count.
        """
        name = self.relative(path)
        if name is None or self._live.get(name) is tree:
            return
        known = self._index.entries.get(name)
        if known is None and wanted(self.root, name) is None:
            return  # ignored, secret or new: what nobody may import is not shown either
        entry = live_entry(tree, name)
        with self._lock:
            if self._is_late(name, order):
                return
            self._live[name] = tree
            self._index.put(entry)

    def let_go(self, path: str, order: int) -> None:
        """The editor closed the file: what is on disk counts again. `order` as in `follow`."""
        name = self.relative(path)
        if name is None:
            return
        with self._lock:
            if self._is_late(name, order) or self._live.pop(name, None) is None:
                return
        self.look([path])

    def look(self, paths: Iterable[str]) -> None:
        """These files may have changed, come or gone."""
        for path in paths:
            name = self.relative(path)
            if name is None or name in self._live:
                continue
            found = wanted(self.root, name)
            with self._lock:
                if found is None:
                    self._drop(name)
                    continue
                if not self._is_stale(found):
                    continue
            got = read(self.root, name)
            self._take(name, entry_of(got[0], name, got[1]) if got is not None else None, found)

    def leaves_out(self, name: str) -> bool:
        """Whether a file of the workspace (relative, `/`) is there and is not one that the index would read."""
        return os.path.lexists(self.root / name) and wanted(self.root, name) is None

    # --- what is asked ----------------------------------------------------------------------------------------------

    def completed(self, target: Target) -> Target:
        """`target` with what matters for it in other files; as it is where the workspace does not hold it."""
        name = self.relative(target.path)
        if name is None or target.tree is None or (target.symbol is None and not target.selection):
            return target
        live_entry(target.tree, name)  # a large file's takes long, and others are not to wait for the lock meanwhile
        for _ in range(_TRIES):  # an entry that proves old is read anew, and may then say something else
            with self._lock:
                renewed: list[str] = []
                pieces = beyond(self._index, target.tree, name, target.span, partial(self._tree, renewed))
            if not renewed:
                break
        return replace(target, beyond=pieces)

    def links(self, path: str, tree: Tree) -> tuple[Link, ...]:
        """The calls in a file whose definitions are known; in one that the workspace does not hold, its own alone."""
        name = self.relative(path)
        with self._lock:
            known = name is not None and name in self._index.entries
            return links(tree, name or path, self._index if known else None)

    def _tree(self, renewed: list[str], path: str) -> Tree | None:
        """The tree of a file as its entry knows it; one that changed is taken in anew and named in `renewed`."""
        live = self._live.get(path)
        entry = self._index.entries.get(path)
        if live is not None or entry is None:
            return live
        now = wanted(self.root, path)
        if now is None:  # gone, or ignored by now
            self._drop(path)
            renewed.append(path)
            return None
        cached = self._trees.get(path)
        if cached is not None and cached[0] == now and (entry.size, entry.changed) == (now.size, now.changed):
            self._trees.move_to_end(path)
            return cached[1]
        got = read(self.root, path)
        if got is None or text_digest(got[0].text) != entry.digest:
            self._take(path, entry_of(got[0], path, got[1]) if got is not None else None, now)
            renewed.append(path)
            return None
        tree, found = got
        if (entry.size, entry.changed) != (found.size, found.changed):
            self._take(path, entry._replace(size=found.size, changed=found.changed), found)
        self._trees[path] = found, tree
        while len(self._trees) > _TREES:
            self._trees.popitem(last=False)
        return tree

    # --- with the lock held -----------------------------------------------------------------------------------------

    def _is_late(self, name: str, order: int) -> bool:
        """Whether something newer is known of what an editor does with the file; else this is the newest."""
        if order < self._last.get(name, 0):
            return True
        self._last[name] = order
        return False

    def _is_stale(self, found: Found) -> bool:
        if found.path in self._live or self._barren.get(found.path) == found:
            return False
        entry = self._index.entries.get(found.path)
        return entry is None or (entry.size, entry.changed) != (found.size, found.changed)

    def _take(self, path: str, entry: Entry | None, found: Found) -> None:
        with self._lock:
            if path in self._live:
                return
            self._changed = True
            if entry is None:
                self._drop(path)
                self._barren[path] = found
            else:
                self._index.put(entry)

    def _drop(self, path: str) -> None:
        self._changed = self._changed or path in self._index.entries
        self._index.drop(path)
        self._trees.pop(path, None)
