"""A real VS Code with the packaged extension: its interface in a headless browser, and its extension host."""

from __future__ import annotations

import ast
import json
import re
import sys
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
    fix, documented = report["answers"]
    assert (fix["action"], fix["candidates"], fix["candidate"], fix["applied"]) == ("fix", 2, 2, True)
    assert documented["rungs"] and documented["applied"] and documented["usage"]["answerTokens"] > 0
    assert report["afterRestart"] and report["past"] == [True, True]


def test_preview(drive_code: Callable[..., Report], scripted_home: Any) -> None:
    """An edit shown first leaves the file alone, follows what is typed, and is applied or dropped by one command."""
    extension = ROOT / "editors/vscode"
    settings = {"glossator.preview": True}
    seen = drive_code("host.mjs", scripted_home, settings=settings, EXTENSION=str(extension), PART="preview")["preview"]
    documented = '    """Return the arithmetic mean of values."""\n'
    assert seen["untouched"] and documented in seen["shown"] and seen["language"] == "python"
    assert seen["accepted"] == seen["followed"] == "import os\n\n\n" + seen["shown"]
    assert seen["told"]["rungs"] and "offered" not in seen["told"]
    assert seen["first"] == seen["accepted"].replace("+= value", "-= value")
    assert seen["second"] == seen["accepted"].replace(" / len", " // len")
    assert seen["rejected"] == seen["accepted"]
    assert seen["kept"] == seen["changed"] and "total = 1" in seen["kept"]


def test_preview_keys(drive_code: Callable[..., Report], scripted_home: Any) -> None:
    """The diff has its buttons in the title bar; one key rejects, the other accepts."""
    steps = [
        {"title": "Glossator: Document", "tab": "Write documentation for mean.* \\(stats\\.py\\)"},
        {"key": "Control+1"},  # it took no focus: who was typing goes there on their own
        {"key": "Control+Backspace", "text": "def mean", "gone": '"""Return'},
        {"title": "Glossator: Fix", "tab": "Fix mean: 1 of 2"},
        {"key": "Control+1"},
        {"key": "Alt+]", "tab": "Fix mean: 2 of 2"},
        {"key": "Control+Enter", "text": "// len", "shows": "Fix mean: 2 of 2"},
    ]
    report = drive_code("ui.mjs", scripted_home, settings={"glossator.preview": True}, STEPS=json.dumps(steps))
    assert report["steps"] == len(steps)
    _no_trouble(report)


def test_panel(drive_code: Callable[..., Report], scripted_home: Any) -> None:
    """The panel shows the answer, its checks and the history; its buttons undo an edit, put it back and lead on."""
    steps = [
        {"title": "Glossator: Show Reasoning", "panel": "Nothing was asked"},
        {"title": "Glossator: Explain", "panel": "divides the sum(?s:.*)What was sent(?s:.*)Answers of this window"},
        {"title": "Glossator: Document", "text": '"""Return', "panel": "in the file(?s:.*)parses(?s:.*)Undo"},
        {"click": "Undo", "gone": '"""Return', "panel": "the code is as it was(?s:.*)Apply"},
        {"click": "Apply", "text": '"""Return', "panel": "in the file"},
        {"title": "Glossator: Fix", "text": "total -= value", "panel": "1 of 2(?s:.*)Next"},
        {"click": "Next", "text": "// len", "panel": "2 of 2"},
    ]
    report = drive_code("ui.mjs", scripted_home, STEPS=json.dumps(steps).replace("(?s:.*)", "[^]*"))
    assert report["steps"] == len(steps)
    assert not any("Explain" in tab for tab in report["tabs"]), "the panel shows it, no document does"
    _no_trouble(report)


