"""Hovers, as an editor sees them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from glossator.engine.ledger import Ledger

ADD = "def add(left, right):\n    return left + right\n\n\ndef twice(x):\n    return add(x, x)\n"
SLOW = """
[[answer]]
match = 'left . right\\n```'
text = "Adds two numbers and gives their sum."
delay_ms_per_token = 60
[[answer]]
match = ''
text = "Doubles a number."
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_hover_in_three_encodings(open_editor: Any, encoding: str) -> None:
    """A hover finds its name behind characters that each encoding counts differently."""
    editor = await open_editor(encoding=encoding)
    buffer = editor.open("a.py", "s = '😀é漢'; x = lambda: add(1, 2)  # \f\n" + ADD)
    text = await editor.hover(buffer, "add(1")
    assert "def add(left, right)" in text and "Adds **numbers**." in text
    assert "called by `twice`" in text


async def test_hovers_are_counted(open_editor: Any, tmp_path: Path) -> None:
    """What a hover asks and what a remembered one spares is in the ledger, unless that is switched off."""
    for enabled in (True, False):
        editor = await open_editor(options={"stats": {"enabled": enabled}})
        buffer = editor.open("a.py", ADD)
        for _ in range(3):
            assert "Adds **numbers**." in await editor.hover(buffer, "add")
        end = time.monotonic() + 20
        while not (rows := Ledger(tmp_path / "home" / "stats").rows(1)) or rows[0].cost.questions < 3:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        (row,) = rows
        assert (row.purpose, row.cost.questions, row.cost.remembered, row.cost.requests) == ("explain", 3, 2, 1)


async def test_facts_without_a_model(open_editor: Any) -> None:
    """What a method raises and changes shows without a model."""
    editor = await open_editor(options={"hover": {"enabled": False}})
    code = "class A:\n    def put(self, new):\n        if not new:\n            raise ValueError\n"
    code += "        self.items.append(new)\n"
    text = await editor.hover(editor.open("a.py", code), "put")
    assert "method of `A` · raises `ValueError` · changes `self.items`" in text


async def test_contradicted_claims_are_left_out(open_editor: Any) -> None:
    """A finished explanation says nothing that the syntax tree contradicts."""
    script = "[[answer]]\nmatch = ''\ntext = '`add` sums two numbers. It returns None. It is quick.'\n"
    editor = await open_editor(script)
    text = await editor.hover(editor.open("a.py", ADD), "add")
    assert "`add` sums two numbers. It is quick." in text


async def test_unfinished_then_whole(open_editor: Any) -> None:
    """A hover that may not wait shows what there is, marked as unfinished; the next one is whole."""
    editor = await open_editor(SLOW, options={"hover": {"waitMs": 150}})
    buffer = editor.open("a.py", ADD)
    first = await editor.hover(buffer, "add")
    assert "def add" in first and "unfinished" in first and "their sum" not in first
    await asyncio.sleep(1.0)
    assert "gives their sum" in await editor.hover(buffer, "add")


async def test_two_hovers_one_answer(open_editor: Any) -> None:
    """Two hovers over one symbol wait for the same job."""
    script = "[[answer]]\nmatch = ''\nonce = true\ntext = 'Only once.'\ndelay_ms_per_token = 100\n"
    editor = await open_editor(script, options={"hover": {"waitMs": 5000}})
    buffer = editor.open("a.py", ADD)
    both = await asyncio.gather(editor.hover(buffer, "add"), editor.hover(buffer, "add"))
    assert all("Only once." in text for text in both)


async def test_cancelled_hover_leaves_the_job(open_editor: Any) -> None:
    """Cancelling a hover does not stop the explanation that it waited for."""
    editor = await open_editor(SLOW, options={"hover": {"waitMs": 5000}})
    buffer = editor.open("a.py", ADD)
    place = types.HoverParams(types.TextDocumentIdentifier(buffer.uri), types.Position(0, 5))
    request = editor.client.protocol.send_request_async(types.TEXT_DOCUMENT_HOVER, place, msg_id="hover")
    waiting = asyncio.ensure_future(request)
    await asyncio.sleep(0.2)
    editor.client.protocol.notify(types.CANCEL_REQUEST, types.CancelParams(id="hover"))
    with pytest.raises(Exception, match="cancelled") as caught:
        await waiting
    assert caught.value.code == -32800
    await asyncio.sleep(1.0)
    begun = time.perf_counter()
    assert "their sum" in await editor.hover(buffer, "add")
    assert time.perf_counter() - begun < 3


