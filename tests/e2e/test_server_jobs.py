"""Commands, their progress, what they deliver, and how they are stopped."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from glossator.answer import limited

SUM = """\
def total(values):
    result = 0
    for value in values:
        result += value
    return result
"""
BETTER = "def total(values):\n    return sum(values)\n"


def answers(code: str = BETTER, delay: int = 0, thought: str = "") -> str:
    think = f"<think>{thought}</think>" if thought else ""
    return f"[[answer]]\nmatch = ''\ntext = '''{think}\n```python\n{code}```\n'''\ndelay_ms_per_token = {delay}\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_command_progress_edit(open_editor: Any, encoding: str) -> None:
    """A command returns a job at once; progress shows stage and thought; a versioned edit arrives and fits."""
    editor = await open_editor(answers(delay=40, thought="A sum.\nThere is a function for it."), encoding=encoding)
    head = "s = '😀é漢𝒳'  # \f \x85 \u2028 end\r\n"
    buffer = editor.open("a.py", head + SUM)
    begun = time.perf_counter()
    job = await editor.run("refactor", buffer, "result = 0")
    assert time.perf_counter() - begun < 3
    last = await editor.over(job)
    assert last["state"] == "done" and "parses" in last["rungs"]
    assert editor.edits[0].edit.document_changes[0].text_document.version == 1
    assert buffer.text == head + BETTER and editor.messages == []
    states = [each["state"] for each in editor.jobs if each["job"] == job]
    assert states[0] == "queued" and "thinking" in states
    assert "There is a function for it." in last["thought"]
    kinds = [each.kind for each in editor.progress]
    assert kinds[0] == "begin" and kinds[-1] == "end" and "report" in kinds
    assert any("thinking" in (each.message or "") for each in editor.progress)


async def test_stop_while_the_edit_is_applied(open_editor: Any) -> None:
    """Stop that comes when the edit is with the client stops nothing: it is told that the edit is in the document."""
    editor = await open_editor(answers())
    buffer = editor.open("a.py", SUM)
    stops: list[Any] = []

    def stop() -> None:
        params = types.ExecuteCommandParams(command="glossator.stop", arguments=[])
        stops.append(editor.client.workspace_execute_command(params))

    editor.before_apply = stop
    last = await editor.over(await editor.run("refactor", buffer, "total"))
    assert (last["state"], last.get("applied")) == ("done", True) and buffer.text == BETTER
    assert [(await asyncio.wrap_future(stopped)) for stopped in stops] == [{"stopped": []}]


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
async def test_edit_keeps_line_ends(open_editor: Any, eol: str) -> None:
    """An edit of a document brings no foreign line ends into it."""
    editor = await open_editor(answers())
    buffer = editor.open("a.py", SUM.replace("\n", eol))
    await editor.over(await editor.run("refactor", buffer, "total"))
    assert buffer.text == BETTER.replace("\n", eol)


async def test_typing_elsewhere_meanwhile(open_editor: Any) -> None:
    """Lines typed above while the model worked move the edit with its function."""
    editor = await open_editor(answers(delay=40))
    buffer = editor.open("a.py", SUM + "\n\nprint(total([1]))\n")
    await editor.run("refactor", buffer, "total")
    editor.type(buffer, 0, "import os\n\n\n")
    await editor.until(lambda: editor.edits)
    assert buffer.text == "import os\n\n\n" + BETTER + "\n\nprint(total([1]))\n"
    assert editor.edits[0].edit.document_changes[0].text_document.version == 2


async def test_typing_in_the_target_meanwhile(open_editor: Any) -> None:
    """A function that was edited while the model worked is left alone, with a word about it."""
    editor = await open_editor(answers(delay=40))
    buffer = editor.open("a.py", SUM)
    job = await editor.run("refactor", buffer, "total")
    editor.type(buffer, buffer.text.index("result = 0") + 10, "  # start")
    after = buffer.text
    await editor.until(lambda: editor.messages)
    assert buffer.text == after and not editor.edits
    assert "nothing was changed" in editor.messages[0]
    assert (await editor.over(job))["state"] in ("done", "refused")


async def test_typing_between_look_and_apply(open_editor: Any) -> None:
    """An edit that the editor refuses for its version is sent again for the new one."""
    editor = await open_editor(answers())
    buffer = editor.open("a.py", SUM)
    typed = iter([True])
    editor.before_apply = lambda: next(typed, None) and editor.type(buffer, 0, "import os\n\n\n")
    await editor.run("refactor", buffer, "total")
    await editor.until(lambda: len(editor.edits) == 2)
    assert buffer.text == "import os\n\n\n" + BETTER


async def test_refused_before_typing_is_told(open_editor: Any) -> None:
    """Eglot refuses an edit for another version with an error, and only then tells what was typed: it is sent again."""
    editor = await open_editor(answers())
    buffer = editor.open("a.py", SUM)
    typed = iter([True])

    def refuse() -> None:
        if next(typed, None):
            asyncio.get_running_loop().call_later(0.3, editor.type, buffer, 0, "import os\n\n\n")
            raise RuntimeError("edits require version 1, you have 2")

    editor.before_apply = refuse
    await editor.run("refactor", buffer, "total")
    await editor.until(lambda: buffer.text == "import os\n\n\n" + BETTER)
    assert not editor.messages


async def test_closing_meanwhile(open_editor: Any) -> None:
    """A document that was closed while the model worked is not touched, and the server lives."""
    editor = await open_editor(answers(delay=40))
    buffer = editor.open("a.py", SUM)
    await editor.run("refactor", buffer, "total")
    editor.close(buffer)
    await editor.until(lambda: editor.messages)
    assert "closed" in editor.messages[0] and not editor.edits
    assert (await editor.status())["engine"]["state"] == "idle"


HELD = "[[answer]]\nmatch = ''\ntext = 'word word word'\nhold = true\n"


@pytest.mark.parametrize("way", ["progress", "command", "all"])
async def test_cancel(open_editor: Any, way: str) -> None:
    """Cancel on the progress and `glossator.stop` end the job and the engine's work, quickly and quietly."""
    editor = await open_editor(HELD)
    buffer = editor.open("a.py", SUM)
    job = await editor.run("explain", buffer, "total")
    await editor.until(lambda: any(each["state"] == "answering" for each in editor.jobs))
    assert (await editor.status())["engine"]["state"] == "busy"
    begun = time.perf_counter()
    if way == "progress":
        await editor.until(lambda: editor.progress)
        token = next(iter(editor.client.progress_reports))
        editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    else:
        stopped = await editor.command("glossator.stop", *([{"job": job}] if way == "command" else []))
        assert stopped["stopped"] == [job]
    assert (await editor.over(job))["state"] == "stopped"
    assert time.perf_counter() - begun < 3
    assert (await editor.status())["engine"]["state"] == "idle"
    await editor.until(lambda: editor.progress and editor.progress[-1].kind == "end")
    assert editor.messages == [] and editor.edits == []


