"""`glossator doctor`: what is here, what is wrong, what to do about it, and what a question costs on this machine."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from ..engine import ModelInfo, machine
from ..engine.calibration import Calibration, Shelf
from ..engine.process import Options
from ..models import Card, ModelError, catalogue
from ..settings import Folders, Settings, folders
from . import fitting, house, present
from .finding import Finding, wrong
from .survey import survey
from .trouble import ANSWERED, INTERRUPTED, TROUBLE, stop

ORDINARY = {"SSE3", "SSSE3", "AVX", "F16C", "FMA", "BMI2", "LLAMAFILE"}
PROCESSOR = {"avx2": "AVX2", "avx512f": "AVX512"}  # what a processor calls it, and what llama.cpp does

INDENT = " " * 17

Say = Callable[[str], None]


@click.command()
@click.option("--measure/--no-measure", default=True, help="Measure the model's speed (some seconds), or do not.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(measure: bool, as_json: bool) -> None:
    """Tell what is here, what is wrong and what to do.

    Measures how fast the model is on this machine, and keeps the result: the engine is set up by it. Exit code 3 when
    something is wrong.
    """
    found: list[Finding] = []
    try:
        with present.Watch("doctor", thoughts=False) as watch:
            found.extend(examine(folders(), watch.stage, measure=measure))
    except KeyboardInterrupt:
        stop("stopped", INTERRUPTED)
    bad = sum(finding.level == "wrong" for finding in found)
    if as_json:
        tree = {"ok": not bad, "findings": [_tree(finding) for finding in found]}
        click.echo(json.dumps(tree, ensure_ascii=False, indent=2))
    else:
        show(found)
    raise SystemExit(TROUBLE if bad else ANSWERED)


def examine(places: Folders, say: Say, *, measure: bool) -> Iterator[Finding]:
    """All findings, in the order in which one depends on the other. What cannot be looked at is a finding too."""
    say("looking")
    settings = Settings()

    def configured() -> Iterator[Finding]:
        nonlocal settings
        settings, finding = house.settings(places)
        yield finding

    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "machine": house.about,
        "settings": configured,
        "prompts": lambda: house.prompts(settings, places),
        "checkers": house.checkers,
        "examples": lambda: house.sandbox(settings),
        "tests": lambda: house.testing(settings),
        "model": lambda: model(settings, places, say, measure=measure),
        "engine": lambda: iter(()) if settings.backend == "remote" else house.processes(places),
        "folders": lambda: house.folders(places),
    }
    for what, look in looks.items():
        try:
            yield from look()
        except Exception as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            yield wrong(what, f"could not be looked at ({reason})", "please report this")


def model(settings: Settings, places: Folders, say: Say, *, measure: bool) -> Iterator[Finding]:
    """llama.cpp, the model, how fast it is, what that means."""
    if settings.backend == "remote":
        from . import remote

        say("asking the remote server")
        yield from remote.found(settings.remote, os.environ)
        return
    total, free = house.memory()
    free += house.held_by_engines()
    got = _model(settings, places, say)
    if isinstance(got, Finding):
        card, path, digest = None, None, ""
    else:
        card, path, digest = got
    options = None
    if card and path and measure:
        local = settings.local
        options = Options(str(path), digest, card, "", local.context, local.threads, local.gpu_layers)
    say("llama.cpp")
    told = survey(options, lambda step: say(f"measuring: {step}"))
    if told.build:
        yield _library(told.build, told.gpu)
    if told.error:
        what = "speed" if told.build else "llama.cpp"
        remedy = "" if told.build else "install glossator anew on this machine, with a C++ compiler"
        yield wrong(what, told.error, remedy)
    known: Calibration | None = None
    size = 0
    if card is None or path is None:
        yield got if isinstance(got, Finding) else wrong("model", "none")
    else:
        size = path.stat().st_size
        read = "verified" if digest == card.sha256 or not card.sha256 else "differs"
        verified = f"SHA-256 {digest[:12]}… {read}" if card.sha256 else f"SHA-256 {digest[:12]}… (not in the catalogue)"
        facts = {"name": card.name, "path": str(path), "bytes": size, "sha256": digest}
        yield Finding("model", f"{card.name}, {size / 1e9:.2f} GB, {verified}, {path}", facts=facts)
        known = _kept(Shelf(places.cache / "calibration", digest), told.calibration)
        yield fitting.memory_found(fitting.needed(path, settings.local.context, total), known, free)
        yield from _speed(known, card, digest, told.calibration)
    wanted = card.name if card else settings.model or catalogue.DEFAULT
    said = None if known is None or known.crowded else known  # a crowd would be taken for a slow machine
    yield fitting.models_found(fitting.fits(total, free, said, size), wanted, here=card is not None)


def _model(settings: Settings, places: Folders, say: Say) -> tuple[Card, Path, str] | Finding:
    """The model, its file and the file's digest, read anew; or what is wrong."""
    from ..models import store

    try:
        say("reading the model")
        card, path = store.resolve(settings.model or store.chosen(places.config), places.models)
        return card, path, store.verify(card, path)
    except ModelError as error:
        if settings.backend == "scripted":
            return Finding("model", f"the backend is scripted and needs none ({error})", "note")
        best = fitting.best(fitting.fits(*house.memory(), None, 0)).name
        remedy = f"glossator model pull {best}" if "glossator model pull" not in str(error) else ""
        return wrong("model", str(error), remedy)


