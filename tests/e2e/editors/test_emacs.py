"""A real Emacs in a terminal, with Eglot and `glossator.el`, set up as `docs/EDITORS.md` says."""

from __future__ import annotations

import re
import shutil
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
ROOT = HERE.parents[2]
PLUGIN = ROOT / "editors/emacs/glossator.el"
MEAN = "arithmetic mean"
TITLES = ["Explain function mean", "Find bugs in mean", "Write documentation for mean", "Write tests for mean"]


@dataclass(frozen=True)
class Emacs:
    """A running Emacs; what it said is in `report` once it has ended."""

    terminal: Terminal
    report: Path

    def command(self, name: str) -> None:
        """`M-x name`."""
        self.terminal.press("M-x")
        self.terminal.type(name)
        self.terminal.press("Enter")

    def connect(self) -> None:
        """Start the server as a user does."""
        self.command("glossator")
        self.terminal.wait("Connected!")

    def at(self, line: int, column: int) -> None:
        """Move to a place, counted from 0."""
        self.terminal.press("M-<", *["C-n"] * line, *["C-f"] * column)

    def hover(self, line: int, column: int, pattern: str) -> str:
        """Rest on a word until eldoc shows what is waited for; it asks once for each place. What it shows."""
        for shift in (0, 1, 2, 0, 1, 2):
            self.at(line, column + shift)
            if seen := self.terminal.seen(pattern, 10):
                return seen.rpartition("[eglot:")[2]
        self.terminal.wait(pattern)
        raise AssertionError

    def quit(self) -> None:
        """Save and end."""
        self.terminal.press("C-x", "C-s")
        self.terminal.press("C-x", "C-c")
        self.terminal.over()

    def said(self, what: str) -> str:
        """`messages`, `warnings`, `events` or the server's `stderr`."""
        path = self.report / what
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def assert_calm(self) -> None:
        """Nothing that Emacs, Eglot or the server said was an error."""
        assert not re.search(r"(?i)error|failed|timed out|wrong-type|void", self.said("messages")), self.said(
            "messages"
        )
        wrong = [
            error
            for error in re.findall(r"(?s)\) ERROR .*?\)\)", self.said("events"))
            if "require version" not in error
        ]
        assert not wrong, wrong  # an edit for a text that was just changed is sent again for the new one
        assert self.said("warnings") == self.said("stderr") == self.terminal.stderr.read_text() == ""


