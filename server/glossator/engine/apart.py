"""An engine of a worker's own, beside others of the same model on the same machine.

Nobody else reaches it, it measures nothing and keeps no state on disk: many of them would measure each other, and a
file is read once and not again. What a worker is told holds no key; it finds its own where it runs.
"""

from __future__ import annotations

import atexit
import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from ..settings import Folders, Settings
from . import Chunk, ModelInfo, Request
from .choose import open_apart
from .front import Front
from .private import temporary_folder

_IDLE_SECONDS = 15.0  # an engine whose worker was killed is not to stay for long


def needed(settings: Settings, folders: Folders, info: ModelInfo) -> Settings:
    """What of `settings` a worker needs for an engine of the model `info`, whatever its own machine has been told.

    Raises `ModelError` where the user's choice of a model cannot be read.
    """
    from ..models import store

    local = replace(settings.local, context=info.context, idle_seconds=min(settings.local.idle_seconds, _IDLE_SECONDS))
    return Settings(
        backend=settings.backend,
        model=settings.model or store.chosen(folders.config),
        script=settings.script,
        local=local,
        remote=replace(settings.remote, model=info.name) if settings.backend == "remote" else settings.remote,
    )


class Apart(Front):
    """An `Engine` with a socket in a folder of its own. Closing it gives both back."""

    def __init__(self, settings: Settings, places: Folders) -> None:
        """`settings` as of `needed`; `places` are this machine's. Raises `EngineError`."""
        runtime = temporary_folder("worker")
        self._tidy = partial(shutil.rmtree, runtime, ignore_errors=True)
        atexit.register(self._tidy)  # a worker is ended, as a rule, and not closed
        try:
            super().__init__(open_apart(settings, replace(places, runtime=runtime)))
        except BaseException:
            self._tidy()
            raise

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The engine's answer. Raises what that one raises."""
        async with aclosing(self._engine.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        """Let the engine go; it ends soon afterwards."""
        await self._engine.close()
        self._tidy()
        atexit.unregister(self._tidy)
