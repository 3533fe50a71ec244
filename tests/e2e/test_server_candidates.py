"""What a search found, tried one after the other in the document, as an editor sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

RANGE = '''\
import os


class Range:
    def holds(self, value):
        """Whether a value is in the range, its ends too."""
        if value < self.low:
            return False
        return value < self.high
'''
FOUND = [
    RANGE.replace("value < self.high", "value <= self.high"),
    RANGE.replace("value < self.low", "value > self.low"),
    RANGE.replace("return False", "return True"),
]


def script(text: str = "I cannot say.", **more: Any) -> str:
    """Three places that the model doubts; with each of them the definition is likelier than it is."""
    tables: list[tuple[str, dict[str, Any]]] = [("answer", {"text": text, **more})]
    for place, rather, then in (
        (" < self.high", " <=", " self.high"),
        (" < self.low", " >", " self.low:"),
        (" False", " True", ""),
    ):
        tables.append(("doubt", {"place": place, "rather": rather, "then": then}))
    for match, logprob in (
        (r"value <= self\.high", -3.0),
        (r"value > self\.low", -4.0),
        ("return True", -5.0),
        (r"if .*value < self\.high\n```", -9.0),
        ("", -99.0),
    ):
        tables.append(("score", {"match": match, "logprob": logprob}))
    return "\n".join(
        f"[[{name}]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for name, table in tables
    )


Fixed = Callable[..., Awaitable[tuple[Any, Any, str]]]


@pytest.fixture
def fixed(open_editor: Any) -> Fixed:
    """An editor in which a search has repaired `holds`; the buffer and the job."""

    async def start(text: str = RANGE, **options: Any) -> tuple[Any, Any, str]:
        editor = await open_editor(script(), **options)
        buffer = editor.open("ranges.py", text)
        job = await editor.run("fix", buffer, "holds")
        if options.get("options"):  # it does not follow jobs
            await editor.until(lambda: editor.messages)
        else:
            await editor.over(job)
        return editor, buffer, job

    return start


async def turned(editor: Any, way: str, *arguments: Any) -> dict[str, Any]:
    """What the editor is told after `glossator.next` or `glossator.previous`."""
    before = len(editor.jobs)
    job = (await editor.command(f"glossator.{way}", *arguments))["job"]
    last = await editor.until(lambda: editor.jobs[before:])
    assert last[-1]["job"] == job
    return dict(last[-1])


async def test_ring(fixed: Fixed) -> None:
    """Each next one takes the place of the one before; after the last comes the code as it was, then the first."""
    editor, buffer, job = await fixed()
    last = await editor.over(job)
    assert (last["state"], last["candidate"], last["candidates"]) == ("done", 1, 3)
    assert last["said"] == "Fix holds: 1 of 3; next: `if value > self.low:`"
    assert "likeliest of 3" in editor.progress[-1].message
    seen = [buffer.text]
    for number in (2, 3, 0, 1):
        told = await turned(editor, "next", {"job": job})
        assert (told["candidate"], told["candidates"]) == (number, 3)
        seen.append(buffer.text)
    assert seen == [*FOUND, RANGE, FOUND[0]]
    assert (await turned(editor, "previous"))["candidate"] == 0
    assert (await turned(editor, "previous"))["candidate"] == 3
    assert buffer.text == FOUND[2] and editor.messages == []


async def test_smallest_edits(fixed: Fixed) -> None:
    """Only the lines in which two of them differ are replaced, for the version that is there."""
    editor, buffer, _ = await fixed()
    await turned(editor, "next")
    change = editor.edits[-1].edit.document_changes[0]
    assert change.text_document.version == buffer.version - 1
    assert sorted(edit.range.start.line for edit in change.edits) == [6, 8]
    assert all(edit.range.end.line <= edit.range.start.line + 1 for edit in change.edits)


async def test_told_in_a_message(fixed: Fixed) -> None:
    """An editor that does not follow jobs tells its user in a message."""
    editor, buffer, _ = await fixed(options={"jobs": False})
    await editor.until(lambda: editor.messages)
    assert editor.messages == ["Glossator: Fix holds: 1 of 3; next: `if value > self.low:`"]
    await editor.command("glossator.previous")
    await editor.until(lambda: len(editor.messages) == 2)
    assert editor.messages[1] == "Glossator: Fix holds: the code as it was; next: `return value <= self.high`"
    assert buffer.text == RANGE


async def test_quick_presses(fixed: Fixed) -> None:
    """Two key presses at once are two steps."""
    editor, buffer, _ = await fixed()
    await asyncio.gather(editor.command("glossator.next"), editor.command("glossator.next"))
    await editor.until(lambda: buffer.text == FOUND[2])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_text_changed_elsewhere(fixed: Fixed, encoding: str) -> None:
    """What was typed around the definition stays, and the next one finds its place."""
    editor, buffer, _ = await fixed(encoding=encoding)
    editor.type(buffer, 0, "s = '😀é漢𝒳'\n")
    editor.type(buffer, len(buffer.text), "\nlast = 1\n")
    await turned(editor, "next")
    assert buffer.text == "s = '😀é漢𝒳'\n" + FOUND[1] + "\nlast = 1\n"


async def test_typing_between_look_and_apply(fixed: Fixed) -> None:
    """One that the editor refuses for its version is sent again for the new one."""
    editor, buffer, _ = await fixed()
    typed = iter([True])
    editor.before_apply = lambda: next(typed, None) and editor.type(buffer, 0, "import re\n")
    assert (await turned(editor, "next"))["candidate"] == 2
    assert buffer.text == "import re\n" + FOUND[1] and len(editor.edits) == 3


async def test_definition_changed(fixed: Fixed) -> None:
    """A definition that is none of them any longer is left alone, with a sentence; once it is again, it goes on."""
    editor, buffer, job = await fixed()
    at = buffer.text.index("return False")
    editor.type(buffer, at, "pass; ")
    after, edits = buffer.text, len(editor.edits)
    told = await turned(editor, "next")
    assert "candidate" not in told and "said" not in told and "no longer" in told["reasons"][0]
    assert told["candidates"] == 3, "an undo may bring one back: it can still be chosen from"
    await editor.until(lambda: editor.messages)
    assert "nothing was changed" in editor.messages[0] and "Fix holds" in editor.messages[0]
    assert buffer.text == after and len(editor.edits) == edits
    editor.type(buffer, at, "", at + len("pass; "))
    told = await turned(editor, "next", {"job": job})
    assert told["candidate"] == 2 and "reasons" not in told and buffer.text == FOUND[1]


async def test_undone(fixed: Fixed) -> None:
    """After undo the next one follows what is in the document."""
    editor, buffer, _ = await fixed()
    await turned(editor, "next")
    editor.type(buffer, 0, FOUND[0], len(buffer.text))  # what undo leaves
    assert (await turned(editor, "next"))["candidate"] == 2
    editor.type(buffer, 0, RANGE, len(buffer.text))
    assert (await turned(editor, "next"))["candidate"] == 1


async def test_line_ends_stay(fixed: Fixed) -> None:
    """No foreign line ends come into the document, and all of its own stay."""
    editor, buffer, _ = await fixed(RANGE.replace("\n", "\r\n"))
    await turned(editor, "next")
    assert buffer.text == FOUND[1].replace("\n", "\r\n")
    await turned(editor, "next")
    await turned(editor, "next")
    assert buffer.text == RANGE.replace("\n", "\r\n")


async def test_closed(fixed: Fixed) -> None:
    """A document that is closed is not touched; opened again it is."""
    editor, buffer, _ = await fixed()
    text = buffer.text
    editor.close(buffer)
    assert "not open" in (await turned(editor, "next"))["reasons"][0]
    buffer = editor.open("ranges.py", text)
    assert (await turned(editor, "next"))["candidate"] == 2
    assert buffer.text == FOUND[1]


async def test_editor_refuses(fixed: Fixed) -> None:
    """What the editor says when it does not apply the edit is told, and the one in the document stays the one."""
    editor, buffer, _ = await fixed()

    def break_down() -> None:
        raise RuntimeError("the file is read-only")

    editor.before_apply = break_down
    told = await turned(editor, "next")
    assert "did not apply it" in told["reasons"][0] and (told["candidate"], told["candidates"]) == (1, 3)
    assert buffer.text == FOUND[0]


async def test_nothing_to_choose_from(open_editor: Any) -> None:
    """Without a search that found several there is a sentence, for an unknown job another one."""
    editor = await open_editor("[[answer]]\ntext = '```python\ndef f():\n    return 2\n```'\n")
    with pytest.raises(Exception, match="nothing to choose from"):
        await editor.command("glossator.next")
    buffer = editor.open("a.py", "def f():\n    return 1\n")
    job = await editor.run("refactor", buffer, "f")
    await editor.over(job)
    with pytest.raises(Exception, match="nothing to choose from"):
        await editor.command("glossator.previous", {"job": job})
    with pytest.raises(Exception, match="no job job-99") as caught:
        await editor.command("glossator.next", {"job": "job-99"})
    assert caught.value.code == -32602
    with pytest.raises(Exception, match="job must be a text") as caught:
        await editor.command("glossator.next", {"job": 3})
    assert caught.value.code == -32602


TWO = RANGE + RANGE.replace("import os", "").replace("class Range", "class Other")
REPAIR = ("value < self.high", "value <= self.high")


@pytest.fixture
def fixed_twice(open_editor: Any) -> Fixed:
    """An editor in which both `holds` of a file were repaired, the first last; the buffer, and the first's job."""

    async def start(text: str = TWO, **options: Any) -> tuple[Any, Any, str]:
        editor = await open_editor(script(), **options)
        buffer = editor.open("ranges.py", text)
        for word in ("class Other", "class Range"):
            at = buffer.text.index(word)
            answer = await editor.command("glossator.run", {"action": "fix", **place(buffer, "holds", at)})
            await editor.over(answer["job"])
        assert buffer.text == TWO.replace(*REPAIR)
        return editor, buffer, answer["job"]

    return start