def test_models(
    drive_code: Callable[..., Report], scripted_home: Any, program: Path, tmp_path: Path, gguf: Callable[..., bytes]
) -> None:
    """The list says what is here and what fits; a choice is kept; a pull shows how far it is and can be stopped."""
    models = scripted_home.folder / "models"
    models.mkdir()
    (models / "mine.gguf").write_bytes(gguf())
    slow = tmp_path / "glossator"  # the real program, but for a pull that never ends by itself
    slow.write_text(
        f"""#!{sys.executable}
import os, sys, time
if sys.argv[1:3] == ["model", "pull"]:
    try:
        print("not of ours")
        print('{{"done": 20000000, "total": 500000000, "what": "fetching"}}', flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit("glossator: stopped; what has come is kept")
os.execv({str(program)!r}, [{str(program)!r}, *sys.argv[1:]])
""",
        encoding="utf-8",
    )
    slow.chmod(0o755)
    steps = [
        {"title": "Glossator: Choose Model", "pick": "mine", "says": "using .*mine\\.gguf"},
        {"title": "Glossator: Pull Model", "pick": "qwen2.5-coder-0.5b", "says": "20 of 500 MB"},
        {"button": "Cancel", "says": "stopped; what has come is kept"},
        {"title": "Glossator: Doctor", "text": "backend scripted"},
    ]
    report = drive_code("ui.mjs", scripted_home, program=slow, STEPS=json.dumps(steps))
    assert report["steps"] == len(steps)
    rows = [" ".join(row.split()) for row in report["rows"]]
    assert any("fits this machine best" in row for row in rows) and not any("mine" in row for row in rows)
    assert (scripted_home.folder / "config/model").read_text().strip() == str(models / "mine.gguf")
    _no_trouble(report)


def test_stop_and_killed_server(drive_code: Callable[..., Report], scripted_home: Any) -> None:
    """The status bar tells how far an answer is and cancels it, as the command does. A server that was killed takes its
    progress along and is started again: the next hover works, and no error shows."""
    ask = {"title": "Glossator: Ask", "asks": "why is", "type": "HOLD THIS THOUGHT"}
    steps = [
        {"title": "Glossator: Show Reasoning", "panel": "Nothing was asked"},
        {**ask, "shows": "divides the sum by their number"},
        {"title": "Glossator: Stop", "over": "Ask about", "panel": "^[^·]*stopped"},
        {**ask, "shows": "thinking", "panel": "^[^·]*thinking"},
        {"status": "Ask about", "button": "Cancel", "over": "Ask about", "panel": "^[^·]*stopped"},
        {**ask, "shows": "thinking", "panel": "^[^·]*thinking"},
        {"kill": True, "over": "Ask about", "panel": "^[^·]*stopped · of an earlier run"},
        {"hover": MEAN},
    ]
    report = drive_code("ui.mjs", scripted_home, STEPS=json.dumps(steps))
    assert report["steps"] == len(steps)
    _no_trouble(report)


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
    """The VSIX is small, holds the program, the papers and nothing else, and names no picture that is not in it."""
    vsix = code.vsix
    assert vsix.stat().st_size < 1_000_000
    archive = zipfile.ZipFile(vsix)
    names = {name.removeprefix("extension/").lower() for name in archive.namelist()}
    page = archive.read("extension/readme.md").decode()
    assert "## Edits" in page and "pictures/" not in page.replace("docs/pictures/make.sh", "")
    papers = {"readme.md", "changelog.md", "license.txt", "package.json"}
    media = {f"media/{name}" for name in ("icon.png", "panel.css", "panel.html", "panel.svg")}
    steps = {f"media/walkthrough/{step}.md" for step in ("server", "model", "pull", "hover", "panel")}
    programs = {"dist/extension.js", "dist/page.js"}
    assert names == {"[content_types].xml", "extension.vsixmanifest", *programs, *papers, *media, *steps}


def test_manifest_names_what_is_there() -> None:
    """Each command of a menu, a key or a step of the walkthrough is declared; each file that is named is there."""
    extension = ROOT / "editors/vscode"
    tree = json.loads((extension / "package.json").read_text(encoding="utf-8"))
    gives = tree["contributes"]
    declared = {command["command"] for command in gives["commands"]}
    (walkthrough,) = gives["walkthroughs"]
    linked = {
        name
        for step in walkthrough["steps"]
        for name in re.findall(r"command:(glossator\.[\w.]+)", json.dumps(step))
        + re.findall(r"onCommand:(glossator\.[\w.]+)", json.dumps(step))
    }
    used = {entry["command"] for menu in gives["menus"].values() for entry in menu}
    used |= {entry["command"] for entry in gives["keybindings"]}
    assert used | linked <= declared
    named = [tree["icon"], gives["viewsContainers"]["activitybar"][0]["icon"]]
    named += [step["media"]["markdown"] for step in walkthrough["steps"]]
    assert all((extension / name).is_file() for name in named)


def test_lock_names_no_address() -> None:
    """The lock files hold digests and no addresses."""
    for lock in (ROOT / "editors/vscode/package-lock.json", Path(__file__).parent / "tools/package-lock.json"):
        assert '"resolved"' not in lock.read_text(encoding="utf-8")
        assert "integrity" in lock.read_text(encoding="utf-8")
