"""What a client that follows jobs is told, what was sent to the model, and edits that are looked at before."""

from __future__ import annotations

import json
from typing import Any

import pytest

SUM = """\
def total(values):
    result = 0
    for value in values:
        result += value
    return result
"""
BETTER = "def total(values):\n    return sum(values)\n"
EXPLAINED = "[[answer]]\nmatch = ''\ntext = '<think>A loop.</think>It adds **numbers**.'\n"
EDITED = f"[[answer]]\nmatch = ''\ntext = '''\n```python\n{BETTER}```\n'''\n"


async def asked(editor: Any, method: str, **params: Any) -> dict[str, Any]:
    return dict(await editor.client.protocol.send_request_async(f"glossator/{method}", params))


async def test_the_last_word_says_what_came_of_it(open_editor: Any) -> None:
    """Thought, answer as it is shown, tokens, seconds and model are told; where the code is, too."""
    editor = await open_editor(EXPLAINED)
    last = await editor.over(await editor.run("explain", editor.open("a.py", "\n\n" + SUM), "total"))
    assert last["thought"].strip() == "A loop." and last["markdown"] == "It adds **numbers**."
    assert (last["title"], last["kind"], last["line"]) == ("Explain function total", "answer", 2)
    assert last["model"] == "scripted"
    assert last["tokens"] >= 2 and last["seconds"] >= 0
    assert last["usage"]["promptTokens"] > 0 and last["usage"]["answerTokens"] > 0
    assert "offers" not in last and "remembered" not in last


async def test_what_was_remembered_is_said(open_editor: Any) -> None:
    """The same question a second time: remembered, and nothing was sent."""
    editor = await open_editor(EXPLAINED)
    buffer = editor.open("a.py", SUM)
    await editor.over(await editor.run("explain", buffer, "total"))
    await editor.until(lambda: editor.shown)
    job = await editor.run("explain", buffer, "total")
    assert (await editor.over(job))["remembered"] is True
    assert [each["remembered"] for each in (await asked(editor, "sent", job=job))["questions"]] == [True]


async def test_only_who_follows_is_told(open_editor: Any) -> None:
    """A client that did not say that it follows jobs gets no notification, and what it asked is not kept."""
    editor = await open_editor(EXPLAINED, options={"jobs": False, "preview": True})
    job = await editor.run("explain", editor.open("a.py", SUM), "total")
    await editor.until(lambda: editor.shown)
    assert editor.jobs == []
    assert (await asked(editor, "sent", job=job))["questions"] == []


async def test_what_was_sent(open_editor: Any) -> None:
    """Every turn is there word for word, and the parts of other files that were among it, from where and why."""
    editor = await open_editor(EXPLAINED)
    editor.open("shop/prices.py", "def taxed(price):\n    return price * 1.2\n")
    buffer = editor.open("shop/cart.py", "from prices import taxed\n\n\ndef pay(price):\n    return taxed(price)\n")
    job = await editor.run("explain", buffer, "pay")
    await editor.over(job)
    found = await asked(editor, "sent", job=job)
    (question,) = found["questions"]
    assert [turn["role"] for turn in question["turns"]][-1] == "user" and not question["remembered"]
    assert "return taxed(price)" in question["turns"][-1]["text"] and found["more"] == 0
    piece = next(each for each in found["beyond"] if each["name"] == "taxed")
    assert (piece["line"], piece["why"], piece["shown"]) == (1, "calls", True)
    assert "price * 1.2" in question["turns"][-1]["text"]


async def test_preview_changes_nothing(open_editor: Any) -> None:
    """With `preview` an edit is offered; the text before and after can be seen, and only a choice applies it."""
    editor = await open_editor(EDITED, options={"preview": True})
    buffer = editor.open("a.py", SUM)
    job = await editor.run("refactor", buffer, "total")
    last = await editor.over(job)
    assert (last["state"], last["offered"], last["offers"]) == ("done", True, 1)
    assert buffer.text == SUM and editor.edits == []
    shown = await asked(editor, "proposal", job=job)
    assert (shown["before"], shown["after"], shown["version"]) == (SUM, BETTER, buffer.version)
    assert (shown["number"], shown["of"]) == (1, 1) and "parses" in shown["rungs"]
    before = len(editor.jobs)
    await editor.command("glossator.choose", {"job": job, "number": 1})
    told = (await editor.until(lambda: editor.jobs[before:]))[-1]
    assert buffer.text == BETTER and told["applied"] is True and "offered" not in told and "candidates" not in told


async def test_a_preview_is_declined(open_editor: Any) -> None:
    """Number 0 of an offered edit: nothing is applied, and it is not offered any more."""
    editor = await open_editor(EDITED, options={"preview": True})
    buffer = editor.open("a.py", SUM)
    job = await editor.run("refactor", buffer, "total")
    await editor.over(job)
    before = len(editor.jobs)
    await editor.command("glossator.choose", {"job": job, "number": 0})
    told = (await editor.until(lambda: editor.jobs[before:]))[-1]
    assert "offered" not in told and buffer.text == SUM and editor.edits == []


