"""Which remembered answers are about the definitions of some files: those that asking about each would find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..engine import Finished, Request
from ..engine.alone import Nobody
from ..engine.remembered import Remembered
from . import Action, gloss
from .run import recall
from .sources import SourceFile
from .workspaces import Workspaces


class _Noting(Nobody):
    """What is remembered, with nobody behind it; notes the keys of what was found."""

    def __init__(self, engine: Remembered) -> None:
        super().__init__(engine)
        self._remembered = engine
        self.keys: set[str] = set()

    def recall(self, request: Request) -> tuple[str, Finished] | None:
        """As the engine behind it."""
        found = self._remembered.recall(request)
        if found is not None:
            self.keys.add(request.key(self.model().digest))
        return found


def keys(
    files: Sequence[SourceFile], actions: Iterable[Action], engine: Remembered, around: Workspaces
) -> frozenset[str]:
    """The keys of the answers that `actions` find for the definitions of `files`, tries that were refused included.

    What was asked with words of a person's own, about a diagnostic or about a selection is not found so. Blocks.
    """
    noting = _Noting(engine)
    wanted = [action for action in actions if not action.needs_instruction]
    for part in gloss.survey(files, around):
        for _, target in gloss.targets(part, around):
            for action in wanted:
                recall(action, target, noting)
    return frozenset(noting.keys)