@pytest.fixture(scope="session")
def emacs_program(missing: Callable[[str], None]) -> str:
    """An Emacs with Eglot; `install_emacs.sh` gets what is missing."""
    done = subprocess.run(["bash", HERE / "install_emacs.sh"], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        missing(f"no Emacs with Eglot: {done.stderr.strip().splitlines()[-1:]}")
    return shutil.which("emacs") or ""


@pytest.fixture
def start_emacs(
    emacs_program: str, on_path: Path, scripted_home: Any, workspace: Path
) -> Iterator[Callable[..., Emacs]]:
    """Open a file in an Emacs whose user did what the documentation says."""
    running: list[Emacs] = []

    def start(file: str, *, limit: float = 60) -> Emacs:
        user, report = scripted_home.folder / "user", scripted_home.folder / "report"
        (user / ".emacs.d").mkdir(parents=True)
        report.mkdir()
        shutil.copy(HERE / "emacs/early-init.el", user / ".emacs.d")
        (user / ".emacs.d/init.el").write_text(documented(), encoding="utf-8")
        environment = {**scripted_home.environment, "HOME": str(user), "REPORT": str(report)}
        environment["PATH"] = f"{on_path}:{environment['PATH']}"
        terminal = Terminal(
            [emacs_program, "-nw", file],
            cwd=workspace,
            environment=environment,
            folder=scripted_home.folder,
            limit=limit,
        )
        running.append(Emacs(terminal, report))
        terminal.wait(r"\(Python ElDoc\)")
        return running[-1]

    yield start
    for emacs in running:
        emacs.terminal.end()


def documented() -> str:
    """The lines that the documentation gives for an init file."""
    text = (ROOT / "docs/EDITORS.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```elisp\n(.*?)```", text, re.DOTALL)
    assert "/path/to/glossator" in lines
    return str(lines).replace("/path/to/glossator", str(ROOT))


def test_hover_menu_and_commands(start_emacs: Callable[..., Emacs], workspace: Path) -> None:
    """Eldoc shows the answer, the menu's entry documents, commands explain and lead from one repair to the next."""
    before = (workspace / "stats.py").read_text(encoding="utf-8")
    emacs = start_emacs("stats.py")
    screen = emacs.terminal
    emacs.connect()
    hover = emacs.hover(0, 5, MEAN)
    assert "def mean(values)" in hover and "```" not in hover and "**" not in hover

    emacs.command("eglot-code-actions")
    screen.wait("Pick an action")
    screen.press("Tab")
    for title in TITLES:
        screen.wait(title)
    screen.type("Write documentation for mean")
    screen.press("Enter")
    screen.wait('    """Return the arithmetic mean of values."""')
    screen.press("C-_")
    screen.wait('"""', gone=True)

    emacs.command("glossator-explain")
    answer = screen.wait(r"(?s)# Explain function mean.*\*Glossator\*")
    assert "divides the sum" in answer
    emacs.at(1, 4)
    emacs.command("glossator-fix")
    screen.wait("total -= value")
    screen.wait("Fix mean: 1 of 2")
    emacs.command("glossator-next")
    screen.wait("total // len")
    screen.wait("Fix mean: 2 of 2")
    emacs.command("glossator-previous")
    screen.wait("total -= value")
    screen.wait("Fix mean: 1 of 2")
    emacs.quit()
    assert (workspace / "stats.py").read_text(encoding="utf-8") == before.replace("+= value", "-= value")
    emacs.assert_calm()


def test_slow_model(start_emacs: Callable[..., Emacs], slow_file: Path) -> None:
    """With a slow model hovers say what there is, typing goes on and is kept, and jobs are seen and stopped."""
    emacs = start_emacs(slow_file.name)
    screen = emacs.terminal
    emacs.connect()
    assert "def slow(values)" in emacs.hover(0, 4, "hover again")

    emacs.command("glossator-document")
    emacs.at(0, 0)
    screen.press("C-o")
    typed = "# "
    screen.type(typed)
    screen.wait(r"\[eglot:.* Write documentation for slow")
    while '"""Return' not in screen.screen():  # not a pause in which Eglot would tell of it
        screen.type("a")
        typed += "a"
        time.sleep(0.3)
        assert len(typed) < 200, screen.screen()
    screen.wait("Write documentation for slow", gone=True)
    screen.press("C-x", "C-s")

    emacs.at(1, 5)
    emacs.command("glossator-ask")
    screen.wait("Question:")
    screen.type("HOLD THIS ANSWER")
    screen.press("Enter")
    screen.wait(r"\[eglot:.* Ask about function slow")
    emacs.command("glossator-stop")
    screen.wait("Ask about", gone=True)
    emacs.quit()
    assert slow_file.read_text(encoding="utf-8") == (
        typed + '\ndef slow(values):\n    """Return the sum of values."""\n    return sum(values)\n'
    )
    emacs.assert_calm()


def test_killed_server(start_emacs: Callable[..., Emacs], scripted_home: Any) -> None:
    """Eglot starts a server again that was killed, and again when it is told to, and hovers are answered."""
    emacs = start_emacs("stats.py")
    screen = emacs.terminal
    emacs.connect()
    emacs.hover(0, 4, MEAN)
    server = scripted_home.server()
    time.sleep(3)  # Eglot starts only such servers again that have lived so long
    server.kill()
    for column, again in ((5, False), (6, True)):
        if again:
            emacs.command("eglot-reconnect")
        server = scripted_home.server(after=server.pid)
        screen.wait(r"\[eglot:work\]")
        emacs.at(1, 4)
        screen.wait(MEAN, gone=True)
        emacs.hover(0, column, MEAN)
    emacs.quit()
    (warning,) = emacs.said("warnings").splitlines()
    assert "Reconnecting after unexpected server exit" in warning
    assert emacs.said("stderr") == ""


def test_compiles_and_is_documented(emacs_program: str, tmp_path: Path) -> None:
    """The byte compiler and checkdoc have nothing to say."""
    command = [emacs_program, "-q", "--batch", "--funcall", "package-initialize", "-l", HERE / "emacs/lint.el", PLUGIN]
    done = subprocess.run(
        command,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("Loading ")]
    assert (done.returncode, [line for line in said if line]) == (0, [])
