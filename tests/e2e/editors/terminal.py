"""A program in a terminal: its keys are pressed and its screen is read, as a user does both. tmux is the terminal."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT = 110, 40
PAUSE = 0.1  # seconds between two looks at the screen


class Terminal:
    """A running program; `end` must be called. Patterns are regular expressions, searched in the screen's text.

    `folder` takes the terminal's socket and, unless it is `shown`, what the program writes on standard error; its path
    must be short.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        folder: Path,
        limit: float,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        shown: bool = False,
    ) -> None:
        self.limit = limit
        self.stderr = folder / "stderr"
        self._tmux = ["tmux", "-u", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._environment = {**environment, "LC_ALL": "C.UTF-8", "TERM": "screen-256color"}
        set_up = ["set", "-s", "escape-time", "0", ";", "set", "-g", "remain-on-exit", "on", ";"]
        new = ["new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(cwd)]
        self._code = folder / "code"  # tmux itself does not always learn it
        apart = "" if shown else ' 2>"$0/stderr"'
        quiet = ["sh", "-c", f'"$@"{apart}; echo $? >"$0/code"', folder]
        self._call("start-server", ";", *set_up, *new, *map(str, [*quiet, *command]))

    def press(self, *keys: str) -> None:
        """Press keys, each by tmux' name for it: `Enter`, `C-x`, `M-x`, `Escape`, `a`."""
        self._call("send-keys", *keys)

    def type(self, text: str) -> None:
        """Press the keys of a text."""
        self._call("send-keys", "-l", "--", text)

    def screen(self, *, colours: bool = False) -> str:
        """What is on the screen now, without the blanks at the ends of lines; `colours`: with their sequences."""
        return self._call("capture-pane", "-p", *(["-e"] if colours else []))

    def wait(self, pattern: str, *, gone: bool = False) -> str:
        """Wait until the pattern is on the screen, or `gone` from it; the screen."""
        seen = self.seen(pattern, self.limit, gone=gone)
        what = "to go" if gone else "to come"
        assert seen is not None, f"waited in vain for {pattern!r} {what}:\n{self.screen()}\n{self._said()}"
        return seen

    def seen(self, pattern: str, seconds: float, *, gone: bool = False) -> str | None:
        """The screen, as soon as the pattern is there, or `gone` from it; None where that takes longer."""
        until = time.monotonic() + seconds
        while True:
            seen = self.screen()
            if (re.search(pattern, seen) is None) == gone:
                return seen
            if time.monotonic() > until:
                return None
            time.sleep(PAUSE)

    def over(self) -> None:
        """Wait until the program has ended by itself, with the exit code 0."""
        until = time.monotonic() + self.limit
        while not self._code.exists() or not (code := self._code.read_text().strip()):
            assert time.monotonic() < until, f"the program does not end:\n{self.screen()}\n{self._said()}"
            time.sleep(PAUSE)
        assert code == "0", f"the program ended with {code}:\n{self._said()}"

    def end(self) -> None:
        """End the terminal, and with it whatever still runs there."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=20, check=False)

    def _said(self) -> str:
        return self.stderr.read_text(encoding="utf-8", errors="replace") if self.stderr.exists() else ""

    def _call(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], env=self._environment, capture_output=True, text=True, timeout=20, check=False
        )
        assert done.returncode == 0, f"tmux {words[0]}: {done.stderr}"
        return done.stdout
