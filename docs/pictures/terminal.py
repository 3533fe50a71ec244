"""What a terminal shows -> an SVG, written by hand: no script, no font of its own, nothing to load.

usage: python docs/pictures/terminal.py OUT.svg COLUMNS <SCREEN

The screen's lines hold escape sequences for colours; `tests/e2e/editors/pictures.py` takes them. Colours follow the
reader's scheme, as those of the charts in docs do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

WIDE, HIGH, GAP, MARGIN = 8.4, 20, 10, 18  # of a character, of a line, before a prompt, around all; pixels
PROMPT = "$"
LIGHT = {"ground": "#fcfcfb", "edge": "#e1e0d9", "ink": "#1f2328", "quiet": "#6e7781", "code": "#eff1f3"}
LIGHT |= {"red": "#b3261e", "green": "#116329", "yellow": "#7d4e00", "blue": "#0550ae", "magenta": "#8250df"}
LIGHT |= {"cyan": "#1b6b77"}
DARK = {"ground": "#161b22", "edge": "#30363d", "ink": "#e6edf3", "quiet": "#8b949e", "code": "#242b34"}
DARK |= {"red": "#ff7b72", "green": "#56d364", "yellow": "#e3b341", "blue": "#79c0ff", "magenta": "#d2a8ff"}
DARK |= {"cyan": "#76d9e6"}


def svg(lines: Sequence[str], columns: int) -> str:
    """The picture of lines with escape sequences."""
    shown = Text.from_ansi("\n".join(lines)).split("\n", allow_blank=True)
    asked = [line.plain.startswith(f"{PROMPT} ") for line in shown]
    width, height = columns * WIDE + 2 * MARGIN, len(shown) * HIGH + (sum(asked) - 1) * GAP + 2 * MARGIN
    console = Console(color_system="standard", width=columns * 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}">',
        f"<style>{_style(LIGHT)} @media (prefers-color-scheme: dark) {{ {_style(DARK)} }} "
        "text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; "
        "white-space: pre } .bold { font-weight: 600 } .italic { font-style: italic }</style>",
        f'<rect class="ground edge" x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>',
    ]
    for row, line in enumerate(shown):
        at, top = 0, MARGIN + row * HIGH + max(sum(asked[: row + 1]) - 1, 0) * GAP
        for text, style, _ in line.render(console):
            if text.strip() or (style and style.bgcolor):
                parts += _run(text, style, at, top, asked[row])
            at += cell_len(text)
    return "\n".join([*parts, "</svg>", ""])


def _run(text: str, style: Style | None, at: int, top: int, asked: bool) -> list[str]:
    x, long = MARGIN + at * WIDE, cell_len(text) * WIDE
    parts = []
    if style and style.bgcolor and not style.bgcolor.is_default:
        parts.append(f'<rect class="code" x="{x:.1f}" y="{top}" width="{long:.1f}" height="{HIGH}"/>')
    kinds = [_colour(style)] + [name for name in ("bold", "italic") if style and getattr(style, name)]
    kinds += ["bold"] if asked and "bold" not in kinds else []
    parts.append(
        f'<text class="{" ".join(kinds)}" x="{x:.1f}" y="{top + 15}" textLength="{long:.1f}">{escape(text)}</text>'
    )
    return parts


def _colour(style: Style | None) -> str:
    if style is None or style.dim:
        return "quiet" if style else "ink"
    number = style.color.number if isinstance(style.color, Color) else None
    names = ("quiet", "red", "green", "yellow", "blue", "magenta", "cyan", "ink")
    return "ink" if number is None or number > 15 else names[number % 8]


def _style(colours: dict[str, str]) -> str:
    edge = f".edge {{ stroke: {colours['edge']} }}"
    return " ".join([f".{name} {{ fill: {value} }}" for name, value in colours.items() if name != "edge"] + [edge])


if __name__ == "__main__":
    out, columns = sys.argv[1:]
    screen = sys.stdin.buffer.read().decode("utf-8")
    Path(out).write_text(svg(screen.splitlines(), int(columns)), encoding="utf-8")
