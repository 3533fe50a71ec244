"""The workspaces of many files: each file has the one that a command about it alone would have, opened when needed.

Everything here may block for as long as a disk does. Knows no editor and no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..code import Span
from ..code.links import links
from ..code.tree import Tree
from .target import Target
from .workspace import Workspace, root_of


class Workspaces:
    """Workspaces by the folder of a file; to be closed."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is where indexes are kept; None: every file stands alone."""
        self._folder = folder
        self._roots: dict[Path, Path | None] = {}
        self._opened: dict[Path, Workspace] = {}

    def of(self, place: Path) -> Workspace | None:
        """The workspace of a file, brought up to date when it is opened; None where it has none."""
        if self._folder is None:
            return None
        if place.parent not in self._roots:
            self._roots[place.parent] = root_of(place)
        root = self._roots[place.parent]
        if root is not None and root not in self._opened:
            self._opened[root] = workspace = Workspace(root, self._folder)
            workspace.open()
            workspace.refresh()
        return self._opened[root] if root is not None else None

    def completed(self, target: Target) -> Target:
        """`target` with what matters for it in other files."""
        workspace = self.of(Path(target.path))
        return workspace.completed(target) if workspace is not None else target

    def links(self, place: Path, tree: Tree) -> Iterator[tuple[Span, Path, int]]:
        """The calls in a file whose definitions are known: where they stand, in which file those are and where."""
        workspace = self.of(place)
        name = workspace.relative(str(place)) if workspace is not None else None
        if workspace is None or name is None:
            yield from ((each.span, place, each.start) for each in links(tree, place.name))
            return
        for each in workspace.links(str(place), tree):
            yield each.span, workspace.root / each.path, each.start

    def close(self) -> None:
        """Keep what is known."""
        for workspace in self._opened.values():
            workspace.close()
