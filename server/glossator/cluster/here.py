"""Workers that are none: the portions are asked about here, one after the other. What `on_ray` does, without Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..engine import Engine
from . import TRIES, Brought, Portion, Setup
from .asking import Asker


class WorkerDied(Exception):
    """What `dies` raises in the place of a worker that is killed."""


class Here:
    """A `Spreader`. `opened` opens the engine of a worker; `dies` may end a worker that has got a portion.

    Another worker with another engine then gets that portion, as on a cluster.
    """

    def __init__(
        self,
        setup: Setup,
        opened: Callable[[Setup], Engine],
        dies: Callable[[Portion], None] = lambda portion: None,
    ) -> None:
        self._setup, self._opened, self._dies = setup, opened, dies
        self._stopped = False

    def spread(self, portions: Iterator[Portion]) -> Iterator[Brought]:
        """What was told of each. What a worker died over `TRIES` times is left out."""
        asker = Asker(self._setup, self._opened)
        for portion in portions:
            for _ in range(TRIES):
                if self._stopped:
                    return
                try:
                    brought = asker.asked(portion)
                    self._dies(portion)
                except WorkerDied:
                    asker.close()
                    asker = Asker(self._setup, self._opened)
                else:
                    yield brought
                    break
        asker.close()

    def stop(self) -> None:
        """Nothing more is begun."""
        self._stopped = True
