"""The code action menu, as an editor sees it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from lsprotocol import types

ADD = "def add(left, right):\n    return left + right\n"


def kinds(entries: list[dict[str, Any]]) -> set[str]:
    return {entry["kind"] for entry in entries}


async def test_entries_at_a_function(open_editor: Any) -> None:
    """A function offers explanations and rewrites, each marked as a model's, none preferred, none a quick fix."""
    editor = await open_editor()
    entries = await editor.menu(editor.open("a.py", ADD), "add")
    assert {"glossator.explain", "refactor.rewrite.glossator"} <= kinds(entries)
    assert not any(kind.startswith(("quickfix", "source")) for kind in kinds(entries))
    for entry in entries:
        assert entry["tags"] == [1] and not entry.get("isPreferred") and "edit" not in entry
        assert entry["command"]["command"] == "glossator.run"


async def test_quick_fix_only_with_diagnostics(open_editor: Any) -> None:
    """With a diagnostic there is a fix, tied to that diagnostic."""
    editor = await open_editor()
    buffer = editor.open("a.py", ADD)
    where = types.Range(types.Position(1, 11), types.Position(1, 15))
    wrong = types.Diagnostic(where, "undefined name 'left'", types.DiagnosticSeverity.Error)
    fixes = [entry for entry in await editor.menu(buffer, "left +", diagnostics=[wrong]) if "quickfix" in entry["kind"]]
    assert [entry["kind"] for entry in fixes] == ["quickfix.glossator"]
    assert fixes[0]["diagnostics"][0]["message"] == wrong.message


async def test_explain_a_diagnostic(open_editor: Any) -> None:
    """Where a diagnostic is, its meaning can be explained: the model is shown the message and its line."""
    script = (
        "[[answer]]\nmatch = 'undefined name .left. \\(at `return left'\ntext = 'A NameError: it is no parameter.'\n"
    )
    editor = await open_editor(script)
    buffer = editor.open("a.py", ADD)
    where = types.Range(types.Position(1, 11), types.Position(1, 15))
    wrong = types.Diagnostic(where, "undefined name 'left'", types.DiagnosticSeverity.Error)
    entries = await editor.menu(buffer, "left +", diagnostics=[wrong], only=["glossator.explain.problem"])
    assert [entry["title"] for entry in entries] == ["Explain the problem in add"]
    assert entries[0]["diagnostics"][0]["message"] == wrong.message
    answer = await editor.command("glossator.run", *entries[0]["command"]["arguments"])
    assert (await editor.over(answer["job"]))["state"] == "done"
    await editor.until(lambda: any("A NameError: it is no parameter." in text for text in editor.shown))
    assert await editor.menu(buffer, "def", only=["glossator.explain.problem"]) == []


async def test_explain_a_selection(open_editor: Any) -> None:
    """Some lines of a function can be explained: the model is shown these lines as what is meant."""
    editor = await open_editor("[[answer]]\nmatch = 'The selection .the selected code.'\ntext = 'It adds them up.'\n")
    buffer = editor.open("a.py", ADD)
    (entry,) = await editor.menu(buffer, "return left + right", select=True, only=["glossator.explain"])
    answer = await editor.command("glossator.run", *entry["command"]["arguments"])
    assert (await editor.over(answer["job"]))["state"] == "done"
    await editor.until(lambda: any("It adds them up." in text for text in editor.shown))


@pytest.mark.parametrize("cursor", ["a", "add", "return ", "\n", "é", "\N{WOMAN}\u200d\N{PERSONAL COMPUTER}"])
async def test_a_word_is_no_selection(open_editor: Any, cursor: str) -> None:
    """Helix' cursor is a character wide, and Eglot sends the word at point: the definition around it is meant."""
    editor = await open_editor()
    buffer = editor.open("a.py", ADD.replace("return", "'é \N{WOMAN}\u200d\N{PERSONAL COMPUTER}'\n    return"))
    titles = [entry["title"] for entry in await editor.menu(buffer, cursor, select=True)]
    assert "Explain function add" in titles and not any("selection" in title for title in titles)


async def test_syntax_error_stands_in(open_editor: Any) -> None:
    """A client that tells of no diagnostics gets a fix where the code does not parse."""
    editor = await open_editor()
    buffer = editor.open("a.py", "def add(left, right):\n    return left + = right\n")
    assert "quickfix.glossator" in kinds(await editor.menu(buffer, "left +"))
    assert "quickfix.glossator" not in kinds(await editor.menu(editor.open("b.py", ADD), "left +"))


