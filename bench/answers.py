"""`python -m bench.answers`: what is said of functions that nobody selected, to be judged by reading.

Half of them are of the standard library, half of this project, drawn by a seed. Prints Markdown: the code, what the
syntax tree tells, and what the model says to `explain` and, with `--action`, to other actions. Nothing is judged here.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sysconfig
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import glossator
from glossator.action import catalogue, run
from glossator.action.budget import prompt_tokens
from glossator.action.facts_told import calls_told, facts_told
from glossator.action.outcome import Explanation, Outcome, Proposal, Refusal
from glossator.action.target import Target, target_at
from glossator.answer.indent import shown as at_margin
from glossator.code.symbols import outline
from glossator.engine.choose import open_engine
from glossator.settings import folders, load

from . import machine

LIBRARY = (
    "bisect", "calendar", "cmd", "configparser", "contextlib", "copy", "csv", "difflib", "fnmatch", "fractions",
    "functools", "glob", "graphlib", "heapq", "json/encoder", "linecache", "netrc", "ntpath", "posixpath", "pprint",
    "queue", "random", "reprlib", "sched", "shelve", "shlex", "shutil", "statistics", "string", "tempfile", "textwrap",
    "timeit", "tokenize", "urllib/parse", "uuid", "wave", "weakref", "zipfile",
)  # fmt: skip
LINES = range(6, 45)


def functions(paths: list[Path]) -> Iterator[Target]:
    """All functions and methods of a readable length."""
    for path in paths:
        text = path.read_text(encoding="utf-8")
        tree = target_at(text, str(path)).tree
        assert tree is not None
        for symbol in outline(tree):
            lines = symbol.code.of(text).count("\n") + 1
            if symbol.kind in ("function", "method") and symbol.body and lines in LINES:
                yield target_at(text, str(path), name=symbol.qualified, tree=tree)


def drawn(count: int, seed: int) -> list[Target]:
    """`count` functions, half of them the standard library's."""
    dice = random.Random(seed)
    library = Path(sysconfig.get_path("stdlib"))
    own = sorted(Path(glossator.__file__).parent.rglob("*.py"))
    theirs = [path for name in LIBRARY if (path := library / f"{name}.py").is_file()]
    return [*dice.sample(list(functions(theirs)), count - count // 2), *dice.sample(list(functions(own)), count // 2)]


async def asked(targets: list[Target], names: list[str], model: str) -> AsyncIterator[str]:
    """The report, one piece a function."""
    settings = load()
    settings = replace(settings, model=model or settings.model, cache=replace(settings.cache, enabled=False))
    engine = open_engine(settings, folders())
    actions, _ = catalogue.load(catalogue.prompts_folder())
    yield f"{engine.model().name}. {machine.headline(machine.describe(None))}."
    try:
        for target in targets:
            yield f"### {target.title}\n\n```python\n{at_margin(target.text, target.span)}\n```"
            if target.tree is not None and target.symbol is not None:
                known = [*facts_told(target.tree, target.symbol), *calls_told(target.tree, target.symbol)]
                yield f"Known without a model: {' · '.join(known) or 'nothing'}"
            for name in names:
                began = time.monotonic()
                outcome = await run.run(actions[name], target, engine, budget=prompt_tokens(engine.model()))
                yield f"**{name}** ({time.monotonic() - began:.0f} s): {shown(outcome)}"
    finally:
        await engine.close()


def shown(outcome: Outcome) -> str:
    """What a user reads of it."""
    if isinstance(outcome, Explanation):
        left_out = f"\n\n(Left out: {'; '.join(outcome.dropped)})" if outcome.dropped else ""
        return f"{outcome.markdown}{left_out}"
    if isinstance(outcome, Proposal):
        edits = "\n".join(edit.text for edit in outcome.edits)
        return f"{', '.join(outcome.rungs)}\n\n```python\n{edits}\n```"
    return "refused: " + "; ".join(outcome.reasons) if isinstance(outcome, Refusal) else type(outcome).__name__


async def told(targets: list[Target], names: list[str], model: str) -> None:
    """Print the report as it comes."""
    async for piece in asked(targets, names, model):
        print(f"{piece}\n", flush=True)


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.answers", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=20, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="other functions (%(default)s)")
    parser.add_argument("--action", action="append", default=[], help="what is asked (explain); may be given again")
    parser.add_argument("--model", default="", help="a name of the catalogue or a GGUF file (the default model)")
    given = parser.parse_args()
    asyncio.run(told(drawn(given.count, given.seed), given.action or ["explain"], given.model))


if __name__ == "__main__":
    main()