def place(buffer: Any, word: str, after: int = 0) -> dict[str, Any]:
    """The argument of a client that says where its user is."""
    at = buffer.position(buffer.text.index(word, after))
    return {"uri": buffer.uri, "position": {"line": at.line, "character": at.character}}


async def test_the_definition_at_the_cursor(fixed_twice: Fixed) -> None:
    """Without a job the definition at the cursor is meant, whichever was repaired last; elsewhere the last one."""
    editor, buffer, last = await fixed_twice()
    assert (await turned(editor, "next", place(buffer, "holds")))["job"] == last
    told = await turned(editor, "next", place(buffer, "holds", buffer.text.index("class Other")))
    other = told["job"]
    assert other != last and told["candidate"] == 2
    assert (await turned(editor, "next", place(buffer, "import os")))["job"] == other
    editor.type(buffer, buffer.text.index("return False"), "pass; ")
    before = buffer.text
    told = await turned(editor, "next", place(buffer, "pass; "))
    assert told["job"] == last and "no longer" in told["reasons"][0] and buffer.text == before


async def test_the_file_of_the_user(fixed: Fixed) -> None:
    """A file without repairs is left alone, and the one that is asked about is preferred to the one repaired last."""
    editor, buffer, first = await fixed()
    other = editor.open("other.py", RANGE)
    with pytest.raises(Exception, match="nothing to choose from in this file"):
        await editor.command("glossator.next", place(other, "holds"))
    second = await editor.run("fix", other, "holds")
    await editor.over(second)
    assert (await turned(editor, "next", {"uri": buffer.uri}))["job"] == first
    assert (await turned(editor, "next"))["job"] == second, "there something was asked last"
    await editor.menu(buffer, "value <", only=["source"])
    assert (await turned(editor, "next"))["job"] == first
    assert buffer.text == FOUND[2] and other.text == FOUND[1]
    empty = editor.open("empty.py", "")
    await editor.menu(empty, "", only=["source"])
    assert (await turned(editor, "next"))["job"] == first, "where nothing can be chosen the last one is meant"