async def test_newer_hover_goes_first(open_editor: Any) -> None:
    """A hover over another symbol ends the one before, which is answered with what there is."""
    editor = await open_editor(SLOW, options={"hover": {"waitMs": 5000}})
    buffer = editor.open("a.py", ADD)
    older = asyncio.ensure_future(editor.hover(buffer, "add"))
    await asyncio.sleep(0.2)
    newer = await editor.hover(buffer, "twice")
    assert "Doubles a number." in newer
    begun = time.perf_counter()
    assert "def add" in await older
    assert time.perf_counter() - begun < 3


async def test_remembered_hover_is_quick(open_editor: Any) -> None:
    """The second time the answer comes from disk, also after the function moved and was laid out anew."""
    editor = await open_editor()
    buffer = editor.open("a.py", ADD)
    assert "Adds **numbers**." in await editor.hover(buffer, "add")
    editor.type(buffer, 0, "import os\n" * 20)
    editor.type(
        buffer, buffer.text.index("left + right"), "left  +  (\n        right)", buffer.text.index("left + right") + 12
    )
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        text = await editor.hover(buffer, "add")
        times.append(time.perf_counter() - begun)
        assert "Adds **numbers**." in text
    assert sorted(times)[2] < 0.05


async def test_no_definition_no_hover(open_editor: Any) -> None:
    """White space, numbers and unknown names have no hover; an unknown language has none either."""
    editor = await open_editor()
    buffer = editor.open("a.py", "x = 12345\nprint(x)\n")
    assert await editor.hover(buffer, "12345") == ""
    assert await editor.hover(buffer, "print") == ""
    assert await editor.hover(editor.open("a.txt", "def add():\n", "plaintext"), "add") == ""


async def test_failure_is_told_in_the_hover(open_editor: Any) -> None:
    """Where the model fails, the facts show and the reason with them; nothing pops up."""
    editor = await open_editor("[[answer]]\nmatch = ''\ntext = ''\nerror = 'the model is out of order'\n")
    buffer = editor.open("a.py", ADD)
    text = await editor.hover(buffer, "add")
    assert "def add" in text and "the model is out of order" in text
    assert editor.messages == []


async def test_missing_engine_is_told_in_the_hover(open_editor: Any) -> None:
    """Without an engine the facts show, with what to do."""
    editor = await open_editor(options={"backend": "local", "model": "no-such-model"})
    text = await editor.hover(editor.open("a.py", ADD), "add")
    assert "def add" in text and "no-such-model" in text


async def test_markdown_is_made_safe(open_editor: Any) -> None:
    """What a model writes becomes no image and no link that runs something."""
    script = "[[answer]]\nmatch = ''\ntext = 'See ![x](https://evil.example/a.png) and [run](command:evil).'\n"
    editor = await open_editor(script)
    text = await editor.hover(editor.open("a.py", ADD), "add")
    assert "evil.example" not in text and "command:" not in text


async def test_plain_text_client(open_editor: Any) -> None:
    """Where a client shows no markdown there is none in its hovers."""
    can = types.HoverClientCapabilities(content_format=[types.MarkupKind.PlainText])
    editor = await open_editor(text_document__hover=can)
    assert await editor.hover(editor.open("a.py", ADD), "add") == (
        "def add(left, right)\n\ncalled by `twice`\n\nAdds numbers."
    )


async def test_no_model(open_editor: Any) -> None:
    """A disabled model leaves the facts."""
    editor = await open_editor(options={"hover": {"enabled": False}})
    text = await editor.hover(editor.open("a.py", ADD), "add")
    assert "def add" in text and "Adds" not in text
