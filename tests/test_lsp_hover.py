"""Which hover a job is for, whatever order they come to it in."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from glossator.action.catalogue import load, prompts_folder
from glossator.action.target import target_at
from glossator.lsp.documents import Snapshot
from glossator.lsp.hover import Hovers

TEXT = "def add(a, b):\n    return a + b\n\n\ndef twice(x):\n    return 2 * x\n"
ACTION = load(prompts_folder())[0]["explain"]


class Jobs:
    """Jobs that run until they are stopped."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.stopped: list[str] = []

    def start(self, action: Any, target: Any, snapshot: Any, *, quiet: bool) -> Any:
        self.started.append(target.name)
        return SimpleNamespace(id=target.name, task=asyncio.get_running_loop().create_future())

    def stop(self, name: str) -> None:
        self.stopped.append(name)


def joined(hovers: Hovers, name: str, number: int) -> Any:
    target = target_at(TEXT, "a.py", name=name)
    assert target.symbol is not None
    return hovers._joined(ACTION, target, Snapshot("file:///a.py", 1, "python", TEXT), target.symbol, number)


async def test_an_older_hover_that_comes_later_stops_nothing() -> None:
    """The older of two was held up: it ends nothing, but shares a job for its own symbol."""
    jobs: Any = Jobs()
    hovers = Hovers(SimpleNamespace(jobs=jobs))  # type: ignore[arg-type]
    job = joined(hovers, "twice", 2)
    assert joined(hovers, "add", 1) is None
    assert joined(hovers, "twice", 1) is job
    assert (jobs.started, jobs.stopped) == (["twice"], [])
    assert joined(hovers, "add", 3).id == "add"
    assert (jobs.started, jobs.stopped) == (["twice", "add"], ["twice"])


async def test_an_older_hover_has_its_turn_when_the_newer_is_over() -> None:
    """Where nothing runs any more nobody is overtaken."""
    jobs: Any = Jobs()
    hovers = Hovers(SimpleNamespace(jobs=jobs))  # type: ignore[arg-type]
    joined(hovers, "twice", 2).task.set_result(None)
    assert joined(hovers, "add", 1).id == "add"