async def test_a_preview_follows_the_text(open_editor: Any) -> None:
    """What is typed elsewhere is in the preview; after a change of the function itself there is none, nor an edit."""
    editor = await open_editor(EDITED, options={"preview": True})
    buffer = editor.open("a.py", SUM)
    job = await editor.run("refactor", buffer, "total")
    await editor.over(job)
    editor.type(buffer, 0, "import os\n\n\n")
    shown = await asked(editor, "proposal", job=job)
    assert (shown["before"], shown["after"]) == ("import os\n\n\n" + SUM, "import os\n\n\n" + BETTER)
    editor.type(buffer, buffer.text.index("result = 0") + 10, "  # start")
    after = buffer.text
    with pytest.raises(Exception, match="as any of them left it"):
        await asked(editor, "proposal", job=job)
    await editor.command("glossator.choose", {"job": job, "number": 1})
    await editor.until(lambda: editor.messages)
    assert "nothing was changed" in editor.messages[0] and buffer.text == after and editor.edits == []


@pytest.mark.parametrize("select", [False, True])
async def test_an_applied_edit_is_taken_back(open_editor: Any, select: bool) -> None:
    """Number 0 puts the code back as it was, number 1 the edit in again: of a definition and of a selection."""
    loop = SUM[SUM.index("    for") : SUM.index("    return")]
    again = "    result = sum(values)\n"
    text = f"[[answer]]\nmatch = ''\ntext = '''\n```python\n{again if select else BETTER}```\n'''\n"
    editor = await open_editor(text)
    buffer = editor.open("a.py", SUM)
    more: dict[str, Any] = {}
    if select:
        start = SUM.index(loop)
        ends = [buffer.position(start), buffer.position(start + len(loop))]
        more["range"] = dict(
            zip(("start", "end"), ({"line": at.line, "character": at.character} for at in ends), strict=True)
        )
    job = await editor.run("refactor", buffer, "for", instruction="use sum", **more)
    last = await editor.over(job)
    assert last["applied"] is True and "candidates" not in last
    changed = buffer.text
    assert changed != SUM
    for number, expected in ((0, SUM), (0, SUM), (1, changed)):
        before = len(editor.jobs)
        await editor.command("glossator.choose", {"job": job, "number": number})
        told = (await editor.until(lambda before=before: editor.jobs[before:]))[-1]
        assert (buffer.text, told.get("applied", False)) == (expected, bool(number)), editor.messages


LOOP = SUM[SUM.index("    for") : SUM.index("    return")]
CHECK = "    print(result, 'is the sum')\n"


@pytest.mark.parametrize(("old", "new"), [(LOOP, LOOP + CHECK), (LOOP + CHECK, LOOP)], ids=["grown", "shrunk"])
async def test_an_edit_that_holds_the_old_code_is_taken_back(open_editor: Any, old: str, new: str) -> None:
    """Where the new code of a selection contains the old or the other way round, it is known which of them is there:
    nothing is put in twice, also after the editor's own undo."""
    source = SUM.replace(LOOP, old)
    editor = await open_editor(f'[[answer]]\nmatch = \'\'\ntext = """\n```python\n{new}```\n"""\n')
    buffer = editor.open("a.py", source)
    start = source.index(old)
    ends = (buffer.position(start), buffer.position(start + len(old)))
    chosen = {
        name: {"line": at.line, "character": at.character} for name, at in zip(("start", "end"), ends, strict=True)
    }
    job = await editor.run("refactor", buffer, "for", instruction="print the sum or not", range=chosen)
    last = await editor.over(job)
    changed = source.replace(old, new)
    assert (last["applied"], buffer.text) == (True, changed), editor.messages
    for number, by_hand in ((0, False), (1, False), (1, False), (0, True), (1, True)):
        expected = changed if number else source
        if by_hand:
            editor.type(buffer, start, new if number else old, start + len(old if buffer.text == source else new))
        before = len(editor.jobs)
        await editor.command("glossator.choose", {"job": job, "number": number})
        told = (await editor.until(lambda before=before: editor.jobs[before:]))[-1]
        assert (buffer.text, told.get("applied", False)) == (expected, bool(number)), editor.messages


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sent", {"job": "job-99"}),
        ("sent", {"job": 5}),
        ("proposal", {"job": "job-99"}),
        ("proposal", {"number": "one"}),
        ("proposal", {"number": 7}),
    ],
)
async def test_bad_questions(open_editor: Any, method: str, params: dict[str, Any]) -> None:
    """What names no job or no edit is refused as such, with a sentence."""
    editor = await open_editor(EDITED)
    await editor.over(await editor.run("refactor", editor.open("a.py", SUM), "total"))
    with pytest.raises(Exception, match=r"job|number") as caught:
        await asked(editor, method, **params)
    assert caught.value.code == -32602  # type: ignore[attr-defined]
    for arguments in ({"job": "job-99"}, {"job": params.get("job", "x"), "number": json.dumps(params)}):
        with pytest.raises(Exception, match=r"job|number"):
            await editor.command("glossator.choose", arguments)
