"""`glossator cache`: what is remembered on disk, and forgetting it."""

from __future__ import annotations

import asyncio
import shutil

import click

from ..settings import folders, load
from .trouble import told


@click.group()
def cache() -> None:
    """What is remembered on disk."""


@cache.command()
def status() -> None:
    """Where the answers are, how many, how large."""
    from ..engine.remembered import Remembered
    from ..engine.scripted import Scripted

    with told():
        places, settings = folders(), load()
        answers = Remembered(Scripted([]), places.cache / "answers", settings.cache.megabytes)
        asyncio.run(answers.opened(5.0))
        state = answers.state()
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
def clear(answers: bool, states: bool, index: bool) -> None:
    """Forget everything; answers will be computed anew."""
    with told():
        for name, wanted in (("answers", answers), ("states", states), ("index", index)):
            folder = folders().cache / name
            if wanted and folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
                click.echo(f"cleared {folder}")
