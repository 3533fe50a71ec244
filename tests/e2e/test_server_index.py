"""Other files of the workspace, as an editor meets them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from lsprotocol import types

CART = "from rules import reduced\n\n\ndef price(x):\n    return reduced(x)\n"
SCRIPT = """
[[answer]]
match = 'return 4321'
text = "Knows the constant."

[[answer]]
match = 'typed in'
text = "Knows what was typed."

[[answer]]
match = ''
text = "Knows nothing."
"""


def workspace(home: Path) -> Path:
    folder = home / "workspace"
    folder.mkdir(exist_ok=True)
    (folder / "rules.py").write_text("def reduced(x):\n    return 4321\n")
    return folder


async def ready(editor: Any) -> dict[str, Any]:
    for _ in range(1000):
        (row,) = (await editor.status())["index"]
        if row["state"] == "ready":
            return dict(row)
        await asyncio.sleep(0.02)
    raise AssertionError(row)


async def test_other_files_are_known(open_editor: Any, tmp_path: Path) -> None:
    """An explanation is told what another file defines, as it is being typed, and as it is on disk."""
    folder = workspace(tmp_path)
    editor = await open_editor(SCRIPT)
    row = await ready(editor)
    assert (row["folder"], row["files"], row["symbols"]) == (str(folder.resolve()), 1, 1)
    buffer = editor.open("cart.py", CART)
    assert "Knows the constant." in await editor.hover(buffer, "price")
    rules = editor.open("rules.py", (folder / "rules.py").read_text())
    editor.type(rules, rules.text.index("4321"), "'typed in'", rules.text.index("4321") + 4)
    assert "Knows what was typed." in await editor.hover(buffer, "price")
    editor.close(rules)
    (folder / "rules.py").write_text("def reduced(x):\n    return 0\n")
    change = types.FileEvent((folder / "rules.py").as_uri(), types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
    assert "Knows nothing." in await editor.hover(buffer, "price")


async def test_switched_off(open_editor: Any, tmp_path: Path) -> None:
    """With `index.enabled` false no file is read but the open one."""
    workspace(tmp_path)
    editor = await open_editor(SCRIPT, options={"index": {"enabled": False}})
    assert (await editor.status())["index"] == []
    assert "Knows nothing." in await editor.hover(editor.open("cart.py", CART), "price")
    assert not (tmp_path / "home" / "cache" / "index").exists()


async def test_files_are_watched(open_editor: Any, tmp_path: Path) -> None:
    """A client that can be asked to tell of changed files is asked; what was found is kept for the next start."""
    workspace(tmp_path)
    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    editor = await open_editor(SCRIPT, workspace__did_change_watched_files=watching)
    assert (await ready(editor))["files"] == 1
    await editor.until(lambda: any(each.id == "glossator-files" for each in editor.registered))
    kept = list((tmp_path / "home" / "cache" / "index").glob("*.jsonl"))
    assert len(kept) == 1 and json.loads(kept[0].read_text().splitlines()[0])["format"] == 1
