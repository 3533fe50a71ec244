"""A real headless Neovim, with and without the plugin."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.editor

Report = dict[str, Any]
MEAN = "arithmetic mean"
WORDS = [
    "accept",
    "annotate",
    "ask",
    "document",
    "explain",
    "explain_more",
    "explain_problem",
    "find_bugs",
    "fix",
    "next",
    "preview",
    "previous",
    "reasoning",
    "refactor",
    "reject",
    "simplify",
    "status",
    "stop",
    "write_tests",
]


def _calm(report: Report) -> None:
    """No message of Neovim's was a warning or an error."""
    assert [note for note in report["notes"] if note["level"] >= 3] == []
    assert report["errmsg"] == ""
    assert not re.search(r"\bE\d+:|[Ee]rror", report["messages"]), report["messages"]


@pytest.mark.parametrize("plugin", ["yes", "no"])
def test_hover_and_edit(drive_nvim: Callable[..., Report], scripted_home: Any, plugin: str) -> None:
    """Hover shows the answer in a float, and the menu's entry writes the docstring, with the plugin and without."""
    report = drive_nvim("basics.lua", scripted_home, PLUGIN_USED=plugin, HOVER=MEAN, ENTRY="[Dd]oc")
    assert MEAN in report["hover"]
    assert any("Explain" in title for title in report["titles"]), report["titles"]
    assert report["buffer"].splitlines()[1] == '    """Return the arithmetic mean of values."""'
    assert report["undone"], "one undo takes the edit back"
    assert report["progress"][0]["kind"] == "begin"
    _calm(report)


def test_commands(drive_nvim: Callable[..., Report], scripted_home: Any) -> None:
    """`:Glossator` edits, stops, explains code and other text into documents, and reports its health."""
    report = drive_nvim("commands.lua", scripted_home, ANSWER="divides the sum")
    assert set(WORDS) <= set(report["completion"])
    assert "model scripted" in report["status"]
    assert '"""Return the arithmetic mean of values."""' in report["buffer"]
    assert "Workspace edit" not in report["messages"], "a long line would ask for a key press"
    assert report["thought"] == "It adds all values.\nThen it divides the sum by their number.\n" and report["stayed"]
    assert report["at_work"].startswith("Ask ") or "thinking" in report["at_work"]
    assert report["after_stop"] == ""
    assert report["thoughts"] == {"wanted": "thinking", "unwanted": ""}
    assert "It adds all values first" in report["reasoning"]
    ends = [each["message"] for each in report["progress"] if each["kind"] == "end"]
    assert ends[1].startswith("stopped")
    assert report["document"].startswith("# ") and MEAN in report["document"]
    assert "It lists what to buy." in report["other"]
    assert "ERROR" not in report["health"] and "WARNING" not in report["health"], report["health"]
    assert "the server answers" in report["health"]
    assert "applied at once" in report["health"] and "thinks is not shown" in report["health"]
    _calm(report)


def test_candidates(drive_nvim: Callable[..., Report], scripted_home: Any, workspace: Path) -> None:
    """A key press puts the next repair in the place of the last, and a definition that was changed is left alone."""
    before = (workspace / "stats.py").read_text(encoding="utf-8")
    report = drive_nvim("candidates.lua", scripted_home)
    repairs = [before.replace("+= value", "-= value"), before.replace(" / len", " // len")]
    assert report["texts"] == [*repairs, before, repairs[1]]
    assert [said.split("; ")[0] for said in report["said"]] == [
        "Fix mean: 1 of 2",
        "Fix mean: 2 of 2",
        "Fix mean: the code as it was",
        "Fix mean: 2 of 2",
    ]
    assert report["said"][0].endswith("next: `return total // len(values)`")
    assert report["left"] == report["changed"]
    assert "no longer" in report["refused"]
    assert "nothing to choose from in this file" in report["elsewhere"]
    assert report["notes"] == [] and report["errmsg"] == ""


