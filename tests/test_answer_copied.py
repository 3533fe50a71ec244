"""Copies that are made for a checker stay behind neither where nobody waits for them nor where a process died."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from glossator.answer import copied


def held(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_cancelled_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops waiting while the folder is made leaves none."""
    begun, go_on, removed = asyncio.Event(), threading.Event(), threading.Event()
    loop, true, made = asyncio.get_running_loop(), copied._folder, []

    def slow(place: Path | None, name: str, text: str) -> Path:
        made.append(true(place, name, text))
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(60)
        return made[0]

    def unwanted(future: copied.Future[Path]) -> None:
        remove(future)
        removed.set()

    remove = copied._unwanted
    monkeypatch.setattr(copied, "_folder", slow)
    monkeypatch.setattr(copied, "_unwanted", unwanted)
    task = asyncio.create_task(copied.copied(tmp_path, "a.c", "int a;"))
    await asyncio.wait_for(begun.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert made[0].exists()
    go_on.set()
    assert await asyncio.to_thread(removed.wait, 60)
    assert held(tmp_path) == []


async def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A copy that fails is an error and no folder."""
    with pytest.raises(OSError, match=r"a\.c"):
        await copied.copied(tmp_path, "no/a.c", "int a;")
    assert held(tmp_path) == []


def test_what_the_dead_left_is_removed(tmp_path: Path) -> None:
    """Folders of killed processes go when the next one is made, also where their number was given again; those of the
    living stay."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = [tmp_path / f"glossator-check-{name}" for name in (f"{dead.pid}-x", f"{os.getpid()}-old", "abc", "9" * 40)]
    stays = [tmp_path / f"glossator-check-{os.getpid()}-new", tmp_path / "other"]
    for each in gone + stays:
        each.mkdir()
        (each / "a.c").write_text("int a;")
    os.utime(gone[1], (0, 0))
    folder = asyncio.run(copied.copied(tmp_path, "a.c", "int b;"))
    assert held(tmp_path) == sorted([*stays, folder])
    assert (folder / "a.c").read_text() == "int b;"
    assert (folder / "out").is_dir()
