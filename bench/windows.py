"""`python -m bench.windows`: four editor windows over the wire. One engine, how much memory, how quick a known hover.

Each window is a `glossator serve` of its own with a file of the standard library open, spoken to as an editor speaks.
Memory is the proportional set size (pages that processes share count once) of all servers and the engine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from . import machine, prompts, tables
from .engine import model_of

FILES = (("bisect", "insort_right"), ("sched", "enterabs"), ("fnmatch", "filter"), ("linecache", "getline"))
HOVERS = 200
WHOLE_SECONDS = 120.0
MOST_MEMORY, MOST_HOVER = 1.2, 10.0  # times one window; milliseconds


class Window:
    """An editor window: one server, one open document."""

    def __init__(self, home: Path, module: str, symbol: str) -> None:
        self.home, self.symbol = home, symbol
        self.text = prompts.library(module)
        self.uri = (home / f"{module}.py").as_uri()
        self.client = LanguageClient("bench", "1")

    async def open(self, model: str) -> None:
        """Start the server and open the file."""
        environment = {**os.environ, "GLOSSATOR_HOME": str(self.home), "GLOSSATOR_ENGINE_IDLE_SECONDS": "0"}
        await self.client.start_io(sys.executable, "-P", "-m", "glossator", "serve", env=environment)
        await self.client.initialize_async(
            types.InitializeParams(
                process_id=os.getpid(),
                capabilities=types.ClientCapabilities(),
                initialization_options={
                    "model": model,
                    "hover": {"waitMs": round(WHOLE_SECONDS * 1000)},
                    "prefetch": {"mode": "off"},
                },
            )
        )
        self.client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(uri=self.uri, language_id="python", version=1, text=self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    async def close(self) -> None:
        """As an editor that is closed."""
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    async def hover(self) -> tuple[str, float]:
        """The text, and the milliseconds until it was there."""
        row, column = self._place()
        asked = types.HoverParams(types.TextDocumentIdentifier(self.uri), types.Position(row, column))
        began = time.perf_counter()
        found = await self.client.text_document_hover_async(asked)
        took = 1000 * (time.perf_counter() - began)
        assert found is not None and isinstance(found.contents, types.MarkupContent)
        return found.contents.value, took

    async def run(self, action: str, words: str) -> None:
        """Start a job; returns at once."""
        row, column = self._place()
        argument = {
            "action": action,
            "uri": self.uri,
            "position": {"line": row, "character": column},
            "instruction": words,
        }
        await self.client.workspace_execute_command_async(types.ExecuteCommandParams("glossator.run", [argument]))

    async def engine(self) -> Any:
        """What `glossator/status` says of the engine; its fields are attributes."""
        return (await self.client.protocol.send_request_async("glossator/status", {})).engine

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self.client._server is not None
        return int(self.client._server.pid)

    def _place(self) -> tuple[int, int]:
        before = self.text[: self.text.index(f"def {self.symbol}(") + 4]
        return before.count("\n"), len(before) - before.rfind("\n") - 1


def mebibytes(pids: Sequence[int]) -> float:
    """Proportional memory of these processes (resident, where the system does not tell)."""
    sizes = []
    for pid in pids:
        info = psutil.Process(pid).memory_full_info()
        sizes.append(getattr(info, "pss", info.rss))
    return sum(sizes) / (1 << 20)


async def measure(model: str, home: Path, hovers: int) -> dict[str, Any]:
    """Everything, for the JSON file."""
    windows = [Window(home, module, symbol) for module, symbol in FILES]
    found: dict[str, Any] = {"windows": []}
    engines: set[int] = set()
    for number, window in enumerate(windows):
        await window.open(model)
        text, took = await window.hover()
        assert "No explanation" not in text and "unfinished" not in text, text
        engines.add((await window.engine()).pid)
        servers = [each.pid for each in windows[: number + 1]]
        memory = mebibytes(servers), mebibytes(list(engines))
        found["windows"].append({"servers": memory[0], "engine": memory[1], "engines": len(engines)})
        print(
            f"{number + 1} windows: {len(engines)} engine, {memory[0]:.0f} + {memory[1]:.0f} MiB; "
            f"first hover {took:.0f} ms",
            file=sys.stderr,
        )
    for when in ("idle", "busy"):
        times = []
        if when == "busy":
            await windows[1].run("ask", "Explain at great length how every line of this works.")
            await asyncio.sleep(1)
        for _ in range(hovers):
            if when == "busy" and (await windows[1].engine()).state != "busy":
                break
            times.append((await windows[0].hover())[1])
        found[when] = times
        print(f"{len(times)} known hovers, engine {when}", file=sys.stderr)
    for window in windows:
        await window.close()
    return found


def report(found: dict[str, Any]) -> str:
    """What was measured, in sentences with the goals."""
    sums = [each["servers"] + each["engine"] for each in found["windows"]]
    ratio = sums[-1] / sums[0]
    rows = [
        f"{found['model']}. {machine.headline(found['machine'])}.",
        "",
        f"- {len(sums)} windows use {found['windows'][-1]['engines']} engine; their memory is {sums[-1]:.0f} MiB "
        f"beside {sums[0]:.0f} MiB for one window: ×{ratio:.2f} (goal ≤ {MOST_MEMORY}: "
        f"{'met' if ratio <= MOST_MEMORY else 'not met'}).",
    ]
    for when in ("idle", "busy"):
        p50, p95 = (tables.percentile(found[when], share) for share in (0.5, 0.95))
        goal = f" (goal ≤ {MOST_HOVER:g} ms: {'met' if p95 <= MOST_HOVER else 'not met'})" if when == "busy" else ""
        rows.append(
            f"- A remembered hover over the wire while the engine is {when}: p50 {p50:.1f} ms, p95 {p95:.1f} ms{goal}, "
            f"{len(found[when])} hovers."
        )
    return "\n".join(rows)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(prog="python -m bench.windows", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", default="", help="a name of the catalogue or a GGUF file (the default model)")
    parser.add_argument("--hovers", type=int, default=HOVERS, help="(%(default)s)")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    parser.add_argument("--into", type=Path, help="put the sentences into this file, between its marks")
    parser.add_argument("--from", dest="source", type=Path, help="measure nothing, show such a JSON file")
    given = parser.parse_args()
    if given.source:
        found = json.loads(given.source.read_text(encoding="utf-8"))
    else:
        _, path = model_of(given.model)
        about = {"model": path.name, "machine": machine.describe(None), "date": datetime.now(UTC).isoformat()}
        with tempfile.TemporaryDirectory(prefix="glossator-bench-", ignore_cleanup_errors=True) as home:
            found = about | asyncio.run(measure(str(path), Path(home), given.hovers))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if given.into:
        tables.put(given.into, "bench.windows", report(found))
    print(report(found))


if __name__ == "__main__":
    main()
