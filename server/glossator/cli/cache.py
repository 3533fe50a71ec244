"""`glossator cache`: what is remembered on disk, and forgetting it."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import click

from ..engine import ledger
from ..settings import folders, load
from .trouble import told

if TYPE_CHECKING:
    from ..engine.remembered import Remembered


@click.group()
def cache() -> None:
    """What is remembered on disk."""


def answers() -> Remembered:
    """What is remembered, of whatever model, with nobody behind it."""
    from ..engine.remembered import Remembered
    from ..engine.scripted import Scripted

    return Remembered(Scripted([]), folders().cache / "answers", load().cache.megabytes)


@cache.command()
def status() -> None:
    """Where the answers are, how many, how large."""
    with told():
        places, found = folders(), answers()
        asyncio.run(found.opened(5.0))
        state = found.state()
        click.echo(f"{places.cache / 'answers'}")
        click.echo(f"{state['entries']} answers, {int(state['bytes']) / 1e6:.1f} MB, {state['state']}")
        states = [path for path in (places.cache / "states").glob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in states)
        click.echo(f"{places.cache / 'states'}\n{len(states)} saved model states, {size / 1e6:.1f} MB")
        kept = [path for path in (places.cache / "index").glob("*.jsonl") if path.is_file()]
        size = sum(path.stat().st_size for path in kept)
        click.echo(f"{places.cache / 'index'}\n{len(kept)} workspaces, {size / 1e6:.1f} MB")


@cache.command()
@click.option("--answers/--no-answers", default=True, help="Forget the remembered answers.")
@click.option("--states/--no-states", default=True, help="Delete the saved model states.")
@click.option("--index/--no-index", default=True, help="Delete what is known of workspaces.")
@click.option("--stats/--no-stats", default=False, help="Forget what answers cost, which `glossator stats` tells.")
def clear(answers: bool, states: bool, index: bool, stats: bool) -> None:
    """Forget what was computed; answers will be computed anew. What `glossator stats` tells is kept."""
    with told():
        for name, wanted in (("answers", answers), ("states", states), ("index", index)):
            folder = folders().cache / name
            if wanted and folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
                click.echo(f"cleared {folder}")
        counts = folders().stats / ledger.NAME
        if stats:
            counts.unlink(missing_ok=True)
            click.echo(f"cleared {counts}")
        elif counts.exists():
            click.echo("kept what `glossator stats` tells; --stats forgets it")
