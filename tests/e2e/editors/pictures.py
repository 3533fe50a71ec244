"""Makes the pictures of the documents: the real VS Code and the real shell, the real program, the real model.

`bash docs/pictures/make.sh` runs it; a usual test run does not collect this file. What the model answered is remembered
in a home of its own in the user's cache, so that only the first run takes long; the thought that a picture shows while
it comes is thought anew each time. The sources that are shown are files of `bench/fix_files`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from glossator.models import catalogue
from glossator.models.pull import pull
from glossator.settings import folders

from .terminal import Terminal

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SAMPLES = ROOT / "bench/fix_files"
PICTURES = ROOT / "docs/pictures"

pytestmark = pytest.mark.timeout(3600)  # the first run, on an old processor

MODEL = "qwen2.5-coder-1.5b"
PATIENCE = 600.0  # seconds
CONFIG = '[search]\nseconds = 240\n[prefetch]\nmode = "off"\n'
LOOK = {
    "window.autoDetectColorScheme": True,
    "window.commandCenter": False,
    "workbench.layoutControl.enabled": False,
    "workbench.tips.enabled": False,
    "breadcrumbs.enabled": False,
    "editor.minimap.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "editor.stickyScroll.enabled": False,
    "editor.scrollbar.horizontal": "hidden",
    "editor.scrollbar.vertical": "hidden",
    "editor.fontSize": 13,
    "editor.lineHeight": 1.5,
    "workbench.statusBar.visible": False,
    "workbench.activityBar.location": "hidden",
    "editor.scrollBeyondLastLine": False,
}


@dataclass(frozen=True)
class Scene:
    """What is done in VS Code, and which parts of its window are taken as pictures on the way."""

    size: str
    steps: list[dict[str, Any]]
    settings: dict[str, Any] = field(default_factory=dict)
    file: str = "text.py"


WHOLE = {"workbench.activityBar.location": "default"}
SCENES = {
    "hover": Scene(
        "960x580",
        [
            {"key": "Control+b", "at": "29:14"},
            {"at": "29:14", "hover": "binary search", "shot": {"name": "hover", "clip": [0, 0, 960, 580]}},
            {"key": "Escape", "at": "4:6", "menu": "Explain", "shot": {"name": "menu", "clip": [0, 0, 960, 580]}},
        ],
        file="search.py",
    ),
    "thinking": Scene(
        "1120x640",
        [
            {"title": "Glossator: Show Reasoning", "panel": "Nothing was asked"},
            {"drag": [[331, 300], [450, 300]]},
            {"at": "28:6", "entry": "Think about", "panel": "thinking[^]*Thought, \\d\\d words"},
            {"open": "thought"},
            {"panel": "Thought, [4-9]\\d words…", "shot": {"name": "thinking", "clip": [0, 0, 1120, 640]}},
        ],
        WHOLE,
    ),
    "panel": Scene(
        "1120x640",
        [
            {"title": "Glossator: Show Reasoning", "panel": "Nothing was asked"},
            {"drag": [[331, 300], [450, 300]]},
            {"at": "19:6", "title": "Glossator: Fix", "panel": "in the file[^]*What it cost"},
            {"open": "cost", "panel": "Model", "shot": {"name": "panel", "clip": [0, 0, 1120, 640]}},
        ],
        WHOLE,
    ),
    "preview": Scene(
        "1120x460",
        [
            {"key": "Control+b", "at": "19:6"},
            {"title": "Glossator: Fix", "tab": "Fix longest"},
            {"key": "Control+1", "shot": {"name": "preview", "clip": [0, 0, 1120, 460]}},
        ],
        {"glossator.preview": True, "workbench.colorCustomizations": {"scrollbarSlider.background": "#80808030"}},
    ),
    "walkthrough": Scene(
        "1120x860",
        [
            {"key": "Control+b"},
            {"title": "Welcome: Open Walkthrough", "pick": "Glossator"},
            {"shot": {"name": "walkthrough", "clip": [150, 115, 850, 650]}},
        ],
    ),
}

# An action of the user's own: a prompt file that lets a model think which does not do so by itself. Its longest answer
# is longer than any, and another one each time: what is remembered would not be thought.
CONSIDER = """\
+++
title = "Think about {{{{name}}}}, then explain it"
kind = "answer"
applies = ["function", "method", "class"]
thinking = 110
max_tokens = {longest}
+++
# System
{{{{> system}}}}