def choices(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["title"] for entry in entries if "next" in entry["title"] or "previous" in entry["title"]]


async def test_menu(fixed: Fixed) -> None:
    """In the definition the menu leads on, as long as one of them is there; elsewhere it does not."""
    editor, buffer, job = await fixed()
    entries = await editor.menu(buffer, "value <=")
    assert choices(entries) == ["Fix holds: next (2 of 3)", "Fix holds: previous (the code as it was)"]
    assert entries[0]["command"] == {
        "title": entries[0]["title"],
        "command": "glossator.next",
        "arguments": [{"job": job}],
    }
    assert entries[0]["tags"] == [1] and not entries[0].get("isPreferred")
    assert choices(await editor.menu(buffer, "import os")) == []
    assert choices(await editor.menu(buffer, "value <=", only=["quickfix"])) == []
    await turned(editor, "next", *entries[0]["command"]["arguments"])
    assert choices(await editor.menu(buffer, "value >"))[0] == "Fix holds: next (3 of 3)"
    editor.type(buffer, buffer.text.index("return False"), "pass; ")
    assert choices(await editor.menu(buffer, "value >")) == []


async def test_menu_of_an_editor_that_takes_no_edits(fixed: Fixed) -> None:
    """Where edits cannot be sent, the menu's entries hold them, from the first on."""
    editor, buffer, _ = await fixed(workspace__apply_edit=False)
    await editor.until(lambda: editor.messages)
    assert "open the code action menu" in editor.messages[0] and buffer.text == RANGE
    for text in (*FOUND, RANGE):
        entry = (await editor.menu(buffer, "holds"))[0]
        assert "next" in entry["title"] and "command" not in entry
        editor.choose(buffer, entry)
        assert buffer.text == text
    await editor.command("glossator.next")
    await editor.until(lambda: len(editor.messages) == 2)
    assert "code action menu" in editor.messages[1] and buffer.text == RANGE


async def test_menu_with_a_single_repair(open_editor: Any) -> None:
    """An editor that takes no edits finds the only repair of a search in the menu, too; others have it already."""
    only = script().replace('then = " self.low:"', 'then = ""').replace('rather = " True"', 'rather = " False"')
    editor = await open_editor(only, workspace__apply_edit=False)
    buffer = editor.open("ranges.py", RANGE)
    last = await editor.over(await editor.run("fix", buffer, "holds"))
    assert last["state"] == "done" and "candidate" not in last
    assert (await editor.menu(buffer, "holds"))[0]["title"] == "Fix holds: apply the edit"
    with pytest.raises(Exception, match="nothing to choose from"):
        await editor.command("glossator.next")
