"""`python -m bench.engine`: the engine beside what a user would run instead, in one run, as a table and as JSON.

Every repeat starts each system anew and asks it the same; the systems take turns, so that a slower minute of the
machine hits all of them. llama-server is measured at several settings, and on each row its best one counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from glossator.engine import EngineError
from glossator.models import Card, ModelError, store
from glossator.settings import folders

from . import machine, tables
from .ours import Ours
from .rows import ROWS, Samples, decoding, editing, inserting, reading, stopping
from .systems import HighLevel, Server, System

Scenario = Callable[[System], Samples]
Measured = dict[str, list[dict[str, Any]]]
Turn = tuple[frozenset[str], Scenario, Callable[[], System]]

NO_REPACK = "--no-repack"
NGRAMS = ("--spec-type", "ngram-simple")
READING = frozenset({"cold", "second", "back", "restart", "insertion", "memory"})
EDIT, PACE = frozenset({"edit"}), frozenset({"quiet", "busy"})
STOP = frozenset({"stop", "stop-reply"})


def turns(name: str, model: Path, server: Path | None, home: Path, *, quick: bool, functions: int) -> Iterable[Turn]:
    """Which system does what, in the order of a repeat."""

    def ours() -> System:
        return Ours(name, home)

    def served(*flags: str, **options: Any) -> Callable[[], System]:
        assert server is not None
        return lambda: Server(model, server, *flags, **options)

    def high() -> System:
        return HighLevel(model)

    yield READING, reading, ours
    yield READING, reading, high
    if server:
        yield READING, reading, served()
        yield READING, reading, served(NO_REPACK)
        if not quick:
            yield frozenset({"insertion"}), inserting, served(NO_REPACK, "--cache-reuse", "64")
    yield PACE, decoding, ours
    yield PACE, decoding, high
    if server:
        yield PACE, decoding, served()
        if not quick:
            yield PACE, decoding, served(spins=True)
            yield PACE, decoding, served(threads=1)
    edit = editing(1 if quick else functions)
    yield EDIT, edit, ours
    yield EDIT, edit, high
    if server:
        yield EDIT, edit, served(*NGRAMS, spins=True)
        if not quick:
            yield EDIT, edit, served(*NGRAMS, NO_REPACK, spins=True)
    yield STOP, stopping(5 if quick else 20), ours


def measure(plan: Sequence[Turn], repeats: int, only: str, keep: Callable[[Measured], None]) -> Measured:
    """Samples by row: what `tables.results` reads; `keep` gets what there is after every turn.

    The edit row is measured once: it has many tasks of its own. A turn that fails has no samples but `failed`, why.
    """
    measured: Measured = {}
    for repeat in range(repeats):
        for keys, scenario, make in plan:
            if (only and only not in keys) or (repeat and keys in (EDIT, STOP)):
                continue
            system = make()
            began = time.monotonic()
            try:
                found, said = _run(system, scenario), ""
            except (EngineError, OSError, RuntimeError, psutil.Error) as error:
                found, said = {}, f"failed: {type(error).__name__}: {error}"
            for key in sorted(keys):
                entry = _entry(measured.setdefault(key, []), system)
                entry["samples"] += found.get(key, [])
                if said:
                    entry["failed"] = said
            keep(measured)
            said = said or "  ".join(f"{key} {tables.shown(sum(each) / len(each))}" for key, each in found.items())
            took = time.monotonic() - began
            print(f"[{repeat + 1}/{repeats}] {system.name} ({system.setting}), {took:.0f} s: {said}", file=sys.stderr)
    return measured


def _run(system: System, scenario: Scenario) -> Samples:
    try:
        system.start()
        return scenario(system)
    finally:
        system.stop()
        if isinstance(system, Ours):
            system.remove()


def _entry(entries: list[dict[str, Any]], system: System) -> dict[str, Any]:
    for entry in entries:
        if (entry["system"], entry["setting"]) == (system.name, system.setting):
            return entry
    entries.append({"system": system.name, "setting": system.setting, "samples": []})
    return entries[-1]


def report(found: dict[str, Any], *, markdown: bool) -> str:
    """The table of a run (what the JSON file holds)."""
    rows = tables.results(ROWS, found["rows"])
    lines = [tables.cells(row) for row in rows]
    head = f"{found['model']}. {machine.headline(found['machine'])}."
    table = tables.markdown(tables.HEAD, lines) if markdown else tables.plain(tables.HEAD, lines)
    return f"{head}\n\n{table}"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", type=Path, default=machine.default_server(), help="llama-server (%(default)s)")
    parser.add_argument("--without-server", action="store_true", help="leave llama-server out")
    parser.add_argument("--model", default="", help="a name of the catalogue or a GGUF file (the default model)")
    parser.add_argument("--repeats", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--functions", type=int, default=6, help="that are edited, three times each (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="one repeat of less")
    parser.add_argument("--only", default="", choices=[row.key for row in ROWS], metavar="ROW", help="%(choices)s")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--chart", type=Path, help="draw the table as SVG")
    parser.add_argument("--into", type=Path, help="put the Markdown table into this file, between its marks")
    parser.add_argument("--from", dest="source", type=Path, help="measure nothing, show such a JSON file")
    return parser.parse_args(given)


def model_of(name: str) -> tuple[Card, Path]:
    """The model to measure with. Exits where there is none, or one with another chat template."""
    try:
        card, path = store.resolve(name, folders().models)
    except ModelError as error:
        sys.exit(str(error))
    if card.family and card.family != "qwen":
        sys.exit(f"{card.name} does not speak ChatML, in which the other systems are asked; take a Qwen model")
    return card, path


def server_of(given: argparse.Namespace) -> Path | None:
    """The llama-server to compare with. Exits where it is missing."""
    if given.without_server:
        return None
    if not given.server.is_file():
        sys.exit(
            f"{given.server} is not there: run bench/build_server.sh, or name one with --server, or --without-server"
        )
    return Path(given.server)


def main() -> None:
    """Measure and show."""
    given = arguments()
    if given.source:
        found = json.loads(given.source.read_text(encoding="utf-8"))
    else:
        card, path = model_of(given.model)
        name = given.model or card.name
        server = server_of(given)
        found = {"machine": machine.describe(server), "model": path.name, "date": datetime.now(UTC).isoformat()}
        repeats = 1 if given.quick else given.repeats
        began = time.monotonic()

        def keep(rows: Measured) -> None:
            found.update(repeats=repeats, seconds=round(time.monotonic() - began), rows=rows)
            if given.out:
                given.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

        with tempfile.TemporaryDirectory(prefix="glossator-bench-", ignore_cleanup_errors=True) as home:
            if not Ours(name, Path(home)).prepare():
                print("Glossator could not measure this machine; it goes by guesses", file=sys.stderr)
            measure(
                list(turns(name, path, server, Path(home), quick=given.quick, functions=given.functions)),
                repeats,
                given.only,
                keep,
            )
    if given.chart:
        from .chart import engine as draw

        given.chart.write_text(draw(tables.results(ROWS, found["rows"]), found), encoding="utf-8")
    if given.into:
        tables.put(given.into, "bench.engine", report(found, markdown=True))
    print(report(found, markdown=given.markdown))
    failed = [each for row in found["rows"].values() for each in row if "failed" in each]
    for each in failed:
        print(f"{each['system']} ({each['setting']}) {each['failed']}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
