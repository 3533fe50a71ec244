"""`glossator engine`: the shared processes that hold models."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
import psutil

from ..engine import address
from ..settings import folders
from .trouble import told

MODULE = "glossator.engine.process"


@click.group()
def engine() -> None:
    """The shared process that holds the model."""


def running() -> Iterator[psutil.Process]:
    """This user's engine processes whose sockets are in this user's runtime folder."""
    runtime = str(address.place(folders().runtime, "engine").parent)
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if MODULE in command and any(part.startswith(runtime) for part in command):
            yield process


@engine.command()
def status() -> None:
    """Which engine processes run, since when, and what they hold."""
    with told():
        found = list(running())
        for process in found:
            minutes = (time.time() - process.create_time()) / 60
            times = process.cpu_times()
            memory = process.memory_info().rss / 1e6
            cpu = times.user + times.system
            click.echo(f"{process.pid}  {minutes:.0f} min, {cpu:.0f} s of CPU, {memory:.0f} MB")
        if not found:
            click.echo("no engine runs; the first question starts one")


@engine.command()
def stop() -> None:
    """End the engine processes; the next question starts another."""
    with told():
        found = list(running())
        for process in found:
            process.terminate()
        _, left = psutil.wait_procs(found, timeout=5)
        for process in left:
            process.kill()
        click.echo(f"{len(found)} stopped")


@engine.command()
@click.option("--lines", default=40, show_default=True, help="How many of the last lines.")
def log(lines: int) -> None:
    """The end of the engine's log; it holds no source text."""
    with told():
        path = folders().logs / "engine.log"
        if not path.exists():
            click.echo(f"{path}: nothing was logged yet")
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        click.echo("\n".join(text.splitlines()[-lines:]))
