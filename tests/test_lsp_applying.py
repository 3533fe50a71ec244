"""Edits on their way to the client while its user goes on."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from glossator.answer.edit import Edit
from glossator.code import Span
from glossator.lsp.applying import CLOSED, applied
from glossator.lsp.documents import Documents, Snapshot


class Editor(SimpleNamespace):
    """A server with one client; it notes what the client is asked to apply."""

    def __init__(self) -> None:
        documents = Documents()
        super().__init__(documents=documents, current=documents.get, client=SimpleNamespace(versioned=False), asked=[])

    async def workspace_apply_edit_async(self, params: Any) -> types.ApplyWorkspaceEditResult:
        self.asked.append(params)
        return types.ApplyWorkspaceEditResult(applied=True)


async def test_closed_while_the_edit_is_made() -> None:
    """A document that is closed between the look at it and the edit is not edited."""
    editor: Any = Editor()
    editor.documents.open("file:///a.py", 1, "python", "x = 1\n")

    async def edits(now: Snapshot) -> list[Edit]:
        editor.documents.close("file:///a.py")
        return [Edit(Span(4, 5), "2")]

    assert await applied(editor, editor.current("file:///a.py"), "label", edits, changed="changed") == CLOSED
    assert editor.asked == []


async def test_never_open(tmp_path: Path) -> None:
    """A file that no client had open is edited as long as it is as it was."""
    editor: Any = Editor()
    file = tmp_path / "a.py"
    file.write_text("x = 1\n", encoding="utf-8")
    then = Snapshot(file.as_uri(), None, "python", "x = 1\n")

    async def edits(now: Snapshot) -> list[Edit]:
        return [Edit(Span(4, 5), "2")]

    assert await applied(editor, then, "label", edits, changed="changed") == ""
    assert len(editor.asked) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("now", ["pipe", "device", "bytes", "gone", "other"])
async def test_another_thing_in_its_place(tmp_path: Path, now: str) -> None:
    """Of a file that no client had open nothing is edited once it is something else, and nobody waits for that."""
    editor: Any = Editor()
    file = tmp_path / "a.py"
    then = Snapshot(file.as_uri(), None, "python", "x = \ufffd\n")
    if now == "pipe":
        os.mkfifo(file)
    elif now == "device":
        file.symlink_to("/dev/zero")
    elif now in {"bytes", "other"}:
        file.write_bytes(b"x = \xff\n" if now == "bytes" else b"x = 1\n")

    async def edits(now: Snapshot) -> list[Edit]:
        return [Edit(Span(4, 5), "2")]

    assert await applied(editor, then, "label", edits, changed="changed") == CLOSED
    assert editor.asked == []
