"""`python -m bench.same`: whether drafts and kept states change an answer, over functions of the standard library.

Every prompt is answered twice, greedily: by a model that keeps nothing and gets no draft, and by one that has read the
files before it was started anew, takes their states from the disk and copies from a draft. Both texts must be equal.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from glossator.engine import Chunk, Finished, Message, Request, Sampling, Text, decoding
from glossator.engine.llama import Model
from glossator.models import Card

from . import prompts, tables
from .engine import model_of

Answer = tuple[str, Finished, float]

CONTEXT = 4096
KINDS = {kind: prompts.KINDS[kind] for kind in ("docstring", "refactor")}
FUNCTIONS = (
    *((module, name) for module, name, *_ in prompts.FUNCTIONS),
    ("bisect", "insort_left"),
    ("calendar", "monthrange"),
    ("colorsys", "hsv_to_rgb"),
    ("copy", "copy"),
    ("fnmatch", "translate"),
    ("fractions", "limit_denominator"),
    ("glob", "escape"),
    ("heapq", "merge"),
    ("keyword", "iskeyword"),
    ("linecache", "lazycache"),
    ("html", "escape"),
    ("quopri", "needsquoting"),
    ("sched", "enterabs"),
    ("shlex", "quote"),
    ("statistics", "median"),
    ("string", "capwords"),
    ("textwrap", "dedent"),
    ("textwrap", "indent"),
    ("timeit", "timeit"),
    ("tokenize", "open"),
    ("types", "resolve_bases"),
    ("shutil", "copytree"),
)


@dataclass
class Count:
    """One kind of task: prompts, those with equal answers, tokens, and CPU seconds of both after the first token."""

    prompts: int = 0
    equal: int = 0
    written: int = 0
    drafted: int = 0
    plain: float = 0.0
    quick: float = 0.0

    def add(self, plain: Answer, quick: Answer) -> None:
        """Count the two answers to one prompt."""
        assert plain[1].usage.reused_tokens == 0
        assert not quick[1].usage.approximate
        self.prompts += 1
        self.equal += plain[0] == quick[0]
        self.written += quick[1].usage.answer_tokens
        self.drafted += quick[1].usage.drafted_tokens
        self.plain += plain[2]
        self.quick += quick[2]


def requests(kind: str) -> Iterator[tuple[str, str, Message]]:
    """Name, code, and the question; functions that this Python has not are left out."""
    for module, name in FUNCTIONS:
        try:
            code = prompts.function(module, name)
        except (AssertionError, LookupError, OSError):
            continue
        text = f"\n\n{KINDS[kind]} {prompts.REPLY}"
        yield f"{module}.{name}", code, Message("user", text, stable=prompts.fenced(code))


def ask(model: Model, message: Message, tokens: int, draft: str = "") -> Answer:
    """The answer, its end, and the processor's seconds from its first token to its last."""
    chunks: list[Chunk] = []
    times: list[float] = []

    def emit(chunk: Chunk) -> None:
        chunks.append(chunk)
        times.append(time.process_time())

    system = Message("system", prompts.SYSTEM)
    request = Request((system, message), tokens, sampling=Sampling(temperature=0), draft=draft)
    model.generate(request, emit, lambda: False)
    first = next((at for chunk, at in zip(chunks, times, strict=True) if isinstance(chunk, Text)), times[-1])
    finished = chunks[-1]
    assert isinstance(finished, Finished)
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text)), finished, times[-1] - first


def compare(card: Card, path: Path, tokens: int, most: float) -> dict[str, Count]:
    """Ask everything, for at most about `most` seconds."""
    until = time.monotonic() + most
    counts = {kind: Count() for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="glossator-same-") as folder:
        reader = Model(path, card, "same", context=CONTEXT, states=Path(folder))
        for _, _, message in requests("docstring"):
            ask(reader, message, 0)
        reader.close()
        bare = Model(path, card, "same", context=CONTEXT, threads=1)  # their time can be told on a busy machine too
        full = Model(path, card, "same", context=CONTEXT, threads=1, states=Path(folder))
        for asked in zip(*(requests(kind) for kind in KINDS), strict=True):
            for kind, (name, code, message) in zip(KINDS, asked, strict=True):
                if time.monotonic() > until:
                    return counts
                bare.forget()
                plain, quick = ask(bare, message, tokens), ask(full, message, tokens, code)
                counts[kind].add(plain, quick)
                said = "equal" if plain[0] == quick[0] else "DIFFERENT"
                print(f"{name} {kind}: {said}, {plain[2] / quick[2]:.2f} times faster", flush=True)
        full.close()
        bare.close()
    return counts


def main() -> None:
    """Ask and show a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.same", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b", help="(%(default)s)")
    parser.add_argument("--tokens", type=int, default=64, help="of an answer at most (%(default)s)")
    parser.add_argument("--seconds", type=float, default=540, help="at most, about (%(default)s)")
    parser.add_argument("--margin", type=float, default=decoding.MARGIN, help="0: never evaluate twice (%(default)s)")
    given = parser.parse_args()
    decoding.MARGIN = given.margin
    card, path = model_of(given.model)
    counts = compare(card, path, given.tokens, given.seconds)
    total = Count(*(sum(values) for values in zip(*(vars(each).values() for each in counts.values()), strict=True)))
    rows = [
        [kind, *map(str, (each.prompts, each.equal, each.written, each.drafted)), f"{each.plain / each.quick:.2f}"]
        for kind, each in [*counts.items(), ("all", total)]
        if each.prompts
    ]
    print(tables.plain(["task", "prompts", "equal", "tokens", "of them drafted", "times faster"], rows))


if __name__ == "__main__":
    main()