async def test_only(open_editor: Any) -> None:
    """`context.only` is honoured, with the kinds below the one that is asked for."""
    editor = await open_editor()
    buffer = editor.open("a.py", ADD)
    assert kinds(await editor.menu(buffer, "add", only=["refactor"])) == {"refactor.rewrite.glossator"}
    explains = kinds(await editor.menu(buffer, "add", only=["glossator.explain"]))
    assert explains == {"glossator.explain", "glossator.explain.more"}
    for kind in ("quickfix", "source", "source.fixAll", "source.organizeImports", "refactor.extract", "glossator.expl"):
        assert await editor.menu(buffer, "add", only=[kind]) == []


async def test_selection_of_an_unknown_language(open_editor: Any) -> None:
    """A selection can be explained in any language."""
    editor = await open_editor()
    buffer = editor.open("a.xyz", "let there be light\n", "xyz")
    assert "glossator.explain" in kinds(await editor.menu(buffer, "there be", select=True))


async def test_resolve_returns_what_it_got(open_editor: Any) -> None:
    """`codeAction/resolve` answers with the very entry, unknown fields included."""
    editor = await open_editor()
    entry = (await editor.menu(editor.open("a.py", ADD), "add"))[0] | {"unknown": {"x": [1, None]}}
    editor.client.protocol.get_result_type = lambda method: None
    editor.client.protocol.get_message_type = lambda method: None
    assert await editor.client.protocol.send_request_async(types.CODE_ACTION_RESOLVE, entry) == entry


async def test_menu_never_waits_for_the_model(open_editor: Any) -> None:
    """The menu is quick while the model works and where there is no model."""
    editor = await open_editor("[[answer]]\nmatch = ''\ntext = 'x'\nhold = true\n")
    buffer = editor.open("a.py", ADD * 200)
    await editor.menu(buffer, "add")
    await editor.run("explain", buffer, "add")
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        assert await editor.menu(buffer, "add")
        times.append(time.perf_counter() - begun)
    assert sorted(times)[2] < 0.05


async def test_old_client_gets_commands(open_editor: Any) -> None:
    """A client without code action literals gets commands."""
    editor = await open_editor(text_document__code_action=types.CodeActionClientCapabilities())
    entries = await editor.menu(editor.open("a.py", ADD), "add")
    assert all(entry["command"] == "glossator.run" for entry in entries) and entries


FIXED = "[[answer]]\ntext = '''\n```python\ndef add(left, right):\n    return right + left\n```\n'''\n"


@pytest.mark.parametrize("remembered", [True, False])
async def test_edit_for_a_client_that_takes_none(open_editor: Any, remembered: bool) -> None:
    """Where edits cannot be sent, the menu holds the fix that was made of a diagnostic, and asks nothing again."""
    editor = await open_editor(FIXED, options={"cache": {"enabled": remembered}}, workspace__apply_edit=False)
    buffer = editor.open("a.py", ADD)
    where = types.Range(types.Position(1, 11), types.Position(1, 15))
    wrong = types.Diagnostic(where, "undefined name 'left'", types.DiagnosticSeverity.Error)
    asked = {"only": ["quickfix"]} if remembered else {}
    (fix,) = (
        each
        for each in await editor.menu(buffer, "left +", diagnostics=[wrong], **asked)
        if each["kind"] == "quickfix.glossator"
    )
    assert "edit" not in fix
    job = (await editor.command("glossator.run", *fix["command"]["arguments"]))["job"]
    assert (await editor.over(job))["state"] == "done"
    await editor.until(lambda: editor.messages)
    assert "menu again" in editor.messages[0] and buffer.text == ADD
    entries = await editor.menu(buffer, "left +", diagnostics=[wrong], **asked)
    (ready,) = [each for each in entries if "edit" in each]
    assert "command" not in ready
    assert ready["title"] == (fix["title"] if remembered else "Fix add: apply the edit")
    editor.choose(buffer, ready)
    assert buffer.text == ADD.replace("left + right", "right + left")
    assert not any("edit" in each for each in await editor.menu(buffer, "add")), "once it is there it is not offered"
