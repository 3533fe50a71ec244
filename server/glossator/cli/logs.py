"""`glossator logs`: where the logs are, and their last lines. They hold no source text and no keys."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import click

from ..settings import folders
from .trouble import INTERRUPTED, stop, told

FILES = ("server.log", "server.crash.log", "engine.log")
_LOOK_SECONDS = 0.5


@click.command()
@click.option("--lines", default=20, show_default=True, help="How many of the last lines of each.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on, until you press Ctrl+C.")
def logs(lines: int, follow: bool) -> None:
    """Show where the logs are, and how they end.

    The server's and the engine's; older lines are beside them in files whose names end in a number. They hold no source
    text, no answers and no keys, so they can be given to others.
    """
    with told():
        place = folders().logs
        click.echo(str(place))
        ends = {name: _show(place / name, lines) for name in FILES}
        try:
            while follow:
                time.sleep(_LOOK_SECONDS)
                ends = {name: _more(place / name, end) for name, end in ends.items()}
        except KeyboardInterrupt:
            stop("stopped", INTERRUPTED)


def _show(path: Path, lines: int) -> int:
    """Print the end of a log; its length in bytes, 0 where there is none."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    last = deque(data.decode("utf-8", "replace").splitlines(), maxlen=max(0, lines))
    if data:
        click.echo(f"\n{path.name}, {len(data):,} bytes")
    for line in last:
        click.echo(line)
    return len(data)


def _more(path: Path, end: int) -> int:
    """Print what came after `end`; the new end. A log that is shorter now has been begun anew."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(end if size >= end else 0)
            data = file.read()
            place = file.tell()
    except FileNotFoundError:
        return 0
    if data:
        click.echo(data.decode("utf-8", "replace"), nl=False)
    return place
