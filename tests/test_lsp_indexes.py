"""What the server does with a flood of changed files: never more than one look at a time, and none is forgotten."""

from __future__ import annotations

import asyncio
import itertools
import threading
from types import SimpleNamespace
from typing import Any

from glossator.lsp.indexes import MANY, Indexes


class Space:
    """A workspace that notes what it is asked to look at, and takes its time."""

    def __init__(self) -> None:
        self.looks: list[list[str]] = []
        self.refreshed = 0
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._working = threading.Lock()

    def look(self, paths: list[str]) -> None:
        assert self._working.acquire(blocking=False), "two looks at once"
        self.looks.append(paths)
        self.begun.set()
        self.go_on.wait(10)
        self._working.release()

    def refresh(self) -> None:
        self.refreshed += 1


def indexes(space: Space, reported: list[Exception]) -> tuple[Indexes, list[asyncio.Task[Any]]]:
    """The indexes of a server with one folder, and the tasks that they start."""
    tasks: list[asyncio.Task[Any]] = []
    server: Any = SimpleNamespace(
        numbers=itertools.count(1),
        spawn=lambda work: tasks.append(asyncio.ensure_future(work)),
        report=lambda error, where: reported.append(error),
    )
    found = Indexes(server)
    found._spaces["file:///w"] = space  # type: ignore[assignment]
    return found, tasks


def uri(number: int) -> str:
    return f"file:///w/{number:03}.py"


async def test_changes_wait_for_one_another() -> None:
    """What changes while files are looked at is looked at afterwards, each file once."""
    space, reported = Space(), []
    found, tasks = indexes(space, reported)
    found.changed([uri(0)])
    await asyncio.wait_for(asyncio.to_thread(space.begun.wait), 10)
    for number in (1, 2, 1):
        found.changed([uri(number)])
    space.go_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert space.looks == [["/w/000.py"], ["/w/001.py", "/w/002.py"]] and len(tasks) == 1
    found.changed([uri(3)])
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert space.looks[-1] == ["/w/003.py"] and not reported


async def test_a_checkout() -> None:
    """Thousands of files, and new rules, cost one look at all."""
    space, reported = Space(), []
    space.go_on.set()
    found, tasks = indexes(space, reported)
    found.changed([uri(number) for number in range(MANY + 1)])
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    found.changed(["file:///w/.gitignore", "untitled:x"])
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert space.refreshed == 2 and not space.looks


async def test_a_failing_look(monkeypatch: Any) -> None:
    """A disk in trouble is reported; what changes later is looked at all the same."""
    space, reported = Space(), []
    space.go_on.set()
    found, tasks = indexes(space, reported)
    monkeypatch.setattr(space, "refresh", lambda: (_ for _ in ()).throw(OSError("gone")))
    found.changed(["file:///w/.gitignore"])
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    found.changed([uri(1)])
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert [str(each) for each in reported] == ["gone"] and space.looks == [["/w/001.py"]]


async def test_a_failing_look_loses_nothing(monkeypatch: Any) -> None:
    """What gathers while a look fails is looked at after it."""
    space, reported = Space(), []
    begun, go_on = threading.Event(), threading.Event()

    def refresh() -> None:
        begun.set()
        go_on.wait(10)
        raise OSError("gone")

    space.go_on.set()
    found, tasks = indexes(space, reported)
    monkeypatch.setattr(space, "refresh", refresh)
    found.changed(["file:///w/.gitignore"])
    await asyncio.wait_for(asyncio.to_thread(begun.wait), 10)
    found.changed([uri(1)])
    go_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert [str(each) for each in reported] == ["gone"] and space.looks == [["/w/001.py"]]


async def test_a_folder_that_comes_back() -> None:
    """A folder that was closed and opened again is looked at anew, not by the workspace that was let go of."""
    old, new, reported = Space(), Space(), []
    new.go_on.set()
    found, tasks = indexes(old, reported)
    found.changed([uri(0)])
    await asyncio.wait_for(asyncio.to_thread(old.begun.wait), 10)
    found._spaces["file:///w"] = new  # type: ignore[assignment]
    found.changed([uri(1)])
    await asyncio.wait_for(asyncio.to_thread(new.begun.wait), 10)
    old.go_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert (old.looks, new.looks) == ([["/w/000.py"]], [["/w/001.py"]]) and not reported
