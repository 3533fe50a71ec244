"""What a person sees while the model works: thoughts dimmed as they come, then a line that tells how far it is.

Standard error only; silent where that is no terminal, unless thoughts were asked for. Knows nothing of actions.
"""

from __future__ import annotations

import sys
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.spinner import Spinner
from rich.text import Text

from .plain import calm


class Watch:
    """Shows stages, thoughts and the answer as it grows. `with Watch(...) as watch: watch.stage(...)`."""

    def __init__(self, title: str, *, thoughts: bool) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._terminal = self._console.is_terminal
        self._thoughts = thoughts or self._terminal
        self._title = title
        self._stage = "starting"
        self._answer = ""
        self._pending = ""  # the last, unfinished line of thought
        self._thinking = False
        self._begun = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Watch:
        if self._terminal:
            self._live = Live(console=self._console, get_renderable=self._frame, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        if self._live is not None:
            self._live.stop()

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """The work has come this far; `done` of `total` tokens where that is known."""
        self._stage = f"{name} {done}/{total}" if total else (f"{name} {done}" if done else name)
        if name != "thinking":
            self._flush()

    def thought(self, text: str) -> None:
        """A piece of thought."""
        if not self._thoughts:
            return
        if not self._thinking:
            self._thinking, self._pending = True, ""
        *lines, self._pending = (self._pending + text).split("\n")
        for line in lines:
            self._dim(line)

    def answer(self, text: str) -> None:
        """A piece of the answer."""
        self._answer += text

    def restart(self) -> None:
        """The model tries again: what it had answered is not shown any longer."""
        self._answer = ""

    def _flush(self) -> None:
        if self._thinking and self._pending:
            self._dim(self._pending)
        self._thinking, self._pending = False, ""

    def _dim(self, line: str) -> None:
        if self._terminal:
            self._console.print(Text(calm(line), style="dim italic"))
        else:
            print(calm(line), file=sys.stderr)

    def _frame(self) -> RenderableType:
        seconds = int(time.monotonic() - self._begun)
        line = Spinner("dots", Text(f"{self._title} · {self._stage} · {seconds} s", style="cyan"))
        height = max(3, self._console.size.height - 4)
        if self._pending:
            return Group(Text(calm(self._pending), style="dim italic"), line)
        if not self._answer:
            return line
        return Group(Markdown(calm("\n".join(self._answer.split("\n")[-height:]))), line)


def show_markdown(text: str) -> None:
    """An answer: laid out in a terminal, as it is in a pipe."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(Markdown(calm(text), hyperlinks=False))
    else:
        print(calm(text))


def show_plain(text: str) -> None:
    """Text of ours that holds words of code and names of files: as it is in a pipe."""
    print(calm(text) if sys.stdout.isatty() else text)


def show_diff(text: str) -> None:
    """A diff: coloured in a terminal; in a pipe bytes of files, whatever the locale's encoding and ends of lines."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        print(end="", flush=True)
        if (out := getattr(sys.stdout, "buffer", None)) is not None:
            out.write(text.encode("utf-8", "surrogateescape"))
            out.flush()
        return
    for line in calm(text).split("\n")[:-1]:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        console.print(Text(line, style="bold" if line.startswith(("---", "+++")) else style))


def note(text: str) -> None:
    """A remark on standard error, without anything that moves a cursor: it may hold words of code and programs."""
    console = Console(stderr=True, highlight=False)
    console.print(
        Text("".join(each if each.isprintable() or each == "\n" else " " for each in text), style="dim"),
        soft_wrap=not console.is_terminal,
    )
