"""Questions about many definitions spread over workers, on this machine or on many: what goes to them and comes back.

Workers ask; the one who spreads keeps what they bring. Nothing here knows of Ray but `on_ray`, and nothing that crosses
holds a key: a worker finds its own, in its environment or its keyring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..action import Action
from ..action.gloss import Told
from ..code.piece import Piece
from ..engine import ModelInfo
from ..engine.remembered_answer import Answer
from ..settings import Settings

TRIES = 3
"""How often a portion is given out whose worker dies over it."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker must know once.

    Attributes:
        version: Of this program: another one would ask other questions.
        settings: Which engine, and how; no key, and nothing that a worker does not need.
        action: What is asked.
        info: The model that is meant. Its rates decide how much of a file is shown, so that it does not matter which
            worker asks.
        budget: Tokens of prompt.
    """

    version: str
    settings: Settings
    action: Action
    info: ModelInfo
    budget: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Definitions of one file that one worker is asked about, one after the other.

    Attributes:
        number: Which it is.
        path, place, text, language: The file, as in `SourceFile`; the language by its id.
        starts: Where the definitions' code begins, in the order in which they are asked about.
        beyond: What matters for each in other files, by where it begins: a worker has no index.
    """

    number: int
    path: str
    place: str
    text: str
    language: str
    starts: tuple[int, ...]
    beyond: Mapping[int, tuple[Piece, ...]]


@dataclass(frozen=True, slots=True)
class Brought:
    """What a worker brings of a portion.

    Attributes:
        number: The portion's.
        told: What was told of the definitions, by where they begin.
        failed: Those of which nothing was told, and the engine's trouble with them.
        answers: The model's answers by their keys, those that were refused and asked again included.
    """

    number: int
    told: Mapping[int, Told]
    failed: Mapping[int, str]
    answers: Mapping[str, Answer]


class Spreader(Protocol):
    """Gives portions to workers. Implementations: `on_ray`, and `here` without any."""

    def spread(self, portions: Iterator[Portion]) -> Iterator[Brought]:
        """What the workers bring, in any order. What they could not ask about in `TRIES` tries is not among it. Blocks.

        Raises `EngineError` where there can be no workers.
        """
        ...

    def stop(self) -> None:
        """End it, from any thread; whoever waits in `spread` is not waited for."""
        ...
