"""`glossator model quantize` and `model compare`: a smaller model made here, and what it costs and is worth."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..engine.quantization import TARGETS, kind
from ..models import store
from ..settings import folders, load
from . import present, trouble
from .model import bar
from .model import model as group
from .table import table
from .trouble import told

if TYPE_CHECKING:
    from ..engine.comparing import Measured

WEIGHED_CHARACTERS = 48_000  # some 12,000 tokens: minutes
MEASURED_CHARACTERS = 16_000

ON = click.option(
    "--on", metavar="PATH", type=click.Path(path_type=Path), help="Code of yours, in place of the standard library's."
)


@group.command("quantize")
@click.argument("model", metavar="NAME|FILE")
@click.option("--to", metavar="TYPE", required=True, help=f"One of {', '.join(each.name for each in TARGETS)}.")
@click.option("--name", metavar="NAME", default="", help="What the result is called; else the old name and the type.")
@click.option("--importance", is_flag=True, help="Keep more exactly what matters for code; takes minutes.")
@ON
def quantize(model: str, to: str, name: str, importance: bool, on: Path | None) -> None:
    """Make a smaller file of a model, on this machine.

    The result is put beside the other models. The coarsest types are chosen by which weights matter for code, which is
    found out first. Ctrl-C leaves nothing behind.
    """
    from ..engine import corpus, quantizing

    with told():
        wanted = kind(to)
        models = folders().models
        card, path = store.resolve(model, models, _say)
        plan = quantizing.plan(card, path, wanted, models, name)
        if plan.warning:
            _say(plan.warning)
        text = ""
        if wanted.weighed or importance:
            text = _code(on, WEIGHED_CHARACTERS) if on else corpus.standard(corpus.READ, WEIGHED_CHARACTERS)
            _say(f"which weights matter is found out with {len(text):,} characters of code")
        try:
            with _ended_alike(), bar() as (progress, _):
                made = quantizing.quantize(plan, progress, text=text, threads=load().local.threads)
        except KeyboardInterrupt:
            trouble.stop("stopped; nothing was left behind", trouble.INTERRUPTED)
            raise
        before, after = path.stat().st_size, made.stat().st_size
        click.echo(str(made))
        old, new = shlex.quote(model), shlex.quote(str(made))
        _say(
            f"{after / 1e9:.2f} GB, {after / before:.0%} of {card.name}; `glossator model compare {old} {new}` tells "
            f"what that costs, `glossator model use {new}` uses it"
        )


@contextlib.contextmanager
def _ended_alike() -> Iterator[None]:
    """While it lasts, SIGTERM ends the command as Ctrl-C does: by an exception, so that nothing is left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@group.command("compare")
@click.argument("models", metavar="A B", nargs=2)
@click.option("--characters", type=click.IntRange(2_000, 1_000_000), default=MEASURED_CHARACTERS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@ON
def compare(models: tuple[str, str], characters: int, as_json: bool, on: Path | None) -> None:
    """Measure two models: size, memory, speed, and how well they foretell code.

    Each is loaded in a process of its own, one after the other, and reads CHARACTERS of code. The smaller its
    perplexity, the better a model knows such code; two with different vocabularies compare by bits a byte alone.
    """
    from ..engine import comparing, corpus

    with told():
        here = folders().models
        found = [store.resolve(each, here, _say) for each in models]
        text = _code(on, characters) if on else corpus.standard(corpus.MEASURED, characters)
        local = load().local
        rows: list[tuple[str, Measured]] = []
        for card, path in found:
            with present.Watch(card.name, thoughts=False) as watch:
                rows.append(
                    (
                        card.name,
                        comparing.measured(path, text, watch.stage, threads=local.threads, gpu_layers=local.gpu_layers),
                    )
                )
        if as_json:
            click.echo(json.dumps(_tree(rows, text, on), indent=2))
            return
        click.echo("\n".join(table(compared(rows))))
        source = str(on) if on else "Python's standard library"
        present.note(f"read: {len(text):,} characters of {source}, {rows[0][1].tokens} tokens of them scored")
        if rows[0][1].vocabulary != rows[1][1].vocabulary:
            present.note("they have different vocabularies: compare bits a byte, not perplexity")


def compared(rows: list[tuple[str, Measured]]) -> list[tuple[str, ...]]:
    """A table: a line for what was measured, a column a model, and the second beside the first."""
    (one, first), (other, second) = rows
    lines: list[tuple[str, ...]] = [("", one, other, "")]
    measures: tuple[tuple[str, str, Callable[[float], str]], ...] = (
        ("file, GB", "size", lambda value: f"{value / 1e9:.2f}"),
        ("memory, GB", "resident", lambda value: f"{value / 1e9:.2f}"),
        ("loads in, s", "load_seconds", lambda value: f"{value:.2f}"),
        ("reads, tokens/s", "prefill", lambda value: f"{value:.0f}"),
        ("writes, tokens/s", "decode", lambda value: f"{value:.1f}"),
        ("perplexity", "perplexity", lambda value: f"{value:.3f}"),
        ("bits a byte", "bits", lambda value: f"{value:.4f}"),
    )
    for title, name, form in measures:
        left, right = getattr(first, name), getattr(second, name)
        lines.append((title, form(left), form(right), f"×{right / left:.2f}" if left else ""))
    return lines


def _tree(rows: list[tuple[str, Measured]], text: str, on: Path | None) -> dict[str, Any]:
    return {
        "characters": len(text),
        "of": str(on) if on else "standard library",
        "models": [{"name": name, **asdict(measured)} for name, measured in rows],
    }


def _code(path: Path, characters: int) -> str:
    """The code of a file or folder of the user's, as far as it is wanted."""
    from ..action.sources import sources

    return "\n\n".join(file.text for file in sources(path).files)[:characters]


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
