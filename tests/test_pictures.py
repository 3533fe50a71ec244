"""The pictures of the documents: what is named is there, what is there is named, and none is heavy."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

sys.path.insert(0, str(Path(__file__).parent / "e2e"))
from editors import pictures

ROOT = Path(__file__).parent.parent
PICTURES = (".png", ".svg", ".gif", ".jpg")
DOCUMENTS = sorted(
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "editors")
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
    if "node_modules" not in path.parts
)


def named(document: Path) -> set[Path]:
    """The pictures of this project that a document shows, in Markdown or in HTML."""
    text = document.read_text(encoding="utf-8")
    found = re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text) + re.findall(r'\b(?:src|srcset)="([^"]+)"', text)
    return {(document.parent / each).resolve() for each in found if "://" not in each}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_pictures_are_there(document: Path) -> None:
    """A document shows only pictures that the project has."""
    assert {path for path in named(document) if not path.is_file()} == set()


def test_pictures_are_named() -> None:
    """Each picture in docs is shown by a document."""
    there = {path for path in (ROOT / "docs").rglob("*") if path.suffix in PICTURES}
    assert there and there <= {path for document in DOCUMENTS for path in named(document)}


def test_pictures_are_light() -> None:
    """A picture has at most 150 KB, and all of them 1.5 MB, so that a page of them opens at once."""
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs").rglob("*") if path.suffix in PICTURES}
    assert {name: size for name, size in sizes.items() if size > 150_000} == {}
    assert sum(sizes.values()) < 1_500_000


def test_pictures_load_nothing() -> None:
    """A drawing holds no script and no address of anything to be fetched."""
    for path in (ROOT / "docs").rglob("*.svg"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|<script|<image|@import|url\(", text), path


def test_a_screen_becomes_a_picture(tmp_path: Path) -> None:
    """The script that draws takes a screen on its standard input, as `tests/e2e/editors/pictures.py` gives it."""
    script = [sys.executable, ROOT / "docs/pictures/terminal.py", tmp_path / "a.svg", "40"]
    subprocess.run(script, input="$ glossator – \x1b[1mhi\x1b[0m".encode(), check=True, timeout=60)
    texts = ElementTree.parse(tmp_path / "a.svg").getroot().itertext()  # noqa: S314 - our own
    assert "glossator – " in "".join(texts)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is the terminal")
def test_a_screen_is_taken(tmp_path: Path) -> None:
    """The commands, all that they write and its colours are on the screen, without the prompt that waits."""
    commands = ["echo one; echo two >&2", "printf '\\033[31mred\\033[0m\\n'"]
    lines = pictures.screen(commands, 60, tmp_path, os.environ)
    assert lines[:3] == [f"$ {commands[0]}", "one", "two"] and lines[3].startswith("$ printf")
    assert "\x1b[31mred" in lines[4] and len(lines) == 5


def test_terminal() -> None:
    """A terminal's screen becomes a drawing: each text at its column, colours that go on in the next line."""
    spec = importlib.util.spec_from_file_location("terminal", ROOT / "docs/pictures/terminal.py")
    assert spec and spec.loader
    terminal = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(terminal)
    lines = ["$ diff <a>", "\x1b[31m- old", "\x1b[2mdim\x1b[0m \x1b[1;32m日本 & b\x1b[0m", "", "$ true"]
    drawn = ElementTree.fromstring(terminal.svg(lines, 40))  # noqa: S314 - our own
    texts = [each for each in drawn.iter() if each.tag.endswith("text")]
    assert [each.text for each in texts] == ["$ diff <a>", "- old", "dim", "日本 & b", "$ true"]
    assert [each.get("class") for each in texts] == ["ink bold", "red", "quiet", "green bold", "ink bold"]
    assert float(texts[3].get("x", 0)) == pytest.approx(terminal.MARGIN + 4 * terminal.WIDE, abs=0.1)
    assert float(texts[3].get("textLength", 0)) == pytest.approx(8 * terminal.WIDE, abs=0.1)
