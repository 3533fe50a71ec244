"""The language server with a real model, as an editor sees it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.model

SOURCE = """\
def clamp(value, low, high):
    if value < low:
        return low
    if value > high:
        return high
    return value
"""


@pytest.fixture
def options(model_05b: Path) -> dict[str, Any]:
    return {"backend": "local", "model": str(model_05b), "script": "", "hover": {"waitMs": 60000}}


@pytest.fixture
def environment() -> dict[str, str]:
    return {"GLOSSATOR_ENGINE_IDLE_SECONDS": "0"}


async def test_hover_twice(open_editor: Any, options: dict[str, Any], environment: dict[str, str]) -> None:
    """The model explains a function; after it moved, and a new server started, the answer comes from disk at once."""
    editor = await open_editor(options=options, environment=environment)
    buffer = editor.open("a.py", SOURCE)
    first = await editor.hover(buffer, "clamp")
    assert "unfinished" not in first and "No explanation" not in first and "clamp" in first
    told = first.rsplit("\n\n", 1)[-1]
    assert len(told) > 20
    assert await editor.until(lambda: True)
    quiet = {**options, "prefetch": {"mode": "off"}}
    again = await open_editor(options=quiet, environment=environment)
    buffer = again.open("b.py", "import os\n" * 20 + SOURCE)
    await again.until(lambda: True)
    for when in ("first", "second"):
        begun = time.perf_counter()
        assert told in await again.hover(buffer, "clamp")
        print(f"{when} hover from disk: {1000 * (time.perf_counter() - begun):.1f} ms")
    assert (await again.status())["engine"]["pid"] is None, "the model was asked"


async def test_document(open_editor: Any, options: dict[str, Any], environment: dict[str, str]) -> None:
    """A command shows progress and brings a docstring by a versioned edit that changes nothing else."""
    editor = await open_editor(options=options, environment=environment)
    buffer = editor.open("a.py", SOURCE)
    last = await editor.over(await editor.run("document", buffer, "clamp"), 120)
    assert last["state"] == "done", last
    assert editor.edits[0].edit.document_changes[0].text_document.version == 1
    added = [row for row in buffer.text.splitlines() if row not in SOURCE.splitlines()]
    assert added and '"""' in buffer.text
    assert [row for row in buffer.text.splitlines() if row not in added] == SOURCE.splitlines()
    assert any(each.kind == "report" for each in editor.progress)


async def test_cancel(open_editor: Any, options: dict[str, Any], environment: dict[str, str]) -> None:
    """Stopping a job frees the model at once; nothing is done in quiet moments, which would keep it busy."""
    editor = await open_editor(options=options | {"prefetch": {"mode": "off"}}, environment=environment)
    buffer = editor.open("a.py", SOURCE)
    job = await editor.run("write_tests", buffer, "clamp")
    await editor.until(lambda: any(each["state"] == "answering" for each in editor.jobs), 60)
    await editor.command("glossator.stop", {"job": job})
    assert (await editor.over(job, 30))["state"] == "stopped"
    begun = time.monotonic()
    while (status := await editor.status())["engine"]["state"] == "busy":
        assert time.monotonic() - begun < 120
        await asyncio.sleep(0.05)
    assert not status["tokens"]["answer"], "the whole answer was written"
