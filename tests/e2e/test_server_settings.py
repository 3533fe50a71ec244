"""What the client says of its settings, and what the log does not say of the code."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types

TARGET = "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"


async def test_configuration_over_the_wire(open_editor: Any) -> None:
    """The client's answer to `workspace/configuration` is used, but chooses no engine and no file."""
    editor = await open_editor(
        configuration={"glossator": {"hover": {"enabled": False}, "backend": "remote", "remote.baseUrl": "http://x"}},
        workspace__configuration=True,
    )
    buffer = editor.open("a.py", TARGET)

    async def explained(wanted: bool) -> bool:
        """Whether hovers become so within some seconds: the client is asked first."""
        for _ in range(50):
            if ("Adds" in await editor.hover(buffer, "total")) == wanted:
                return True
            await asyncio.sleep(0.1)
        return False

    assert await explained(False)
    assert (await editor.status())["backend"] == "scripted"
    editor.client.set_configuration({"hover": {"enabled": True}}, section="glossator")
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    assert await explained(True)


async def test_log_holds_no_source(open_editor: Any) -> None:
    """Whatever happens, the code that is worked on is not in the log."""
    editor = await open_editor("[[answer]]\nmatch = ''\ntext = 'canary_answer'\nerror = 'broken'\n")
    buffer = editor.open("a.py", "def canary_code():\n    return 'canary_secret'\n")
    await editor.hover(buffer, "canary_code")
    await editor.over(await editor.run("explain", buffer, "canary_code"))
    wrong = {"textDocument": {"uri": "canary_uri"}, "contentChanges": 5}
    editor.client.protocol._send_data({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": wrong})
    await editor.status()
    log = editor.home / "home" / "logs" / "server.log"
    assert "canary" not in log.read_text(encoding="utf-8")
