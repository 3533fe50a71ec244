"""A real Helix in a terminal, with our `languages.toml`, set up as `docs/EDITORS.md` says."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .terminal import Terminal

pytestmark = pytest.mark.editor

HERE = Path(__file__).parent
LANGUAGES = HERE.parents[2] / "editors/helix/languages.toml"
MEAN = "arithmetic mean"
SPINNER = r"NOR [\u2800-\u28ff] "  # what Helix shows of progress
TITLES = [
    "Add type hints to mean",
    "Write documentation for mean",
    "Refactor function mean",
    "Simplify function mean",
    "Explain function mean",
    "Explain function mean in full",
    "Find bugs in mean",
    "Write tests for mean",
]


@dataclass(frozen=True)
class Helix:
    """A running Helix and its log."""

    terminal: Terminal
    log: Path

    def command(self, text: str) -> None:
        """`:text`."""
        self.terminal.press(":")
        self.terminal.type(text)
        self.terminal.press("Enter")

    def at(self, line: int, column: int) -> None:
        """Move to a place, counted from 0."""
        self.terminal.press("g", "g", *["j"] * line, *["l"] * column)

    def hover(self, pattern: str) -> str:
        """Hover until the popup shows what is waited for, the server started and the answer whole; the screen."""
        until = time.monotonic() + self.terminal.limit
        while True:
            self.terminal.press("Space", "k")
            seen = self.terminal.wait(r"(?s)def \w+\(\w+\).*def \w+\(\w+\)|language server supports hover")
            if re.search(pattern, seen):
                return seen
            assert time.monotonic() < until, f"waited in vain for {pattern!r}:\n{seen}"
            time.sleep(0.3)

    def pick(self, title: str) -> str:
        """Choose an entry of the menu; the screen that shows the menu."""
        self.terminal.press("Space", "a")
        menu = self.terminal.wait(rf"{title} *\n")
        rows = menu.splitlines()
        entries = [entry for row in rows for entry in TITLES if row.rstrip().endswith(f" {entry}")]
        self.terminal.press(*["Down"] * entries.index(title), "Enter")
        return menu

    def quit(self) -> None:
        """Save and end."""
        self.command("write-quit-all")
        self.terminal.over()

    def assert_calm(self) -> None:
        """Neither Helix nor the server complained; the package brings no grammars."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if "tree-sitter parser" not in line] == []
        assert self.terminal.stderr.read_text() == ""


@pytest.fixture(scope="session")
def helix_program() -> Path:
    """A Helix; `install_helix.sh` gets it where there is none. It is not to be had on every system."""
    command = ["bash", HERE / "install_helix.sh"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return Path(done.stdout.strip())


@pytest.fixture
def start_helix(
    helix_program: Path, on_path: Path, scripted_home: Any, workspace: Path
) -> Iterator[Callable[..., Helix]]:
    """Open a file in a Helix whose user has copied our settings, of the servers for Python all or those that are given.

    No other language server is on the PATH.
    """
    running: list[Helix] = []

    def start(file: str, *, servers: str = "", limit: float = 60) -> Helix:
        user = scripted_home.folder / "user"
        (user / "config/helix").mkdir(parents=True)
        settings = LANGUAGES.read_text(encoding="utf-8")
        if servers:
            settings, found = re.subn(r'(name = "python"\nlanguage-servers = )\[.*\]', rf"\1{servers}", settings)
            assert found
        (user / "config/helix/languages.toml").write_text(settings, encoding="utf-8")
        environment = {**scripted_home.environment, "HOME": str(user), "PATH": f"{on_path}:/usr/bin:/bin"}
        environment |= {"XDG_CONFIG_HOME": str(user / "config"), "XDG_CACHE_HOME": str(user / "cache")}
        terminal = Terminal(
            [helix_program, file], cwd=workspace, environment=environment, folder=scripted_home.folder, limit=limit
        )
        running.append(Helix(terminal, user / "cache/helix/helix.log"))
        terminal.wait("def ")
        return running[-1]

    yield start
    for helix in running:
        helix.terminal.end()


def test_hover_menu_and_commands(start_helix: Callable[..., Helix], workspace: Path) -> None:
    """The popup shows the answer, the menu's entries document and explain, commands lead to the next repair."""
    before = (workspace / "stats.py").read_text(encoding="utf-8")
    helix = start_helix("stats.py")
    screen = helix.terminal
    helix.at(0, 4)
    helix.hover(MEAN)
    menu = helix.pick("Write documentation for mean")
    assert all(title in menu for title in TITLES), menu
    screen.wait('    """Return the arithmetic mean of values."""')
    screen.press("u")
    screen.wait('"""', gone=True)

    helix.pick("Explain function mean")
    assert "divides the sum" in screen.wait("# Explain function mean")
    screen.press("C-o")
    screen.wait("def mean")
    helix.command("lsp-workspace-command glossator.fix")
    screen.wait("total -= value")
    screen.wait("Fix mean: 1 of 2")
    helix.command("lsp-workspace-command glossator.next")
    screen.wait("total // len")
    screen.wait("Fix mean: 2 of 2")
    helix.command("lsp-workspace-command glossator.previous")
    screen.wait("total -= value")
    helix.quit()
    assert (workspace / "stats.py").read_text(encoding="utf-8") == before.replace("+= value", "-= value")
    helix.assert_calm()


def test_slow_model_and_killed_server(start_helix: Callable[..., Helix], scripted_home: Any, slow_file: Path) -> None:
    """With a slow model hovers say what there is, typing is kept, jobs are stopped; a killed server is restarted."""
    helix = start_helix(slow_file.name, servers='["glossator"]')  # what is not installed stops `:lsp-restart`
    screen = helix.terminal
    helix.at(0, 4)
    helix.hover("hover again")
    helix.command("lsp-workspace-command glossator.document")
    screen.wait(SPINNER)
    screen.press("g", "g", "O")
    screen.wait("INS")
    screen.type("#")  # one key at a time: Helix 25.01 tells of several out of order
    screen.wait("#")
    screen.press("Escape")
    screen.wait('"""Return the sum')

    helix.at(1, 4)
    helix.command("lsp-workspace-command glossator.explain")
    screen.wait(SPINNER)
    helix.command("lsp-workspace-command glossator.stop")
    screen.wait(SPINNER, gone=True)
    assert slow_file.read_text(encoding="utf-8").startswith("def slow")
    helix.assert_calm()

    server = scripted_home.server()
    server.kill()
    helix.command("lsp-restart")
    scripted_home.server(after=server.pid)
    helix.hover("hover again")
    helix.quit()
    assert slow_file.read_text(encoding="utf-8") == (
        '#\ndef slow(values):\n    """Return the sum of values."""\n    return sum(values)\n'
    )