async def test_answer_is_a_document(open_editor: Any) -> None:
    """An explanation opens as a document where the editor can open one."""
    editor = await open_editor()
    await editor.run("explain", editor.open("a.py", SUM), "total")
    await editor.until(lambda: editor.shown)
    assert "Adds **numbers**." in editor.shown[0] and editor.messages == []


async def test_answer_is_a_message(open_editor: Any) -> None:
    """An explanation is a message where the editor opens no documents."""
    editor = await open_editor(window__show_document=None)
    await editor.run("explain", editor.open("a.py", SUM), "total")
    await editor.until(lambda: editor.messages)
    assert "Adds **numbers**." in editor.messages[0]


async def test_helix_opens_documents(open_editor: Any) -> None:
    """Helix opens documents without saying so at the start."""
    editor = await open_editor(name="helix", window__show_document=None)
    await editor.run("explain", editor.open("a.py", SUM), "total")
    await editor.until(lambda: editor.shown)
    assert "Adds **numbers**." in editor.shown[0] and editor.messages == []


async def test_refusal_is_told_with_reasons(open_editor: Any) -> None:
    """An edit that does not pass its checks is refused with the reasons, and nothing changes."""
    editor = await open_editor(answers("def other(\n"))
    buffer = editor.open("a.py", SUM)
    job = await editor.run("refactor", buffer, "total")
    last = await editor.over(job)
    assert last["state"] == "refused" and last["reasons"]
    await editor.until(lambda: editor.messages)
    assert last["reasons"][0] in editor.messages[0] and buffer.text == SUM and not editor.edits


@pytest.mark.skipif(not limited.run("pass").passed, reason="code is run in the limited child alone")
@pytest.mark.parametrize("who", ["user", "workspace"])
async def test_examples_are_run_for_the_user_alone(open_editor: Any, who: str) -> None:
    """With the user's own setting an edit that breaks an example is refused; the workspace's setting runs nothing."""
    setting = {"run": {"examples": True}}
    given = (
        {"options": setting}
        if who == "user"
        else {"configuration": {"glossator": setting}, "workspace__configuration": True}
    )
    editor = await open_editor(answers("def total(values):\n    return max(values)\n"), **given)
    doc = '    """The sum.\n\n    >>> total([2, 3])\n    5\n    """\n'
    buffer = editor.open("a.py", SUM.replace("    result = 0", f"{doc}    result = 0"))
    last = await editor.over(await editor.run("refactor", buffer, "result = 0"))
    if who == "user":
        assert last["state"] == "refused"
        assert "`total([2, 3])` should give 5, but gives 3" in last["reasons"]
    else:
        assert last["state"] == "done"
        assert "example" not in " ".join(last["rungs"])


@pytest.mark.usefixtures("walled")
@pytest.mark.parametrize("who", ["user", "workspace"])
async def test_tests_are_run_for_the_user_alone(open_editor: Any, who: str, tmp_path: Path) -> None:
    """With the user's own command an edit that fails it is refused; a command of the workspace is never started."""
    setting = {"run": {"tests": [sys.executable, "-S", "check.py"]}}
    given = (
        {"options": setting}
        if who == "user"
        else {"configuration": {"glossator": setting}, "workspace__configuration": True}
    )
    editor = await open_editor(answers("def total(values):\n    return max(values)\n"), **given)
    (tmp_path / "workspace" / "check.py").write_text("from a import total\n\nassert total([2, 3]) == 5, 'no sum'\n")
    last = await editor.over(await editor.run("refactor", editor.open("a.py", SUM), "result = 0"))
    if who == "user":
        assert last["state"] == "refused"
        assert "the tests passed before, and fail with it: AssertionError: no sum" in last["reasons"]
    else:
        assert last["state"] == "done"
        assert "tests" not in " ".join(last["rungs"]) + last.get("note", "")