def test_preview(drive_nvim: Callable[..., Report], scripted_home: Any) -> None:
    """An edit shown first takes no focus, leaves the buffer alone, follows what is typed, and is accepted, rejected or
    exchanged for the next one by a key or a command."""
    with (scripted_home.folder / "config/config.toml").open("a", encoding="utf-8") as config:
        config.write("preview = true\n")
    report = drive_nvim("preview.lua", scripted_home)
    seen = report["preview"]
    documented = '+    """Return the arithmetic mean of values."""\n'
    assert seen["stayed"] and seen["untouched"] and documented in seen["shown"]
    assert "checked: parses" in seen["shown"]
    before = "import os\n\n\n" + seen["before"].replace("values):\n", f"values):\n{documented.removeprefix('+')}", 1)
    assert documented in seen["followed"] and seen["accepted"] == before
    assert "-        total += value\n+        total -= value\n" in seen["first"]
    assert "+    return total // len(values)\n" in seen["second"] and "-=" not in seen["second"]
    assert seen["inside"] and seen["back"] and seen["rejected"] == before
    assert seen["chosen"] == before.replace(" / len", " // len") and "2 of 2" in seen["said"]
    assert "waits" in seen["waits"]
    assert "there is no preview" in seen["unfit"]
    assert seen["kept"] == seen["changed"] != before
    assert [note for note in report["notes"] if note["level"] >= 3] == [] and report["errmsg"] == ""


def test_killed_server(drive_nvim: Callable[..., Report], scripted_home: Any) -> None:
    """A server that ends by itself takes what was shown of it along, is started again, and answers the next hover."""
    report = drive_nvim("killed.lua", scripted_home, HOVER=MEAN)
    assert not report["floats"] and report["progress_text"] == ""
    assert MEAN in report["hover"]
    assert report["after"] == report["before"]
    levels = {note["message"]: note["level"] for note in report["said"] if note["message"].startswith("Glossator")}
    again = "Glossator: the server ended by itself and was started again"
    assert levels.pop(again) == 2
    ((last, level),) = levels.items()
    assert level == 4 and "ended 5 times" in last and "glossator logs" in last
    assert report["errmsg"] == ""


def test_hostile_folder(drive_nvim: Callable[..., Report], scripted_home: Any, workspace: Path) -> None:
    """What an opened folder holds and what its settings say starts nothing and asks nobody else."""
    witness = workspace / "was-started"
    for name in ("glossator", "sitecustomize.py", "llama_cpp.py", "glossator.py", "pygls.py"):
        planted = workspace / name
        planted.write_text(f"#!{sys.executable}\nopen({str(witness)!r}, 'w')\n", encoding="utf-8")
        planted.chmod(0o755)
    settings = {"backend": "remote", "remote": {"baseUrl": "http://127.0.0.1:9/v1"}, "model": "/nowhere.gguf"}
    settings |= {"run": {"examples": True, "tests": [str(workspace / "glossator")]}}
    report = drive_nvim("basics.lua", scripted_home, HOVER=MEAN, ENTRY="[Dd]oc", SETTINGS=json.dumps(settings))
    assert MEAN in report["hover"] and '"""Return' in report["buffer"]
    assert not witness.exists()
    _calm(report)


def test_missing_program(drive_nvim: Callable[..., Report], scripted_home: Any) -> None:
    """Without the program, opening a file is silent and a command says what to do."""
    report = drive_nvim("missing.lua", scripted_home, PROGRAM="/nowhere/glossator")
    assert report["silent"]
    (note,) = report["notes"]
    assert "/nowhere/glossator" in note["message"] and "uv tool install" in note["message"]
    assert "ERROR" in report["health"]


@pytest.mark.model
def test_real_model(drive_nvim: Callable[..., Report], model_home: Any, workspace: Path) -> None:
    """The real 0.5B model explains a function in a hover and documents it, its code unchanged."""
    report = drive_nvim("basics.lua", model_home, timeout=120, HOVER="%a+ %a+ %a+ %a+", ENTRY="[Dd]oc")
    assert "No explanation" not in report["hover"]
    before, after = (workspace / "stats.py").read_text(encoding="utf-8"), report["buffer"]
    _only_documented(before, after)
    assert report["undone"]
    _calm(report)


def _only_documented(before: str, after: str) -> None:
    import ast

    def bare(text: str) -> str:
        tree = ast.parse(text)
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        if ast.get_docstring(function):
            function.body = function.body[1:]
        return ast.dump(tree)

    first = ast.parse(after).body[0]
    assert isinstance(first, ast.FunctionDef) and ast.get_docstring(first)
    assert bare(before) == bare(after)
