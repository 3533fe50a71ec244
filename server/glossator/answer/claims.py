"""What one sentence of an explanation says about a definition, against what its syntax tree knows.

Only plain contradictions count: a sentence that is denied, hedged, about something else, or true of a part is none. A
wrong word that stays is a smaller harm than a right one that is taken away, so that the rules are few. Knows English
alone; a sentence in another language makes no claim here.
"""

from __future__ import annotations

from collections.abc import Callable

from . import claims_nature as nature
from . import claims_results as results
from .claim import DENIED, About, Contradiction
from .invented import invented

__all__ = ["About", "Contradiction", "contradiction"]

_OF_ANY: tuple[Callable[[str, About], Contradiction | None], ...] = (results.raises,)
_OF_FUNCTIONS = (
    results.raises,
    results.never_raises,
    results.gives_nothing,
    results.gives_something,
    nature.calls_itself,
    nature.is_asynchronous,
    nature.is_generator,
    nature.takes,
    nature.is_decorated,
)
_LONGEST = 600
"""Letters of a sentence; what is longer is no sentence, and would take long to read."""


def contradiction(sentence: str, about: About) -> Contradiction | None:
    """The first plain contradiction in a sentence, or None. Of a selection only the names are known."""
    if len(sentence) > _LONGEST:
        return None
    function = about.facts.kind in {"function", "method"}
    for rule in _OF_FUNCTIONS if function else _OF_ANY if about.facts.kind != "selection" else ():
        if found := rule(sentence, about):
            return found
    name = "" if DENIED.search(sentence) else invented(sentence, about)
    return Contradiction(0, f"there is no `{name}` here") if name else None
