"""Holds the engine: opened at the first question, in a thread, and again when the settings that choose it change.

A failure is not kept: the next question tries again, so that a model pulled meanwhile is found. Knows no protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from ..code.threads import in_thread
from ..engine import Engine, EngineError
from ..engine.choose import open_engine, open_ledger
from ..engine.remembered import Remembered
from ..settings import Folders, Settings

CHOOSING = ("backend", "model", "script", "remote", "local", "cache", "stats")
"""The settings that another engine answers to."""


class Opening:
    """The engine that the settings name."""

    def __init__(self, settings: Settings, folders: Folders, spawn: Callable[..., object]) -> None:
        self.now: Engine | None = None  # open already; None: not yet, or it could not be
        self.ledger = open_ledger(settings, folders)
        self.last_error = ""  # why the last try failed; empty after a success
        self._settings = settings
        self._folders = folders
        self._spawn = spawn  # runs a coroutine in the background
        self._trying: asyncio.Future[Engine] | None = None

    async def get(self) -> Engine:
        """The engine. Raises `EngineError`."""
        if self.now is not None:
            return self.now
        if self._trying is None or self._trying.done():
            self._trying = asyncio.ensure_future(self._open(self._settings))
            self._trying.add_done_callback(lambda tried: tried.cancelled() or tried.exception())  # told to who waits
        return await asyncio.shield(self._trying)

    async def warm(self) -> None:
        """Open it before it is needed; what fails is told to the one who asks first."""
        with contextlib.suppress(EngineError):
            engine = await self.get()
            if isinstance(engine, Remembered):
                engine.open()

    def choose(self, settings: Settings) -> None:
        """Follow changed settings; work that runs on the old engine ends on it."""
        if all(getattr(settings, name) == getattr(self._settings, name) for name in CHOOSING):
            self._settings = settings
            return
        self._settings, old, self.now, self._trying = settings, self.now, None, None
        self.last_error = ""
        self.ledger = open_ledger(settings, self._folders)
        if old is not None:
            self._spawn(old.close())

    async def _open(self, settings: Settings) -> Engine:
        try:
            engine = await in_thread(open_engine, settings, self._folders, self.ledger)
        except EngineError as error:
            self.last_error = str(error)
            raise
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            self.last_error = f"the engine could not be opened: {place}{error.strerror or error}"
            raise EngineError(self.last_error) from error
        if settings == self._settings:
            self.now, self.last_error = engine, ""
        return engine

    async def close(self) -> None:
        """Let go of the engine."""
        engine, self.now = self.now, None
        if engine is not None:
            with contextlib.suppress(EngineError, OSError):
                await engine.close()
