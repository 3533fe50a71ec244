"""A real VS Code with the packaged extension: its interface in a headless browser, and its extension host."""

from __future__ import annotations

import ast
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.editor

Report = dict[str, Any]
ROOT = Path(__file__).parents[3]
MEAN = "arithmetic mean"


def _no_trouble(report: Report) -> None:
    assert [toast for toast in report["toasts"] if toast["kind"] != "info"] == []


def test_interface(drive_code: Callable[..., Report], scripted_home: Any) -> None:
    """The hover widget shows the answer, the menu's entry documents, the palette explains; no error shows."""
    commands = [
        {"title": "Glossator: Explain", "shows": "divides the sum"},
        {"title": "Glossator: Show Status", "shows": "Model: scripted"},
    ]
    report = drive_code(
        "ui.mjs", scripted_home, HOVER=MEAN, ENTRY="[Dd]oc", CHANGED='"""Return', COMMANDS=json.dumps(commands)
    )
    assert MEAN in report["hover"]
    assert any("Explain" in title for title in report["menus"]), report["menus"]
    assert report["saved"].splitlines()[1] == '    """Return the arithmetic mean of values."""'
    _no_trouble(report)


def test_extension_host(drive_code: Callable[..., Report], scripted_home: Any) -> None:
    """In the extension host hovers and actions are ours, a palette command edits, and the server can be restarted."""
    extension = ROOT / "editors/vscode"
    report = drive_code("host.mjs", scripted_home, HOVER=MEAN, EXTENSION=str(extension))
    assert report["ready"] is True
    assert MEAN in report["hover"]
    assert not any(action["preferred"] for action in report["actions"])
    assert all(action["kind"].startswith(("refactor", "quickfix", "glossator")) for action in report["actions"])
    declared = json.loads((extension / "package.json").read_text(encoding="utf-8"))["contributes"]["commands"]
    assert {command["command"] for command in declared} <= set(report["commands"])
    assert report["job"]["job"]
    assert '"""Return the arithmetic mean of values."""' in report["edited"]
    before = report["edited"]
    repairs = [before.replace("+= value", "-= value"), before.replace(" / len", " // len")]
    assert report["repairs"] == [*repairs, before, repairs[1]]
    assert report["afterRestart"]


def test_repair_keys(drive_code: Callable[..., Report], scripted_home: Any) -> None:
    """After a fix the status bar says which repair it is, and the keys lead on; without one they do nothing."""
    steps = [
        {"press": "Alt+]", "text": "total \\+= value"},
        {"title": "Glossator: Fix", "text": "total -= value", "shows": "Fix mean: 1 of 2"},
        {"press": "Alt+]", "text": "// len", "shows": "Fix mean: 2 of 2"},
        {"press": "Alt+[", "text": "total -= value", "shows": "Fix mean: 1 of 2"},
        {"press": "Alt+[", "text": "total \\+= value", "shows": "the code as it was"},
    ]
    report = drive_code("ui.mjs", scripted_home, STEPS=json.dumps(steps))
    assert report["steps"] == len(steps)
    _no_trouble(report)


def test_hostile_folder(drive_code: Callable[..., Report], scripted_home: Any, workspace: Path) -> None:
    """In an untrusted folder hovers work, and the program that its settings name is not started."""
    planted, witness = workspace / "glossator", workspace / "was-started"
    planted.write_text(f"#!/bin/sh\ntouch {witness}\n", encoding="utf-8")
    planted.chmod(0o755)
    (workspace / ".vscode").mkdir()
    settings = {"glossator.path": str(planted), "glossator.model": "/nowhere.gguf", "glossator.backend": "remote"}
    (workspace / ".vscode/settings.json").write_text(json.dumps(settings), encoding="utf-8")
    report = drive_code("ui.mjs", scripted_home, trusted=False, HOVER=MEAN)
    assert report["restricted"]
    assert MEAN in report["hover"]
    assert not witness.exists()
    _no_trouble(report)


def test_missing_program(drive_code: Callable[..., Report], scripted_home: Any, tmp_path: Path) -> None:
    """Without the program one message says what to do and offers the setting."""
    said = "glossator.path names .* not a program"
    commands = [{"title": "Glossator: Explain", "shows": said}]
    report = drive_code("ui.mjs", scripted_home, program=tmp_path / "nothing", COMMANDS=json.dumps(commands))
    assert {toast["kind"] for toast in report["toasts"]} == {"error"}
    assert all("glossator.path" in toast["text"] for toast in report["toasts"])


@pytest.mark.model
def test_real_model(drive_code: Callable[..., Report], model_home: Any, workspace: Path) -> None:
    """The real 0.5B model explains a function in the hover widget and documents it, its code unchanged."""
    before = (workspace / "stats.py").read_text(encoding="utf-8")
    report = drive_code("ui.mjs", model_home, timeout=120, HOVER="\\w+ \\w+ \\w+ \\w+", ENTRY="[Dd]oc", CHANGED='"""')
    assert "No explanation" not in report["hover"]
    after = report["saved"]
    function = ast.parse(after).body[0]
    assert isinstance(function, ast.FunctionDef) and ast.get_docstring(function)
    function.body = function.body[1:]
    assert ast.dump(function) == ast.dump(ast.parse(before).body[0])
    _no_trouble(report)


def test_package(code: Any) -> None:
    """The VSIX is small and holds the program, the papers and nothing else."""
    vsix = code.vsix
    assert vsix.stat().st_size < 1_000_000
    names = {name.removeprefix("extension/").lower() for name in zipfile.ZipFile(vsix).namelist()}
    papers = {"readme.md", "changelog.md", "license.txt", "package.json"}
    assert names == {"[content_types].xml", "extension.vsixmanifest", "dist/extension.js", *papers}


def test_lock_names_no_address() -> None:
    """The lock files hold digests and no addresses."""
    for lock in (ROOT / "editors/vscode/package-lock.json", Path(__file__).parent / "tools/package-lock.json"):
        assert '"resolved"' not in lock.read_text(encoding="utf-8")
        assert "integrity" in lock.read_text(encoding="utf-8")
