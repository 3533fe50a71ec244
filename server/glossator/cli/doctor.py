"""`glossator doctor`: what is here, what is wrong, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import psutil

from .. import __version__
from ..models import ModelError
from ..settings import Folders, Settings, SettingsError, folders, load

Finding = tuple[bool, str, str]  # all is well, what was looked at, what was found or what to do


@click.command()
def doctor() -> None:
    """Tell what is here, what is wrong and what to do."""
    places = folders()
    wrong = 0
    for good, what, found in examine(places):
        wrong += not good
        click.echo(f"{click.style('ok  ', fg='green') if good else click.style('!!  ', fg='red')}{what:<12} {found}")
    raise SystemExit(3 if wrong else 0)


def examine(places: Folders) -> Iterator[Finding]:
    """All findings, in the order in which one depends on the other."""
    memory = psutil.virtual_memory()
    yield True, "glossator", f"{__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}"
    yield True, "machine", f"{os.cpu_count()} cores, {memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    try:
        settings = load()
        yield True, "settings", str(places.config / "config.toml")
    except SettingsError as error:
        yield False, "settings", str(error)
        settings = Settings()
    for look in (_library, _model, _engine):
        yield from look(settings, places)
    yield from _folders(places)


def _library(settings: Settings, places: Folders) -> Iterator[Finding]:
    try:
        from importlib.metadata import version

        yield True, "llama.cpp", f"llama-cpp-python {version('llama-cpp-python')}"
    except ImportError as error:
        yield False, "llama.cpp", f"{error}; install glossator again in an environment with a C++ compiler"


def _model(settings: Settings, places: Folders) -> Iterator[Finding]:
    from ..models import store

    try:
        card, path = store.resolve(settings.model or store.chosen(places.config), places.models)
        yield True, "model", f"{card.name}, {path.stat().st_size / 1e9:.2f} GB, {path}"
    except (ModelError, OSError) as error:
        yield False, "model", str(error)


def _engine(settings: Settings, places: Folders) -> Iterator[Finding]:
    from ..engine import EngineError
    from ..engine.choose import open_engine

    try:
        state = open_engine(settings, places).status()
        yield state.state != "failed", "engine", state.last_error or state.state
    except EngineError as error:
        yield False, "engine", str(error)


def _folders(places: Folders) -> Iterator[Finding]:
    wanted: list[tuple[str, Path, Callable[[os.stat_result], bool]]] = [
        ("cache", places.cache, lambda found: True),
        ("models", places.models, lambda found: True),
        ("sockets", places.runtime, lambda found: os.name == "nt" or stat.S_IMODE(found.st_mode) & 0o077 == 0),
        ("logs", places.logs, lambda found: True),
    ]
    for what, folder, private in wanted:
        if not folder.exists():
            yield True, what, f"{folder} (made when it is needed)"
        elif not os.access(folder, os.W_OK):
            yield False, what, f"{folder}: cannot be written; mend its owner or mode"
        elif not private(folder.stat()):
            yield False, what, f"{folder}: others may enter; run: chmod 700 {folder}"
        else:
            yield True, what, f"{folder}, {shutil.disk_usage(folder).free / 1e9:.0f} GB free"
