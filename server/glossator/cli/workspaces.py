"""The index of the workspace that a file belongs to, for one command: from disk, brought up to date, kept again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from ..action.target import Target
from ..action.workspace import Workspace, root_of
from ..settings import Settings, folders
from . import present

_SILENT_SECONDS = 1.5


def completed(targets: Sequence[Target], settings: Settings) -> list[Target]:
    """The parts of one file with what matters for them in others; as they are without a workspace, or switched off."""
    enabled = settings.index.enabled and targets and targets[0].tree is not None
    root = root_of(Path(targets[0].path)) if enabled else None
    if root is None:
        return list(targets)
    workspace = Workspace(root, folders().cache / "index")
    late = threading.Timer(_SILENT_SECONDS, present.note, [f"reading {root} once …"])
    late.daemon = True
    late.start()
    try:
        workspace.open()
        workspace.refresh()
        return [workspace.completed(target) for target in targets]
    finally:
        late.cancel()
        workspace.close()
