"""The process that measures one model for a comparison: `python -P -m glossator.engine.comparing`.

Takes one JSON object on standard input, {"path": …, "text": …, "threads": n, "gpu_layers": n}, and tells in JSON lines
{"step": …} again and again, then {"measured": …} or {"error": …}.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from . import EngineError, child
from .machine import cores
from .measuring import speed
from .perplexity import WINDOW, foretold

SECONDS = 1800.0  # for one model


@dataclass(frozen=True, slots=True)
class Measured:
    """What a model costs and how well it foretells code.

    Attributes:
        size: Of its file, bytes.
        resident: Memory of the process with it, its mapped file included, bytes.
        load_seconds: Until it could be asked.
        prefill, decode: Tokens a second that it reads and writes.
        perplexity: Of each token; comparable between models with the same vocabulary alone.
        bits: Of each byte of the text.
        tokens: So many were scored.
        vocabulary: How many tokens it knows.
    """

    size: int
    resident: int
    load_seconds: float
    prefill: float
    decode: float
    perplexity: float
    bits: float
    tokens: int
    vocabulary: int


def measured(path: Path, text: str, say: Callable[[str], None], *, threads: int = 0, gpu_layers: int = -1) -> Measured:
    """Measure the model at `path` in a process of its own; `say` is told each step. Raises `EngineError`."""
    found: list[Measured] = []

    def take(told: dict[str, Any]) -> None:
        if "step" in told:
            say(str(told["step"]))
        else:
            found.append(Measured(**told["measured"]))

    job = {"path": str(path), "text": text, "threads": threads, "gpu_layers": gpu_layers}
    why = child.run("comparing", (), take, said=json.dumps(job), seconds=SECONDS)
    if why or not found:
        raise EngineError(f"{path.name} cannot be measured: {why or 'it told nothing'}")
    return found[0]


def measure(path: Path, text: str, threads: int, gpu_layers: int, say: Callable[[str], None]) -> Measured:
    """The same in this process."""
    from .llama_native import MAX_OUTPUTS, Native

    say("loading")
    began = time.perf_counter()
    most = threads or cores()
    native = Native(path, cells=4 * WINDOW, threads=most, gpu_layers=gpu_layers)
    loaded = time.perf_counter() - began
    with closing(native):
        say("speed")
        rates = speed(native, most)
        native.set_threads(most, most)
        tokens = native.tokenize(text, marks=False)
        found = foretold(native, tokens, MAX_OUTPUTS, lambda done, total: say(f"reading {done}/{total}"))
        if not found.tokens or not math.isfinite(found.logprob):
            raise EngineError(
                "it foretells nothing of the text" if found.tokens else "the text is too short to measure with"
            )
        return Measured(
            size=path.stat().st_size,
            resident=psutil.Process().memory_info().rss,
            load_seconds=round(loaded, 3),
            prefill=rates.prefill,
            decode=rates.decode,
            perplexity=found.perplexity,
            bits=found.bits,
            tokens=found.tokens,
            vocabulary=native.vocabulary,
        )


def main() -> int:
    """Measure in this process, and tell of it."""
    job = json.load(sys.stdin)

    def work(tell: child.Tell) -> None:
        path = Path(job["path"])
        found = measure(path, job["text"], job["threads"], job["gpu_layers"], lambda step: tell(step=step))
        tell(measured=asdict(found))

    return child.telling(work)


if __name__ == "__main__":
    sys.exit(main())