# Stable
{{{{> file}}}}

# Task
{{{{> target}}}}

Go through this {{{{kind}}}} with a small input and see what each line does with it. Then say in one or two sentences \
what it is for and what a caller has to know.
"""


@pytest.fixture
def home(make_home: Callable[..., Any]) -> Any:
    """The home in which the answers of the run before are remembered."""
    where = ["bash", HERE / "install.sh", "--where"]
    cache = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()).parent
    model = pull(catalogue.card(MODEL), folders({}).models, notice=print)
    home = make_home(config=CONFIG, model=model, kept=cache / "pictures")
    (home.folder / "config/prompts").mkdir(exist_ok=True)
    longest = 160 + time.time_ns() % 1000
    (home.folder / "config/prompts/consider.md").write_text(CONSIDER.format(longest=longest), encoding="utf-8")
    return home


@pytest.fixture
def sample(workspace: Path) -> Path:
    """The workspace with the samples, the one that is repaired with its mistake."""
    (workspace / "stats.py").unlink()
    shutil.copy(SAMPLES / "search.py", workspace)
    files = tomllib.loads((SAMPLES / "planted.toml").read_text(encoding="utf-8"))["file"]
    planted = next(each for each in files if each["name"] == "text.py")
    source = (SAMPLES / "text.py").read_text(encoding="utf-8")
    (workspace / "text.py").write_text(source.replace(planted["right"], planted["wrong"]), encoding="utf-8")
    return workspace


@pytest.mark.parametrize("name", SCENES)
def test_vscode(name: str, drive_code: Callable[..., Any], home: Any, sample: Path, tmp_path: Path) -> None:
    """A scene played through, and its pictures put into docs/pictures."""
    scene = SCENES[name]
    settings = LOOK | scene.settings
    values = {"FILE": scene.file, "SIZE": scene.size, "SCALE": "2", "STEPS": json.dumps(scene.steps)}
    report = drive_code("ui.mjs", home, timeout=PATIENCE, settings=settings, **values)
    assert report["toasts"] == []
    for step in scene.steps:
        for theme in ("dark", "light") if "shot" in step else ():
            shutil.copy(tmp_path / f"{step['shot']['name']}-{theme}.png", PICTURES)


def test_shell(program: Path, home: Any, sample: Path) -> None:
    """What the shell commands say in a terminal; `doctor` examines the house of whoever makes the pictures."""
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    questions = ["glossator explain text.py:wrap", "glossator fix text.py:longest"]
    _terminal("shell", 92, questions, sample, home.environment | {"PATH": path, "GLOSSATOR_ENGINE_IDLE_SECONDS": "2"})
    _terminal("doctor", 108, ["glossator doctor --no-measure"], sample, os.environ | {"PATH": path})


def _terminal(name: str, columns: int, commands: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    lines = screen(commands, columns, folder, environment)
    script = [sys.executable, PICTURES / "terminal.py", PICTURES / f"{name}.svg", str(columns)]
    subprocess.run(script, input="\n".join(lines).encode(), check=True, timeout=60)


def screen(commands: Sequence[str], columns: int, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """The lines that a terminal of so many columns shows after the commands, with their sequences for colours."""
    shell = ["env", "PS1=$ ", "HISTFILE=", "TERM=screen", "bash", "--norc", "--noprofile"]
    with tempfile.TemporaryDirectory(prefix="glossator-") as place:
        terminal = Terminal(
            shell, cwd=folder, environment=environment, folder=Path(place), limit=1800, size=(columns, 200), shown=True
        )
        try:
            for number, command in enumerate(commands):
                terminal.wait(_prompted(number))
                terminal.type(command)
                terminal.press("Enter")
            terminal.wait(_prompted(len(commands)))
            return terminal.screen(colours=True).rstrip().splitlines()[:-1]  # the last one is the prompt that waits
        finally:
            terminal.end()


def _prompted(commands: int) -> str:
    """So many commands, what they wrote, and a prompt that waits."""
    return r"\A" + r"\$ .+\n(?:(?!\$ ).*\n)*" * commands + r"\$\s*\Z"
