"""What a user would run instead of Glossator: llama-cpp-python's high-level class, and a llama-server built natively.

Each runs in a process of its own, whose CPU time is read from the outside; each streams, so that the first word is
timed. Knows prompts only as text.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from . import prompts

CONTEXT = 8192
SLOTS = 4
START_SECONDS = 120.0


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
    """What is measured. `name` stands in the tables, `setting` says how it was started."""

    name = ""
    setting = ""
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

    def memory(self) -> float:
        """Resident memory in MiB, the mapped weights included."""
        return float(self.process.memory_info().rss) / (1 << 20)


class HighLevel(System):
    """(a) `llama_cpp.Llama` with its defaults and task-first prompts."""

    name = "Llama class"
    setting = f"defaults, n_ctx={CONTEXT}"

    def __init__(self, model: Path) -> None:
        self.model = model

    def start(self) -> None:
        command = [sys.executable, "-m", "bench.high_level", str(self.model), str(CONTEXT)]
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.process = psutil.Process(self.child.pid)
        self._read()

    def stop(self) -> None:
        self.child.kill()
        self.child.wait()

    def ask(self, file: str, task: str, *, tokens: int = 24, draft: str = "") -> Timing:
        return self.complete(prompts.task_first(file, task), tokens)

    def complete(self, prompt: str, tokens: int, stop: Sequence[str] = ()) -> Timing:
        """Continue `prompt` as it is."""
        assert self.child.stdin is not None
        cpu = self.cpu()
        self.child.stdin.write(json.dumps({"prompt": prompt, "tokens": tokens, "stop": list(stop)}) + "\n")
        self.child.stdin.flush()
        found = self._read()
        return Timing(
            found["first"], found["total"], self.cpu() - cpu, found["computed"], found["written"], found["text"]
        )

    def _read(self) -> Any:
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"the high-level class ended with status {self.child.wait()}")
        return json.loads(line)


class Server(System):
    """(b) a natively built llama-server: `cache_prompt`, four slots, file-first prompts.

    `spins`: OpenMP's threads wait by spinning (the default), which is faster on a quiet machine and slower on another.
    """

    name = "llama-server"

    def __init__(self, model: Path, binary: Path, *flags: str, threads: int = 0, spins: bool = False) -> None:
        self.model, self.binary, self.flags, self.spins = model, binary, flags, spins
        self.threads = threads or psutil.cpu_count(logical=False) or 1
        self.setting = " ".join([*flags, f"-t {self.threads}", *([] if spins else ["OMP_WAIT_POLICY=passive"])])

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [str(self.binary), "-m", str(self.model), "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["-c", str(SLOTS * CONTEXT), "-np", str(SLOTS), "-t", str(self.threads), "--no-webui", *self.flags]
        environment = dict(os.environ) | ({} if self.spins else {"OMP_WAIT_POLICY": "passive"})
        self.child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        self.process = psutil.Process(self.child.pid)
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit and self.child.poll() is None:
            if self._healthy():
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"{' '.join(command)} did not start")

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait()

    def ask(self, file: str, task: str, *, tokens: int = 24, draft: str = "") -> Timing:
        return self.complete(prompts.file_first(file, task), tokens)

    def complete(self, prompt: str, tokens: int, stop: Sequence[str] = ()) -> Timing:
        """Continue `prompt` as it is."""
        cpu, began, first, text, last = self.cpu(), time.perf_counter(), 0.0, "", {}
        for event in self._events(prompt, tokens, stop):
            first = first or time.perf_counter() - began
            text += event.get("content", "")
            last = event
        total = time.perf_counter() - began
        if "timings" not in last:
            raise RuntimeError(f"llama-server gave no whole answer: {str(last)[:200]}")
        timings = last["timings"]
        return Timing(first, total, self.cpu() - cpu, timings["prompt_n"], timings["predicted_n"], text)

    def _events(self, prompt: str, tokens: int, stop: Sequence[str]) -> Iterator[dict[str, Any]]:
        body = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "stop": list(stop)}
        body |= {"stream": True, "cache_prompt": True}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        with contextlib.closing(connection):
            connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
            for line in connection.getresponse():
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        return False
