"""Private folders with a copy of a file in each, none of which stays behind: neither where nobody waits for it any more
nor where the process that made it has died."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import psutil

_PREFIX = "glossator-check-"
_OLD = 3600.0  # seconds; no checker runs that long, and a number of a process is given again


async def copied(place: Path | None, name: str, text: str) -> Path:
    """A new private folder (0700) in `place` (None: where the system has such) with a file of that name and an empty
    `out`. The caller removes it; cancelled, nobody need. Raises `OSError`."""
    made: Future[Path] = Future()

    def make() -> None:
        try:
            made.set_result(_folder(place, name, text))
        except OSError as error:
            made.set_exception(error)

    try:
        await asyncio.to_thread(make)
    except asyncio.CancelledError:
        made.add_done_callback(_unwanted)  # in the thread that makes it, which no event loop ends
        raise
    return made.result()


def _unwanted(made: Future[Path]) -> None:
    if made.exception() is None:
        shutil.rmtree(made.result(), ignore_errors=True)


def _folder(place: Path | None, name: str, text: str) -> Path:
    if place is not None:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    try:
        (folder / "out").mkdir()
        (folder / name).write_bytes(text.encode("utf-8", "replace"))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _sweep(place: Path) -> None:
    """Remove what processes left that were killed."""
    for folder in place.glob(f"{_PREFIX}*"):
        if not _used(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _used(folder: Path) -> bool:
    """Whether the process that a folder is named after lives, and made it lately."""
    number = folder.name.removeprefix(_PREFIX).partition("-")[0]
    with suppress(OSError, OverflowError):
        lives = number.isdecimal() and psutil.pid_exists(int(number))
        return lives and time.time() - folder.stat().st_mtime < _OLD
    return False
