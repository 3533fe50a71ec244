"""A remote server behind the language server, as an editor sees it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

_spec = importlib.util.spec_from_file_location("endpoint_fake", Path(__file__).parent.parent / "endpoint_fake.py")
assert _spec and _spec.loader
fake = sys.modules.setdefault("endpoint_fake", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(fake)

ADD = "def add(left, right):\n    return left + right\n"


async def test_hover(open_editor: Any) -> None:
    """A hover is answered by the server that the settings name, and nothing is asked in quiet moments."""
    with fake.FakeEndpoint(fake.said("`add` gives the", " sum of two numbers.")) as server:
        remote = {"baseUrl": server.url, "model": "tiny"}
        editor = await open_editor(options={"backend": "remote", "remote": remote, "hover": {"waitMs": 20000}})
        buffer = editor.open("a.py", ADD)
        assert "sum of two numbers" in await editor.hover(buffer, "add")
        status = await editor.status()
        assert (status["backend"], status["model"], status["engine"]["state"]) == ("remote", "tiny", "idle")
        assert len(server.requests) == 1


async def test_a_hover_in_vain(open_editor: Any) -> None:
    """A server that is not there is named in the hover, beside the facts that need none."""
    with fake.nobody() as url:
        editor = await open_editor(
            options={"backend": "remote", "remote": {"baseUrl": url, "model": "tiny"}, "hover": {"waitMs": 20000}}
        )
        text = await editor.hover(editor.open("a.py", ADD), "add")
        assert "def add(left, right)" in text and "cannot be reached" in text
        assert "cannot be reached" in (await editor.status())["lastError"]


async def test_a_folder_names_no_server(open_editor: Any) -> None:
    """An opened folder that is not trusted cannot have anything sent anywhere."""
    with fake.FakeEndpoint() as server:
        configuration = {"glossator": {"backend": "remote", "remote": {"baseUrl": server.url, "model": "tiny"}}}
        editor = await open_editor(configuration=configuration, workspace__configuration=True)
        buffer = editor.open("a.py", ADD)
        log = editor.home / "home" / "logs" / "server.log"
        await editor.until(lambda: log.exists() and "remote: not taken" in log.read_text(encoding="utf-8"))
        assert "Adds **numbers**." in await editor.hover(buffer, "add")
        assert not server.requests and not server.others
