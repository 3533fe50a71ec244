"""Work for quiet moments: read the file that is open, explain what is near the cursor. Ended at once by anything else.

It may use a share of the processor and no more, so that no fan spins for answers that nobody may want; on battery it
only reads. What is computed is remembered like any other answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import psutil
from lsprotocol import types

from ..action import prefetch
from ..action.allowance import PAUSE_SECONDS, Allowance
from ..action.target import target_at
from ..engine import EngineError
from . import convert
from .hover import ACTION
from .paths import path_of

if TYPE_CHECKING:
    from .server import Server

QUIET_SECONDS = 2.0  # without a keystroke or a question before anything begins


class Idle:
    """Follows what the user does and uses the pauses."""

    def __init__(self, ls: Server) -> None:
        self._ls = ls
        self._where: tuple[str, int, int] | None = None  # document, line, character of the last interest
        self._task: asyncio.Task[None] | None = None
        self._allowance = Allowance(lambda: ls.settings.prefetch.cpu_seconds)
        self._doing = ""

    def touched(self, uri: str, line: int = -1, character: int = 0) -> None:
        """The user did something in a document; what was begun ends, and a new pause is waited for."""
        if line < 0 and self._where is not None and self._where[0] == uri:
            line, character = self._where[1:]
        self._where = uri, max(0, line), character
        self.stop()
        if self._ls.settings.prefetch.mode != "off" and self._ls.settings.backend == "local":
            self._task = self._ls.spawn(self._wait())

    def stop(self) -> None:
        """End what was begun; the engine stops within a token or a part of a prefill, and keeps what it has read."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def state(self) -> dict[str, Any]:
        """For the status: what it does, and the CPU seconds of the last minute of those that it may use."""
        return {
            "doing": self._doing,
            "cpuSeconds": round(self._allowance.used(), 1),
            "ofCpuSeconds": self._ls.settings.prefetch.cpu_seconds,
            "explains": self._explains(),
        }

    async def _wait(self) -> None:
        await asyncio.sleep(QUIET_SECONDS)
        while self._ls.jobs.running():  # noqa: ASYNC110 - minutes may pass, and a pause is what is wanted
            await asyncio.sleep(PAUSE_SECONDS)
        await self._allowance.wait()
        try:
            with contextlib.suppress(EngineError):  # told to the one who asks; idle work has nobody to tell
                await self._work()
        finally:
            self._doing = ""

    async def _work(self) -> None:
        ls = self._ls
        if self._where is None or (snapshot := ls.current(self._where[0])) is None:
            return
        action = ls.actions.get(ACTION)
        tree = await ls.trees.of(snapshot)
        if action is None or tree is None or await ls.indexes.leaves_out(snapshot.uri):
            return
        action = action.brief(ls.settings.hover.max_tokens)
        engine = await ls.opening.get()
        path = path_of(snapshot.uri)
        place = types.Position(self._where[1], self._where[2])
        offset = convert.offset(snapshot, place, ls.documents.encoding)
        whole = target_at(snapshot.text, path, language_id=snapshot.language_id, tree=tree, offset=offset)
        await prefetch.quiet(
            action,
            whole,
            engine,
            self._allowance,
            offset=offset,
            explains=self._explains() and ls.settings.hover.enabled,
            complete=ls.indexes.completed,
            say=self._say,
        )

    def _say(self, doing: str) -> None:
        self._doing = doing

    def _explains(self) -> bool:
        """Whether explanations are made that nobody asked for: with `auto` on mains power only."""
        mode = self._ls.settings.prefetch.mode
        return mode == "explain" or (mode == "auto" and mains())


def mains() -> bool:
    """Whether the machine runs on mains power; one without a battery does."""
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError):  # not every system tells
        return True
    return battery is None or battery.power_plugged is not False
