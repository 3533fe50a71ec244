"""Whatever a reason holds, a message is one short line of plain text."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from glossator.answer.quoted import LONGEST, quoted
from glossator.lsp.deliver import deliver
from glossator.lsp.refused import Refused
from glossator.lsp.server import Server
from glossator.settings import Folders, Settings

EVIL = "see [the log](command:workbench.action.quit)\x1b[2J\x1b]0;title\x07 now"


@pytest.fixture
def server(tmp_path: Path) -> tuple[Server, list[types.ShowMessageParams]]:
    """A server whose messages are noted."""
    found: Any = Server(Settings(), Folders(*[tmp_path] * 6))
    said: list[types.ShowMessageParams] = []
    found.window_show_message = said.append
    return found, said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("all is well", "all is well"),
        ("two\r\n  lines\t and\u2028more ", "two lines and more"),
        ("[a](command:b)", "[a] (command:b)"),
        ("[a]\x1b(command:b)", "[a] (command:b)"),
        ("left\u202eright\u200b.", "left right ."),
        ("x" * (LONGEST + 1), "x" * LONGEST + "…"),
    ],
)
def test_plain(text: str, line: str) -> None:
    """Blanks collapse, what cannot be printed is a blank, no link is left, and nothing is endless."""
    assert quoted(text) == line


@pytest.mark.parametrize("state", ["failed", "refused"])
async def test_reasons(server: Any, state: str) -> None:
    """What became of a job is told without the links and control characters of its reasons."""
    ls, said = server
    await deliver(ls, SimpleNamespace(state=state, title="Fix f", reasons=(EVIL,)))  # type: ignore[arg-type]
    (message,) = [each.message for each in said]
    assert "the log" in message and "](" not in message and message.isprintable()


def test_refused_requests(server: Any) -> None:
    """Editors show why a request is refused: the same holds for that."""
    ls, _ = server
    sent: list[dict[str, Any]] = []
    ls.protocol._send_data = sent.append
    ls.protocol._refuse(1, -32803, EVIL)
    assert "](" not in sent[0]["error"]["message"] and sent[0]["error"]["message"].isprintable()


async def test_a_request_that_cannot_be_written_fails(server: Any) -> None:
    """Who asks the client for something that is no JSON, or nests too deep for it, is told so at once."""
    ls, _ = server
    ls.protocol.writer = SimpleNamespace(write=lambda data: pytest.fail("half a message"))
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    for value in (object(), deep):
        arguments = {"value": value}
        with pytest.raises(Refused, match="cannot be asked"):
            await asyncio.wait_for(ls.protocol.send_request_async("custom/question", arguments), 20)
    assert ls.protocol._asked == {}
