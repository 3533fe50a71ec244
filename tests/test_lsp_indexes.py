"""What the server does with a flood of changed files: never more than one look at a time, and none is forgotten."""

from __future__ import annotations

import asyncio
import itertools
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lsprotocol import types
from pygls.workspace import Workspace

from glossator.code.threads import LARGE
from glossator.lsp.documents import Snapshot
from glossator.lsp.indexes import MANY, Indexes
from glossator.lsp.server import Server
from glossator.settings import Settings, folders


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

    def spawn(work: Any) -> asyncio.Task[Any]:
        tasks.append(asyncio.ensure_future(work))
        return tasks[-1]

    server: Any = SimpleNamespace(
        numbers=itertools.count(1),
        spawn=spawn,
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


async def test_a_folder_without_a_path() -> None:
    """A folder that is not there is no workspace."""
    found, _ = indexes(Space(), reported := [])
    found._spaces.clear()
    found._begun = True
    server: Any = found._ls
    server.settings = SimpleNamespace(index=SimpleNamespace(enabled=True))
    server.workspace_folders, server.documents = ["file:///nowhere/at/all"], ()
    found.choose()
    assert not found._spaces and not reported


async def test_a_large_document_is_not_waited_for(monkeypatch: Any) -> None:
    """A question about one file goes on while a large one that was edited is read; the next knows it, too."""
    monkeypatch.setattr("glossator.lsp.indexes.READ_SECONDS", 0.05)
    small, large = (
        Snapshot("file:///w/a.py", 2, "python", "x = 1\n"),
        Snapshot("file:///w/b.py", 2, "python", LARGE * " "),
    )
    read, followed = asyncio.Event(), []

    async def tree_of(snapshot: Snapshot) -> Any:
        if snapshot is large:
            await read.wait()
        return SimpleNamespace(text=snapshot.text)

    space, reported = Space(), []
    found, tasks = indexes(space, reported)
    found._ls.trees = SimpleNamespace(of=tree_of)  # type: ignore[misc,assignment]
    found._ls.current = {each.uri: each for each in (small, large)}.get  # type: ignore[method-assign,assignment]
    found._opened["file:///w"] = asyncio.Event()
    found._opened["file:///w"].set()
    space.relative = lambda path: path  # type: ignore[attr-defined]
    space.follow = lambda path, tree, order: followed.append(path)  # type: ignore[attr-defined]
    space.completed = lambda target: (target.path, tuple(followed))  # type: ignore[attr-defined]
    for each in (small, large):
        found.edited(each.uri)
    target: Any = SimpleNamespace(path="/w/c.py", text="")
    assert await asyncio.wait_for(found.completed(target), 10) == ("/w/c.py", ("/w/a.py",))
    assert await asyncio.wait_for(found.completed(target), 10) == ("/w/c.py", ("/w/a.py",))
    read.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert await asyncio.wait_for(found.completed(target), 10) == ("/w/c.py", ("/w/a.py", "/w/b.py"))
    assert not reported and len(tasks) == 2


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


def test_a_folder_that_is_on_no_disk(tmp_path: Path) -> None:
    """A folder whose name holds a NUL is not there, and costs none of the others."""
    server = Server(Settings(), folders({"GLOSSATOR_HOME": str(tmp_path)}))
    named = [types.WorkspaceFolder(uri, "") for uri in ("file:///a%00b", "file:///c")]
    server.protocol._workspace = Workspace(None, workspace_folders=named)
    assert server.workspace_folders == ["file:///c"]
