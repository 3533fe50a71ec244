"""Three ways to ask the same model on the same machine: llama-cpp-python's high-level class, a native llama-server, ours.

Each runs in a process of its own, whose CPU time is read from the outside; each streams, so that the first word is timed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from . import prompts

CONTEXT = 8192


@dataclass(frozen=True)
class Timing:
    """One answer: seconds to the first word, seconds in all, CPU seconds, tokens of prompt evaluated and of answer."""

    first: float
    total: float
    cpu: float
    computed: int
    written: int
    text: str = ""

    @property
    def rate(self) -> float:
        """Answer tokens per second after the first."""
        return (self.written - 1) / (self.total - self.first) if self.written > 1 and self.total > self.first else 0.0


class System:
    """What is measured. `name` stands in the tables."""

    name = ""
    process: psutil.Process

    def ask(self, file: str, task: str, *, tokens: int = 24, draft: str = "") -> Timing:
        """Ask `task` about `file`, greedy, at most `tokens` tokens."""
        raise NotImplementedError

    def start(self) -> None:
        """Load the model; not timed."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the process."""
        raise NotImplementedError

    def restart(self) -> None:
        """As after a reboot."""
        self.stop()
        self.start()

    def cpu(self) -> float:
        """CPU seconds of the process so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


class HighLevel(System):
    """(a) `llama_cpp.Llama` with its defaults and task-first prompts."""

    name = "Llama class"

    def __init__(self, model: Path) -> None:
        self.model = model

    def start(self) -> None:
        command = [sys.executable, "-m", "bench.high_level", str(self.model), str(CONTEXT)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process = psutil.Process(self.child.pid)
        self._read()

    def stop(self) -> None:
        self.child.kill()
        self.child.wait()

    def _read(self) -> Any:
        assert self.child.stdout is not None
        return json.loads(self.child.stdout.readline())

    def ask(self, file: str, task: str, *, tokens: int = 24, draft: str = "") -> Timing:
        assert self.child.stdin is not None
        cpu = self.cpu()
        self.child.stdin.write(json.dumps({"prompt": prompts.task_first(file, task), "tokens": tokens}) + "\n")
        self.child.stdin.flush()
        found = self._read()
        return Timing(found["first"], found["total"], self.cpu() - cpu, found["prompt"], found["written"], found["text"])


class Server(System):
    """(b) a natively built llama-server: `cache_prompt`, four slots, file-first prompts."""

    def __init__(self, model: Path, binary: Path, *flags: str, name: str = "llama-server") -> None:
        self.model, self.binary, self.flags, self.name = model, binary, flags, name

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [str(self.binary), "-m", str(self.model), "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["-c", str(4 * CONTEXT), "-np", "4", "-t", str(psutil.cpu_count()), "--no-webui", *self.flags]
        environment = {"OMP_WAIT_POLICY": "passive", "PATH": "/usr/bin:/bin"}
        self.child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        self.process = psutil.Process(self.child.pid)
        for _ in range(600):
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:  # noqa: S310
                    if answer.status == 200:
                        return
            time.sleep(0.1)
        raise RuntimeError(f"{self.binary} did not start")

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait()

    def _lines(self, prompt: str, tokens: int) -> Iterator[dict[str, Any]]:
        body = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "stream": True, "cache_prompt": True}
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"http://127.0.0.1:{self.port}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def ask(self, file: str, task: str, *, tokens: int = 24, draft: str = "") -> Timing:
        cpu, began, first, text, last = self.cpu(), time.perf_counter(), 0.0, "", {}
        for event in self._lines(prompts.file_first(file, task), tokens):
            first = first or time.perf_counter() - began
            text += event.get("content", "")
            last = event
        timings = last.get("timings", {})
        total = time.perf_counter() - began
        return Timing(first, total, self.cpu() - cpu, timings["prompt_n"], timings["predicted_n"], text)


class Ours(System):
    """The engine process of this project, as the language server uses it. Remembered answers are off: they cost nothing."""

    name = "Glossator"

    def __init__(self, model: Path, home: Path | None = None) -> None:
        self.model = model
        self.home = home or Path(tempfile.mkdtemp(prefix="glossator-bench-"))
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def start(self) -> None:
        from glossator.engine import Message, Request
        from glossator.engine.client import SharedEngine
        from glossator.models import store

        card, path = store.resolve(str(self.model), self.home / "models")
        self.engine = SharedEngine(
            card,
            path,
            store.digest(path),
            runtime=self.home / "run",
            logs=self.home / "logs",
            states=self.home / "states",
            context=CONTEXT,
            idle_seconds=0,
        )
        self._wait(self._answer(Request((Message("user", "Hi"),), max_tokens=1)))
        pid = self.engine.status().pid
        assert pid is not None
        self.process = psutil.Process(pid)

    def stop(self) -> None:
        self._wait(self.engine.close())
        with contextlib.suppress(psutil.Error):
            self.process.wait(30)

    def ask(self, file: str, task: str, *, tokens: int = 24, draft: str = "") -> Timing:
        from glossator.engine import Message, Request

        messages = (Message("system", prompts.SYSTEM), Message("user", f"\n\n{task}", stable=file))
        cpu = self.cpu()
        first, total, done, text = self._wait(self._answer(Request(messages, max_tokens=tokens, draft=draft)))
        usage = done.usage
        return Timing(
            first, total, self.cpu() - cpu, usage.prompt_tokens - usage.reused_tokens, usage.answer_tokens, text
        )

    def cancel_inside(self, file: str, task: str, after: float) -> float:
        """Seconds from dropping a request `after` seconds into its prefill to the engine being idle for the next."""
        from glossator.engine import Message, Request

        messages = (Message("system", prompts.SYSTEM), Message("user", f"\n\n{task}", stable=file))

        async def drop() -> float:
            work = asyncio.ensure_future(self._answer(Request(messages, max_tokens=4)))
            await asyncio.sleep(after)
            work.cancel()
            began = time.perf_counter()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            await self._answer(Request((Message("user", "Hi"),), max_tokens=1))
            return time.perf_counter() - began

        return float(self._wait(drop()))

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(600)

    async def _answer(self, request: Any) -> tuple[float, float, Any, str]:
        from glossator.engine import Finished, Text

        began, first, text, done = time.perf_counter(), 0.0, "", None
        async with contextlib.aclosing(self.engine.stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Text):
                    first = first or time.perf_counter() - began
                    text += chunk.text
                elif isinstance(chunk, Finished):
                    done = chunk
        return first, time.perf_counter() - began, done, text
