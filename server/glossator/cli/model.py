"""`glossator model`: which models there are, fetching one, choosing one, checking and removing them.

A table and a progress bar on a terminal; plain lines, tabs between the fields, where the output is piped; JSON where
a program asks for it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import click

from ..models import Card, ModelAbsent, ModelError, catalogue, store
from ..settings import Settings, folders, load
from . import trouble
from .listing import listing
from .trouble import told

Progress = Callable[[int, int, str], None]
Shown = tuple[Progress, Callable[[str], None]]
BEAT = 0.2  # seconds between two lines of progress


@click.group()
def model() -> None:
    """List, fetch and choose models."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with what fits this machine.")
def list_(as_json: bool) -> None:
    """The catalogue and what is here; `*` marks the model in use."""
    with told():
        if as_json:
            click.echo(json.dumps(listing(folders(), _in_use()), ensure_ascii=False, indent=2))
            return
        rows = list(_rows())
        if sys.stdout.isatty():
            _table(rows)
        else:
            for row in rows:
                click.echo("\t".join(row))


@model.command()
@click.argument("name", default="")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: how far it is, the path at last.")
def pull(name: str, as_json: bool) -> None:
    """Fetch a model (without a NAME: the one in use, at first the default).

    A pull that was interrupted goes on where it ended. The file is used only if its SHA-256 is the known one.
    """
    with told():
        card = catalogue.card(name or _in_use())
        path = _pull(card, _lines() if as_json else None)
        if as_json:
            click.echo(json.dumps({"name": card.name, "path": str(path)}))
            return
        click.echo(f"{card.name} is here: {path}" if sys.stdout.isatty() else str(path))


@model.command()
@click.argument("name_or_path")
def use(name_or_path: str) -> None:
    """Choose the model that answers: a name of the catalogue, or the path of a GGUF file.

    The choice is kept in the file `model` of the configuration folder. GLOSSATOR_MODEL, the setting `model` and
    `--model` go before it.
    """
    with told():
        places = folders()
        choice = store.use(name_or_path, places.config)
        click.echo(f"using {choice}")
        try:
            store.resolve(choice, places.models, _say)
        except ModelAbsent as error:
            _say(str(error))
        if (settings := load()).model:
            _say(f"GLOSSATOR_MODEL or config.toml names {settings.model}, which goes before this choice")


@model.command()
@click.argument("name", default="")
def path(name: str) -> None:
    """Print the path of a model's file (without a NAME: of the one in use)."""
    with told():
        click.echo(store.resolve(name or _in_use(), folders().models, _say)[1])


@model.command()
@click.argument("name", default="")
def verify(name: str) -> None:
    """Read a model's file whole and compare its SHA-256 (without a NAME: all that are here)."""
    with told():
        failed = False
        for card, file in _wanted(name):
            try:
                with bar() as (progress, _):
                    digest = store.verify(card, file, lambda done, total: progress(done, total, "checking"))
            except ModelError as error:
                failed = True
                _say(f"glossator: {error}")
            else:
                known = (
                    "as published" if store.expected(card, file) else "sound header; its publisher's digest is unknown"
                )
                click.echo(f"{card.name}\t{digest}\t{known}")
        if failed:
            raise SystemExit(trouble.TROUBLE)


@model.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a model's file, and what an interrupted pull of it left."""
    from ..models.pull import abandon

    with told():
        models = folders().models
        begun = 0 if store.is_path(name) else abandon(catalogue.card(name).name, models)
        try:
            file, size = store.remove(name, models)
            click.echo(f"removed {file} ({size / 1e9:.2f} GB)")
        except ModelAbsent:
            if not begun:
                raise
            click.echo(f"removed the {begun / 1e9:.2f} GB that had come of {name}")


def fetch_if_missing(settings: Settings) -> None:
    """Pull the model that `settings` name if its file is not here. Raises `ModelError`."""
    if settings.backend != "local":
        return
    places = folders()
    wanted = settings.model or store.chosen(places.config)
    try:
        store.resolve(wanted, places.models, _say)
    except ModelAbsent:
        if store.is_path(wanted):
            raise
        _pull(catalogue.card(wanted or catalogue.DEFAULT))


def _pull(card: Card, shown: AbstractContextManager[Shown] | None = None) -> Path:
    from ..models.pull import pull as fetch

    try:
        with shown or bar() as (progress, say):
            return fetch(card, folders().models, progress, notice=say)
    except KeyboardInterrupt:
        again = f"`glossator model pull {card.name}` goes on from there"
        trouble.stop(f"stopped; what has come is kept, {again}", trouble.INTERRUPTED)
        raise


def _in_use() -> str:
    return load().model or store.chosen(folders().config) or catalogue.DEFAULT


def _wanted(name: str) -> list[tuple[Card, Path]]:
    """The files to verify; a damaged one is among them, because saying so is what `verify` is for."""
    models = folders().models
    here = store.installed(models)
    if not name:
        if not here:
            raise ModelAbsent(f"no model is in {models}; `glossator model pull` fetches the default one")
        return [(found.card, found.path) for found in here]
    for found in here:
        if name in (found.card.name, str(found.path)):
            return [(found.card, found.path)]
    return [store.resolve(name, models, _say)]


def _rows() -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """Mark, name, size, licence, context in tokens, whether it thinks, state."""
    in_use = _in_use()
    here = {found.card.name: found for found in store.installed(folders().models)}
    listed = {card.name: card for card in catalogue.cards()} | {name: found.card for name, found in here.items()}
    for name, card in listed.items():
        size = here[name].bytes if name in here else card.bytes or card.about
        state = "" if name not in here else "here" if not here[name].trouble else "damaged"
        mark = "*" if in_use in (name, card.file) else ""
        thinks = "thinks" if card.reasoning else ""
        yield mark, name, f"{size / 1e9:.2f} GB", card.licence, str(card.context), thinks, state
    if in_use not in listed and in_use not in {card.file for card in listed.values()}:
        yield "*", in_use, "", "", "", "", "here" if Path(in_use).is_file() else "not found"


def _table(rows: list[tuple[str, str, str, str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "model"):
        table.add_column(title, no_wrap=True)
    for title in ("size", "licence", "context", "", ""):
        table.add_column(title, justify="right" if title in ("size", "context") else "left")
    for row in rows:
        table.add_row(*row, style="bold" if row[-1] == "here" else None)
    console = Console()
    console.print(table)
    console.print(f"[dim]{folders().models}[/dim]", highlight=False, soft_wrap=True)


@contextmanager
def _lines() -> Iterator[Shown]:
    """Progress and sentences for a program: a line of JSON each, progress at most some times a second."""
    last = 0.0

    def progress(done: int, total: int, what: str) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= BEAT or (total and done == total):
            last = now
            click.echo(json.dumps({"done": done, "total": total, "what": what}))

    yield progress, lambda sentence: click.echo(json.dumps({"notice": sentence}, ensure_ascii=False))


@contextmanager
def bar() -> Iterator[Shown]:
    """A progress bar in bytes on standard error, none where that is no terminal; and how to say a sentence above it."""
    if not sys.stderr.isatty():
        yield lambda done, total, what: None, _say
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), TextColumn("[dim]{task.description}"))
    with Bar(BarColumn(30), *columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def progress(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total or None, description=what)

        def say(sentence: str) -> None:
            bar.console.print(sentence, markup=False, highlight=False, soft_wrap=True)

        yield progress, say


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
