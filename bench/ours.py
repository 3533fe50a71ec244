"""Glossator's engine process as the language server uses it, seen through the same questions as the other systems.

Opened with the product's defaults but for folders of its own and a context window like the others'. Remembered answers
are off here: they cost nothing and would say nothing of the engine. `bench.session` has them on.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
import time
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import psutil

from glossator.engine import Finished, Message, Reading, Request, Sampling, Text
from glossator.engine.choose import open_engine
from glossator.settings import Cache, Local, Settings, folders

from . import prompts
from .systems import CONTEXT, System, Timing

Found = TypeVar("Found")
GREEDY = Sampling(temperature=0)
ANSWER_SECONDS = 900.0
PREPARE_SECONDS = 60.0


class Ours(System):
    """One engine process. `home` holds its folders: KV states until `remove`, and what `prepare` measured."""

    name = "Glossator"
    setting = "defaults, KV states on disk"

    def __init__(self, model: str, home: Path, *, remember: bool = False) -> None:
        self.settings = Settings(
            model=model, local=Local(context=CONTEXT, idle_seconds=0), cache=Cache(enabled=remember)
        )
        self.folders = replace(folders(), cache=home / "cache", runtime=home / "run", logs=home / "logs")
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="bench-loop", daemon=True).start()

    def start(self) -> None:
        self.engine = open_engine(self.settings, self.folders)
        unknown = Message("user", f"Hi {uuid.uuid4().hex}")  # a remembered answer would start no engine
        self.wait(self._answer(Request((unknown,), max_tokens=1)))
        pid = self.engine.status().pid
        assert pid is not None
        self.process = psutil.Process(pid)

    def prepare(self) -> bool:
        """Let the engine measure this machine, as it does in its first pauses; False: it has not within the time."""
        self.start()
        limit = time.monotonic() + PREPARE_SECONDS
        while not (known := self._measured()) and time.monotonic() < limit:
            time.sleep(0.2)
        self.stop()
        self.remove()
        return known

    def stop(self) -> None:
        pid = self.engine.status().pid
        self.wait(self.engine.close())
        with contextlib.suppress(psutil.Error, ValueError):
            psutil.Process(pid or 0).wait(30)

    def _measured(self) -> bool:
        told = self.engine.model()
        return told.prefill_rate > 0 and told.decode_rate > 0

    def remove(self) -> None:
        """Throw away the states and the answers that were kept."""
        for name in ("states", "answers"):
            shutil.rmtree(self.folders.cache / name, ignore_errors=True)

    def ask(self, file: str, task: str, *, tokens: int = 24, draft: str = "") -> Timing:
        cpu = self.cpu()
        first, total, done, text = self.wait(self._answer(question(file, task, tokens, draft)))
        used = done.usage
        computed = used.prompt_tokens - used.reused_tokens
        return Timing(first, total, self.cpu() - cpu, computed, used.answer_tokens, text)

    def stop_inside(self, file: str, task: str, after: float) -> tuple[float, float]:
        """Drop a request `after` seconds into its prefill and ask another at once.

        Returns the seconds until the engine works on the other, and until that one's answer of one token is there.
        """

        async def drop() -> tuple[float, float]:
            work = asyncio.ensure_future(self._answer(question(file, task, 4)))
            await asyncio.sleep(after)
            assert not work.done(), "the prefill was over before it could be stopped"
            began, free = time.perf_counter(), 0.0
            work.cancel()
            async with contextlib.aclosing(self.engine.stream(question("", "Hi", 1))) as chunks:
                async for chunk in chunks:
                    if isinstance(chunk, Reading | Text):
                        free = free or time.perf_counter() - began
            with contextlib.suppress(asyncio.CancelledError):
                await work
            return free, time.perf_counter() - began

        return self.wait(drop())

    def wait(self, work: Coroutine[Any, Any, Found]) -> Found:
        """The result of `work`, done in the engine's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(ANSWER_SECONDS)

    async def _answer(self, request: Request) -> tuple[float, float, Finished, str]:
        began, first, text, done = time.perf_counter(), 0.0, "", None
        async with contextlib.aclosing(self.engine.stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Text):
                    first = first or time.perf_counter() - began
                    text += chunk.text
                elif isinstance(chunk, Finished):
                    done = chunk
        assert done is not None, "an answer without an end"
        total = time.perf_counter() - began
        return first or total, total, done, text


def question(file: str, task: str, tokens: int, draft: str = "") -> Request:
    """The request that means the same as the other systems' file-first prompt."""
    stable, text = (file, f"\n\n{task}") if file else ("", task)
    messages = (Message("system", prompts.SYSTEM), Message("user", text, stable=stable))
    return Request(messages, max_tokens=tokens, draft=draft, sampling=GREEDY)