def _library(build: str, gpu: bool) -> Finding:
    version, _, told = build.partition(" ")
    features = [part.strip().split(" = ")[0].split(" : ")[-1] for part in told.split("|") if " = 1" in part]
    shown = " ".join(name for name in features if name not in ORDINARY)
    offload = "can use the graphics processor" if gpu else "no graphics processor in this build"
    found = f"{machine.build().rpartition(' ')[0]} ({version}; {shown}); {offload}"
    facts = {"build": build, "gpu": gpu}
    unused = [name for flag, name in PROCESSOR.items() if flag in machine.flags() and name not in features]
    if not unused:
        return Finding("llama.cpp", found, facts=facts)
    found += f"; it was built without {' and '.join(unused)}, which this processor has, and is slower for it"
    remedy = "build it here: pip install --force-reinstall --no-binary llama-cpp-python llama-cpp-python"
    return Finding("llama.cpp", found, "wrong" if "AVX2" in unused else "note", remedy, facts=facts)


def _kept(shelf: Shelf, measured: Calibration | None) -> Calibration | None:
    """What is known of the model's speed. A new measurement is kept; beside busy programs only where there is none."""
    known = shelf.load()
    if measured is None:
        return known if known.prefill_rate else None
    if not measured.crowded:
        shelf.store(measured)
    elif not known.plain or known.crowded:  # the rates that real requests had say more
        shelf.store(replace(measured, prefill_rate=known.prefill_rate, decode_rate=known.decode_rate))
    elif known.prefill_rate:
        return known
    return measured


def _speed(known: Calibration | None, card: Card, digest: str, measured: Calibration | None) -> Iterator[Finding]:
    if known is None:
        yield Finding("speed", "not measured", "note", "run `glossator doctor` without --no-measure")
        return
    rows: list[tuple[str, ...]] = [("threads", "reading", "writing", "(tokens a second)")]
    best = known.prefill_threads, known.decode_threads  # none, where others were too busy to tell
    for speed in known.speeds:
        marks = [word for word, threads in zip(("reads", "writes"), best, strict=True) if threads == speed.threads]
        used = f"{' and '.join(marks)} with these" if marks else ""
        rows.append((str(speed.threads), f"{speed.prefill:.0f}", f"{speed.decode:.1f}", used))
    if known.repacked:
        used = "used: faster here" if known.repack else "not used: no gain here"
        rows.append(("repacked", f"{known.repacked.prefill:.0f}", f"{known.repacked.decode:.1f}", used))
    if known.ubatch_gain:
        rows.append(("512 at once", f"×{known.ubatch_gain:.2f}", "", f"used: {known.ubatch} at once"))
    found = f"reads {known.prefill_rate:.0f} and writes {known.decode_rate:.1f} tokens a second"
    if known is not measured:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(known.when))
        found += f", measured {when}" if known.when else ", as questions showed"
        found += " (other programs are busy now)" if measured else ""
    busy = known.crowded
    remedy = f"other programs used {known.busy:.1f} cores meanwhile; run it again when they rest" if busy else ""
    yield Finding("speed", found, "note" if busy else "ok", remedy, tuple(rows if len(rows) > 1 else ()), asdict(known))
    info = ModelInfo(card.name, digest, known.context or 8192, card.reasoning)
    yield fitting.costs_found(replace(info, prefill_rate=known.prefill_rate, decode_rate=known.decode_rate))


def _tree(finding: Finding) -> dict[str, Any]:
    return {key: value for key, value in asdict(finding).items() if key != "rows" and value not in ("", {})}


def show(found: list[Finding]) -> None:
    """Print the findings: with colours and broken between words on a terminal, as plain lines elsewhere; the user's
    folder as `~`, so that the report can be shown to others."""
    console = Console(highlight=False, soft_wrap=True)
    styles = {"ok": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("wrong", "bold red")}
    for finding in found:
        word, style = styles[finding.level]
        _print(console, Text.assemble((f"{word:<6}", style), (f"{finding.what:<10} ", "bold")), finding.found)
        rows = tuple(tuple(map(_short, row)) for row in finding.rows)
        for number, line in enumerate(_lines(rows) if rows else ()):
            console.print(Text(INDENT + line, style="" if number else "dim"))
        if finding.remedy:
            _print(console, Text.assemble(INDENT, ("→ ", style)), finding.remedy)
    bad = sum(finding.level == "wrong" for finding in found)
    word = f"{bad} thing{'s' if bad > 1 else ''} to mend" if bad else "all is well"
    console.print(Text(word, style="bold red" if bad else "bold green"))


def _print(console: Console, head: Text, body: str) -> None:
    text = Text(_short(body))
    if console.is_terminal:
        lines = text.wrap(console, max(console.width - len(head), 20))
        for line in lines:
            line.rstrip()
        text = Text("\n" + " " * len(head)).join(lines)
    console.print(Text.assemble(head, text))


def _short(text: str) -> str:
    home = str(Path.home())
    return text if home == os.sep else re.sub(rf"(?<![\w./-]){re.escape(home)}(?=[/\\])", "~", text)


def _lines(rows: tuple[tuple[str, ...], ...]) -> list[str]:
    """A table's rows in columns; numbers, which are in the middle ones, end below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) - 1
    cells = (
        [
            cell.rjust(width) if 0 < at < last else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    )
    return ["  ".join(row).rstrip() for row in cells]
