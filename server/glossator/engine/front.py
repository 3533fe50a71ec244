"""What stands in front of an engine and leaves to it all but the answering."""

from __future__ import annotations

from collections.abc import Sequence

from . import Engine, EngineStatus, ModelInfo


class Front:
    """The part of an `Engine` that another one does; `stream` is for those who derive from it. Closing it ends nothing:
    the other engine stays open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def count(self, texts: Sequence[str]) -> list[int]:
        """The other engine's count."""
        return await self._engine.count(texts)

    def model(self) -> ModelInfo:
        """The other engine's model."""
        return self._engine.model()

    def status(self) -> EngineStatus:
        """The other engine's."""
        return self._engine.status()

    async def close(self) -> None:
        """Nothing is held."""
