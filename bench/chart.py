"""Results -> SVG, written by hand: no library, no script, readable on light and on dark pages. Measures nothing.

Colours follow the reader's scheme; the ground is the chart's own, so that it can stand on any page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from . import machine, tables

WIDTH = 820
LEFT, RIGHT = 250, 40  # of the part where bars are
MARGIN = 24
STYLE = """
  .ground { fill: #fcfcfb } .ink { fill: #0b0b0b } .quiet { fill: #52514e } .grid { stroke: #e1e0d9 }
  .one { stroke: #898781 } .goal { stroke: #0b0b0b } .s0 { fill: #2a78d6 } .s1 { fill: #1baf7a } .s2 { fill: #eda100 }
  .s3 { fill: #4a3aa7 }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
  .title { font-size: 17px; font-weight: 600 } .head { font-weight: 600 } .small { font-size: 11.5px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #1a1a19 } .ink { fill: #ffffff } .quiet { fill: #c3c2b7 } .grid { stroke: #2c2c2a }
    .one { stroke: #898781 } .goal { stroke: #ffffff } .s0 { fill: #3987e5 } .s1 { fill: #199e70 }
    .s2 { fill: #c98500 } .s3 { fill: #9085e9 }
  }
"""


def engine(results: Sequence[tables.Result], found: dict[str, Any]) -> str:
    """How many times better each row is than the other systems, on a logarithmic scale; the goals are marks."""
    rows = [each for each in results if each.row.goal_a and (each.ratio_a or each.ratio_b)]
    ratios = [ratio for each in rows for ratio in (each.ratio_a, each.ratio_b, each.row.goal_a) if ratio]
    low = min(-0.1, *(math.log10(ratio) for ratio in ratios)) - 0.05 if ratios else -0.1
    high = max(1.0, *(math.log10(ratio) for ratio in ratios)) + 0.25 if ratios else 1.0

    def x(ratio: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(ratio) - low) / (high - low)

    top, step = 116, 46
    foot = top + step * len(rows)
    parts = [
        _text(MARGIN, 36, "Times faster than what one would run instead", "ink title"),
        _text(MARGIN, 57, _model(found), "quiet small"),
        *_legend(84, [("s2", "than the Llama class"), ("s1", "than llama-server")], goal=True),
    ]
    for ratio in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500):
        if low <= math.log10(ratio) <= high:
            parts.append(_line(x(ratio), top - 8, foot, "one" if ratio == 1 else "grid"))
            parts.append(_text(x(ratio), foot + 16, f"×{ratio:g}", "quiet small", "middle"))
    for number, each in enumerate(rows):
        y = top + step * number
        parts.append(_text(LEFT - 12, y + 19, each.row.title.replace(", first word", ""), "ink", "end"))
        pairs = [("s2", each.ratio_a, each.row.goal_a), ("s1", each.ratio_b, each.row.goal_b)]
        for line, (style, better, goal) in enumerate(pairs):
            at = y + 2 + 17 * line
            if better:
                start, end = sorted((x(1), x(better)))
                parts.append(_bar(start, at, max(end - start, 1.5), 14, style))
                clear = max(end, x(goal) if goal and abs(x(goal) - end) < 50 else 0)
                parts.append(_text(clear + 6, at + 11.5, tables.times(better), "ink small"))
            if goal:
                parts.append(_line(x(goal), at - 1.5, at + 15.5, "goal", 2))
    stop = next((each for each in results if each.row.key == "stop" and each.ours is not None), None)
    if stop:
        words = f"Stopping inside a prefill: {tables.shown(stop.ours, 'ms')} at the 95th percentile (goal {stop.goal})."
        parts.append(_text(MARGIN, foot + 44, words, "quiet small"))
    parts += _where(foot + 62, found)
    return _svg(foot + 94, parts, "How many times faster Glossator's engine is, by kind of work")


PANELS = (
    ("CPU seconds", "cpu", ""),
    ("tokens computed", "tokens", ""),
    ("first word, median", "first_p50", "s"),
    ("first word, 95th percentile", "first_p95", "s"),
    ("whole answer, median", "total_p50", "s"),
)


def session(lines: Sequence[dict[str, Any]], found: dict[str, Any]) -> str:
    """What an hour of work costs each system: CPU, tokens and waiting."""
    styles = ("s0", "s2", "s1", "s3")
    parts = [
        _text(MARGIN, 36, "An hour of work: what it costs and how long one waits", "ink title"),
        _text(MARGIN, 57, f"{_model(found)}, {tables.extent(found)}", "quiet small"),
    ]
    y = 84
    for title, key, unit in PANELS:
        values = [line["read"] + line["written"] if key == "tokens" else line[key] for line in lines]
        most = max(*values, 1e-9)
        parts.append(_text(MARGIN, y + 12, title, "ink head"))
        y += 22
        for line, value, style in zip(lines, values, styles, strict=False):
            length = (WIDTH - LEFT - RIGHT - 70) * value / most
            parts.append(_text(LEFT - 12, y + 13, line["system"], "quiet", "end"))
            parts.append(_bar(LEFT, y + 1, max(length, 1.5), 16, style))
            label = f"{value:.0f}" if key in ("cpu", "tokens") else tables.shown(value, unit)
            parts.append(_text(LEFT + max(length, 1.5) + 7, y + 13.5, label, "ink small"))
            y += 21
        y += 14
    parts += _where(y + 8, found)
    return _svg(y + 40, parts, "What an hour of work costs three systems")


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
        f'role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
        f'<rect class="ground" width="{WIDTH}" height="{height:g}" rx="8"/>\n{body}\n</svg>\n'
    )


def _text(x: float, y: float, words: str, style: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x: float, top: float, bottom: float, style: str, width: float = 1) -> str:
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" class="{style}" stroke-width="{width:g}"/>'
    )


def _bar(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:g}" rx="2" class="{style}"/>'


def _legend(y: float, entries: Sequence[tuple[str, str]], *, goal: bool) -> list[str]:
    parts, x = [], float(MARGIN)
    for style, words in entries:
        parts += [_bar(x, y - 10, 12, 12, style), _text(x + 18, y, words, "ink")]
        x += 40 + 7.2 * len(words)
    if goal:
        parts += [_line(x + 5, y - 12, y + 4, "goal", 2), _text(x + 14, y, "goal", "ink")]
    return parts


def _where(y: float, found: dict[str, Any]) -> list[str]:
    """Machine and versions, in two lines."""
    lines = machine.headline(found["machine"]).split("; ", 1)
    return [_text(MARGIN, y + 15 * number, line, "quiet small") for number, line in enumerate(lines)]


def _model(found: dict[str, Any]) -> str:
    return str(found["model"]).removesuffix(".gguf")
