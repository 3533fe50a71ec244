"""A command of the user's, run in a sandbox on their workspace with one file as it would be: how it ended.

Runs something only for a user who named the command; what it is for is not known here. Linux namespaces keep it in,
made anew for each run (`sandbox_child`): the workspace is there, and what is written into it is thrown away; of the
rest of the machine there is what `sandbox_view` names, to read; there is no network, no other process, and of the
environment the search path alone. Where Linux cannot do so nothing is run. When it is over nothing is left of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .quoted import quoted
from .sandbox_calls import call_filter
from .sandbox_view import view_for

State = Literal["passed", "failed", "over a limit", "not run"]

CHILD = Path(__file__).with_name("sandbox_child.py")
WALLS = ("namespaces", "system call filter")
_GRACE = 5.0  # seconds that the child has for making the sandbox, and for ending it
_REPORT_BYTES = 1 << 16
_OUTPUT_BYTES = 16 << 10  # kept of the end of what is printed
_FLOOD_BYTES = 64 << 20  # printed by no tests


@dataclass(frozen=True, slots=True)
class Limits:
    """What all processes of the command together may use.

    Attributes:
        seconds: Wall time.
        cpu_seconds: Processor time.
        memory: Bytes, resident; also of data, for each process.
        processes: How many at once.
        written: Bytes of files, in the workspace and elsewhere each.
        nice: What is added to their niceness: the user's editor goes first.
    """

    seconds: float = 60.0
    cpu_seconds: float = 120.0
    memory: int = 2 << 30
    processes: int = 256
    written: int = 256 << 20
    nice: int = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where it runs, and what of it is another text.

    Attributes:
        workspace: The folder that the command is started in.
        file: The file in it that the command sees with `text` in it, relative to `workspace`; None: all as it is.
        text: That text.
    """

    workspace: Path
    file: Path | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended.

    Attributes:
        state: `passed` (its exit status was 0), `failed`, `over a limit`, `not run`.
        status: Its exit status; of a signal the number, negative.
        limit: Which limit: `time`, `processor time`, `memory`, `processes` or `output`; else "".
        message: Why it was not run.
        output: The end of what it printed.
        seconds: Wall time.
        cpu_seconds: Processor time.
        layered: Whether the command could write into its view of the workspace.
    """

    state: State
    status: int = 0
    limit: str = ""
    message: str = ""
    output: str = field(default="", repr=False)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    layered: bool = False

    @property
    def passed(self) -> bool:
        """Whether the command went well."""
        return self.state == "passed"

    @property
    def last_line(self) -> str:
        """The last line of what it printed that is not empty, short and harmless."""
        rows = (quoted(row, 160) for row in reversed(self.output.splitlines()))
        return next((row for row in rows if row), "")


async def run(
    command: Sequence[str],
    place: Place,
    limits: Limits | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
) -> Ended:
    """Run `command` in `place.workspace`. Of `environment` it sees PATH, HOME and the language. Raises nothing.

    Waits at most about `limits.seconds`; when this is cancelled the command is ended.
    """
    most = limits or Limits()
    program = call_filter(platform.machine())
    if sys.platform != "linux" or not program:
        return Ended("not run", message="commands can be run in a sandbox on Linux only (x86-64 and ARM)")
    began = time.monotonic()
    try:
        asked = await asyncio.to_thread(_asked, command, place, most, environment, program)
        return await _ended(asked, began, most)
    except (OSError, ValueError, RuntimeError) as error:
        return Ended("not run", message=quoted(str(error)))


def _asked(
    command: Sequence[str], place: Place, limits: Limits, environment: Mapping[str, str], program: bytes
) -> bytes:
    """What the child is told. Raises `OSError`, and `ValueError` for what is not to be run there."""
    workspace = place.workspace.resolve(strict=True)
    home = environment.get("HOME") or "/tmp"  # noqa: S108 - it is the sandbox's own
    if workspace == Path(workspace.anchor) or Path(home).resolve().is_relative_to(workspace):
        raise ValueError(f"{workspace} is no workspace: it holds a home")
    file = ""
    if place.file is not None:
        real = (workspace / place.file).resolve(strict=True)
        if not real.is_relative_to(workspace) or not real.is_file():
            raise ValueError(f"{place.file} lies outside of the workspace")
        file = str(real.relative_to(workspace))
    names = ("LANG", "LC_ALL", "LC_CTYPE")
    view = view_for(command, place.workspace, environment)
    values = {
        "command": list(command),
        "environment": {"PATH": environment.get("PATH", os.defpath), "HOME": home, "LANG": "C.UTF-8"}
        | {name: value for name in names if (value := environment.get(name))},
        "workspace": str(workspace),
        "file": file,
        "text": place.text,
        "home": os.path.realpath(home),
        "folders": view.folders,
        "links": view.links,
        "filter": program.hex(),
        "seconds": limits.seconds,
        "cpu_seconds": int(limits.cpu_seconds),
        "memory": limits.memory,
        "processes": limits.processes,
        "written": limits.written,
        "nice": limits.nice,
    }
    return json.dumps(values).encode()


async def _ended(asked: bytes, began: float, limits: Limits) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-B", "-X", "utf8", str(CHILD)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
        env={},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limits.seconds + 2 * _GRACE):
            output, report, _ = await asyncio.gather(_end(process), _all(process.stderr), _given(process, asked))
            await process.wait()
    except TimeoutError:
        return Ended("over a limit", limit="time", seconds=time.monotonic() - began)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # the kernel ends what is in the sandbox with it
        await asyncio.shield(_gone(process))
    seconds = time.monotonic() - began
    if output is None:
        return Ended("over a limit", limit="output", seconds=seconds)
    return _told(report, output.decode("utf-8", "replace"), seconds)


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Wait until nobody is left who could print anything: until the last process of the sandbox has ended."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            for stream in (process.stdout, process.stderr):
                while stream is not None and await stream.read(1 << 16):
                    pass
            await process.wait()


async def _given(process: asyncio.subprocess.Process, asked: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(ConnectionError):
        process.stdin.write(asked)
        await process.stdin.drain()
    process.stdin.close()


async def _end(process: asyncio.subprocess.Process) -> bytes | None:
    """The last of what is printed; None for a flood, which is ended with what brings it.

    It is read to its end all the same: asyncio does not see a process end whose output waits to be read.
    """
    kept, count = b"", 0
    while process.stdout is not None and (piece := await process.stdout.read(1 << 16)):
        kept, count = (kept + piece)[-_OUTPUT_BYTES:], count + len(piece)
        if count > _FLOOD_BYTES >= count - len(piece):
            process.kill()
    return None if count > _FLOOD_BYTES else kept


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    """What comes, to a limit."""
    kept = b""
    while stream is not None and (piece := await stream.read(1 << 16)):
        kept = (kept + piece)[:_REPORT_BYTES]
    return kept


def _told(report: bytes, output: str, seconds: float) -> Ended:
    """What the lines of the child come to."""
    found: dict[str, Any] = {}
    for line in report.splitlines():
        with contextlib.suppress(ValueError):
            told = json.loads(line)
            found |= told if isinstance(told, dict) else {}
    layered, cpu = bool(found.get("layered")), float(found.get("cpu", 0.0))
    if "unstarted" in found:
        return Ended("not run", message=f"the command cannot be started: {found['unstarted']}", layered=layered)
    if "failed" in found or "ready" not in found:
        why = quoted(str(found.get("failed", "it did not start")))
        return Ended("not run", message=f"this system makes no sandbox ({why})", seconds=seconds)
    if "limit" in found:
        return Ended("over a limit", 0, found["limit"], "", output, seconds, cpu, layered)
    if "status" not in found:
        return Ended("not run", message="the sandbox ended before the command", seconds=seconds, layered=layered)
    status = int(found["status"])
    return Ended("failed" if status else "passed", status, "", "", output, seconds, cpu, layered)