async def test_failure_is_one_message(open_editor: Any) -> None:
    """A failing engine is told once, in a sentence."""
    editor = await open_editor("[[answer]]\nmatch = ''\ntext = ''\nerror = 'the model is out of order'\n")
    job = await editor.run("explain", editor.open("a.py", SUM), "total")
    assert (await editor.over(job))["state"] == "failed"
    await editor.until(lambda: editor.messages)
    await asyncio.sleep(0.2)
    assert len(editor.messages) == 1
    assert "the model is out of order" in editor.messages[0] and "Traceback" not in editor.messages[0]


TESTS = answers("from a import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n")


async def test_new_file_needs_a_yes(open_editor: Any) -> None:
    """A new file arrives as an annotated change that the editor lets its user confirm."""
    editor = await open_editor(TESTS)
    await editor.run("write_tests", editor.open("a.py", SUM), "total")
    await editor.until(lambda: editor.edits or editor.messages)
    assert editor.messages == []
    edit = editor.edits[0].edit
    assert [note.needs_confirmation for note in edit.change_annotations.values()] == [True]
    assert edit.document_changes[0].annotation_id in edit.change_annotations
    assert "def test_total" in editor.buffers[editor.created[0]].text
    assert editor.created[0].startswith((editor.home / "workspace").as_uri())


@pytest.mark.parametrize("yes", [True, False])
async def test_new_file_is_asked_for(open_editor: Any, yes: bool) -> None:
    """An editor without annotations is asked first; no means no."""
    plain = types.WorkspaceEditClientCapabilities(
        document_changes=True, resource_operations=[types.ResourceOperationKind.Create]
    )
    editor = await open_editor(TESTS, workspace__workspace_edit=plain)
    editor.choice = "Create" if yes else None
    job = await editor.run("write_tests", editor.open("a.py", SUM), "total")
    await editor.over(job)
    await editor.until(lambda: editor.questions)
    if yes:
        await editor.until(lambda: editor.created)
    else:
        await asyncio.sleep(0.2)
        assert not editor.created


async def test_shorthands_and_last_place(open_editor: Any) -> None:
    """`glossator.explain` without arguments works where the editor last asked something."""
    editor = await open_editor()
    buffer = editor.open("a.py", SUM)
    await editor.menu(buffer, "total")
    assert (await editor.command("glossator.explain"))["job"]
    await editor.until(lambda: editor.shown)


async def test_reasoning_is_kept(open_editor: Any) -> None:
    """The thought behind the last answer can be shown afterwards."""
    editor = await open_editor("[[answer]]\nmatch = ''\ntext = '<think>It is a loop.</think>It adds.'\n")
    job = await editor.run("explain", editor.open("a.py", SUM), "total")
    await editor.over(job)
    reasoning = await editor.command("glossator.showReasoning", {"job": job})
    assert reasoning["thought"].strip() == "It is a loop." and "It adds." in reasoning["answer"]


async def test_forgetting(open_editor: Any) -> None:
    """A forgotten answer is asked for again."""
    editor = await open_editor()
    buffer = editor.open("a.py", SUM)
    for _ in range(2):
        await editor.over(await editor.run("explain", buffer, "total"))
        await editor.until(lambda: editor.shown)
    assert (await editor.status())["cache"]["hits"] >= 1
    await editor.command("glossator.forget")
    await asyncio.sleep(0.3)
    misses = (await editor.status())["cache"]["misses"]
    await editor.over(await editor.run("explain", buffer, "total"))
    assert (await editor.status())["cache"]["misses"] == misses + 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "no_such_action", "uri": "file:///x.py", "position": {"line": 0, "character": 0}},
        {"action": 5},
        {"action": "explain", "uri": "file:///x.py", "position": {"line": "a", "character": 0}},
        {"action": "explain", "uri": "file:///x.py", "range": {"start": 1}},
        {"action": "ask", "uri": None},
        ["explain"],
        "explain",
    ],
)
async def test_bad_arguments(open_editor: Any, arguments: Any) -> None:
    """Arguments that do not fit are refused as such, with a sentence."""
    editor = await open_editor()
    with pytest.raises(Exception, match=r"glossator\.run|there is no action|say where|needs") as caught:
        await editor.command("glossator.run", arguments)
    assert caught.value.code == -32602


async def test_gone_file(open_editor: Any) -> None:
    """A document that is neither open nor on disk is named in the answer."""
    editor = await open_editor()
    with pytest.raises(Exception, match="not open"):
        await editor.command(
            "glossator.run", {"action": "explain", "uri": "file:///no/such.py", "position": {"line": 0, "character": 0}}
        )
