"""Trees of open documents: one piece of work for all who ask, none for nobody, and the newest text's is kept."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from glossator.code.threads import LARGE
from glossator.code.tree import MAX_BYTES
from glossator.lsp import trees
from glossator.lsp.documents import Snapshot
from glossator.lsp.trees import Trees

GUARD = 20.0
BIG = "def f(a):\n    return a\n\n\n" * (LARGE // 20)


def snapshot(text: str, version: int | None = 1) -> Snapshot:
    return Snapshot("file:///code/a.py", version, "python", text)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was parsed, each text as often as it was; parsing waits for `parse.go_on`."""
    found: list[str] = []

    def parse(text: str, language: Any) -> Any:
        found.append(text)
        parse.begun.set()  # type: ignore[attr-defined]
        assert parse.go_on.wait(GUARD)  # type: ignore[attr-defined]
        return real(text, language)

    real = trees.parse
    parse.begun = threading.Event()  # type: ignore[attr-defined]
    parse.go_on = threading.Event()  # type: ignore[attr-defined]
    monkeypatch.setattr(trees, "parse", parse)
    return found


def go_on() -> None:
    trees.parse.go_on.set()  # type: ignore[attr-defined]


async def begun(parsed: list[str]) -> None:
    assert await asyncio.to_thread(trees.parse.begun.wait, GUARD)  # type: ignore[attr-defined]
    assert parsed


async def test_asked_by_many(parsed: list[str]) -> None:
    """A large text that many ask about at once is parsed once."""
    held = Trees()
    asked = [asyncio.create_task(held.of(snapshot(BIG))) for _ in range(5)]
    await begun(parsed)
    go_on()
    found = await asyncio.gather(*asked)
    assert parsed == [BIG] and len({id(each) for each in found}) == 1
    assert await held.of(snapshot(BIG)) is found[0]


async def test_wanted_by_nobody(parsed: list[str]) -> None:
    """Who gives up does not take the tree from another; where all do, the next who asks still gets it."""
    held = Trees()
    asked = [asyncio.create_task(held.of(snapshot(BIG))) for _ in range(2)]
    await begun(parsed)
    asked[0].cancel()
    await asyncio.sleep(0)
    other = asyncio.create_task(held.of(snapshot(BIG)))
    await asyncio.sleep(0)
    for each in (asked[1], other):
        each.cancel()
    await asyncio.gather(*asked, other, return_exceptions=True)
    last = asyncio.create_task(held.of(snapshot(BIG)))
    await asyncio.sleep(0)
    go_on()
    tree = await asyncio.wait_for(last, GUARD)
    assert tree is not None and tree.text == BIG
    assert await held.of(snapshot(BIG)) is tree


async def test_the_newest_is_kept(parsed: list[str]) -> None:
    """Each text's tree goes to who asked for it; kept is that of the newest text, and of a closed document none."""
    held = Trees()
    old = asyncio.create_task(held.of(snapshot(BIG)))
    await begun(parsed)
    new = asyncio.create_task(held.of(snapshot(BIG + "x = 1\n", 2)))
    await asyncio.sleep(0)
    go_on()
    first, second = await asyncio.gather(old, new)
    assert first is not None and first.text == BIG
    assert second is not None and await held.of(snapshot(second.text, 2)) is second
    later = asyncio.create_task(held.of(snapshot(BIG + "y = 1\n", 3)))
    await asyncio.sleep(0)
    held.forget("file:///code/a.py")
    assert (tree := await later) is not None
    assert await held.of(snapshot(BIG + "y = 1\n", 3)) is not tree


async def test_too_large() -> None:
    """A text over the caps has no tree, and takes the one before it along."""
    held = Trees()
    assert await held.of(snapshot("x = 1\n")) is not None
    assert await held.of(snapshot("x" * (MAX_BYTES + 1), 2)) is None
    assert await held.of(Snapshot("file:///a.unknown", 1, "unknown", "x")) is None
