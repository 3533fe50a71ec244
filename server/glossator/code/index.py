"""The definitions, calls and imports of a whole workspace, by name and by place; an edit replaces one file's entry.

Knows entries and nothing of files, trees and languages' rules. Not safe for several threads: its holder has the lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .entry import Definition, Entry

_NONE: frozenset[str] = frozenset()


class Index:
    """The entries of a workspace, and where each name is.

    Attributes:
        entries: By path (relative to the workspace, `/`).
        symbols: How many definitions they have.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: dict[str, Entry] = {}
        self.symbols = 0
        self._defined: dict[str, set[str]] = {}  # a definition's name -> files
        self._called: dict[str, set[str]] = {}  # a called name -> files
        self._stems: dict[str, set[str]] = {}  # a file's name without ending -> files
        self._folders: dict[str, set[str]] = {}  # a folder -> the files that are directly in it
        self._packages: dict[str, set[str]] = {}  # a declared package -> files
        for entry in entries:
            self.put(entry)

    def put(self, entry: Entry) -> None:
        """Take in a file, or its new state."""
        self.drop(entry.path)
        self.entries[entry.path] = entry
        self.symbols += len(entry.definitions)
        for names, key in self._keys(entry):
            names.setdefault(key, set()).add(entry.path)

    def drop(self, path: str) -> None:
        """A file is gone."""
        entry = self.entries.pop(path, None)
        if entry is None:
            return
        self.symbols -= len(entry.definitions)
        for names, key in self._keys(entry):
            places = names.get(key)
            if places is not None:
                places.discard(path)
                if not places:
                    del names[key]

    def named(self, name: str) -> Iterator[tuple[Entry, Definition]]:
        """The definitions of a name, by path."""
        for path in sorted(self._defined.get(name, _NONE)):
            entry = self.entries[path]
            for each in entry.definitions:
                if each.name == name:
                    yield entry, each

    def calling(self, name: str) -> Iterator[Entry]:
        """The files that call something of this name, by path."""
        for path in sorted(self._called.get(name, _NONE)):
            yield self.entries[path]

    def commonness(self, name: str) -> int:
        """How many files define the name."""
        return len(self._defined.get(name, _NONE))

    def with_stem(self, stem: str) -> frozenset[str] | set[str]:
        """The files called `stem` and an ending."""
        return self._stems.get(stem, _NONE)

    def in_folder(self, folder: str) -> frozenset[str] | set[str]:
        """The files directly in a folder (relative, without `/` at its end; "": the workspace)."""
        return self._folders.get(folder, _NONE)

    def folders(self) -> Iterable[str]:
        """The folders with files directly in them."""
        return self._folders.keys()

    def in_package(self, package: str) -> frozenset[str] | set[str]:
        """The files that say they belong to a package."""
        return self._packages.get(package, _NONE)

    def _keys(self, entry: Entry) -> Iterator[tuple[dict[str, set[str]], str]]:
        folder, _, file = entry.path.rpartition("/")
        yield self._folders, folder
        yield self._stems, file.partition(".")[0]
        if entry.package:
            yield self._packages, entry.package
        for name in {each.name for each in entry.definitions}:
            yield self._defined, name
        for name in {each.name for each in entry.calls}:
            yield self._called, name
