"""Which questions go to a worker together, and in which order they are given out. Asks nobody.

The order is that of `gloss`: what is called comes before what calls it, so that work that is cut off has explained what
the rest leans on. No question depends on the answer to another one (a definition is shown the *code* that it calls),
so nobody waits for a level to be over: where its last portions still run, those of the next one begin.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count

from ..action.gloss import Part, Place, targets
from ..action.order import levels
from ..action.target import Target
from ..action.workspaces import Workspaces
from . import Portion

DEFINITIONS = 16
"""In a portion, at most: this much is lost when its worker is. Their file is read once for all of them."""


def leveled(parts: Sequence[Part]) -> list[list[Part]]:
    """The files of a survey by levels: those of a level call into earlier ones, or go in a circle."""
    by_path = {part.source.path: part for part in parts}
    leans = {path: [place[0] for place in part.links.values()] for path, part in by_path.items()}
    return [[by_path[path] for path in level] for level in levels(by_path, leans)]


def portions(
    parts: Sequence[Part], places: Collection[Place], around: Workspaces, *, most: int = DEFINITIONS
) -> Iterator[Portion]:
    """`places` in portions of at most `most`, level by level. What is not taken is not read either. Blocks."""
    wanted = set(places)
    numbers = count()
    for level in leveled(parts):
        for part in level:
            if not any(place in wanted for place, _ in part.places()):
                continue
            found = [(place[1], target) for place, target in targets(part, around, wanted)]
            for at in range(0, len(found), most):
                yield _portion(next(numbers), part, found[at : at + most])


def _portion(number: int, part: Part, found: Sequence[tuple[int, Target]]) -> Portion:
    source = part.source
    return Portion(
        number,
        source.path,
        str(source.place),
        source.text,
        source.language.id,
        tuple(start for start, _ in found),
        {start: target.beyond for start, target in found if target.beyond},
    )
