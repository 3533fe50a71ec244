"""A model's explanation, as a reader wants it: no preamble, no repetition of the code, an end that says it was cut."""

from __future__ import annotations

import re

from .docstring import supported
from .markdown import open_fence, sanitised

_PREAMBLE = re.compile(
    r"\A(?:(?:sure|certainly|of course|absolutely|okay|ok|great)\b[^\n]*?[!,.:]\s*)?"
    r"(?:(?:here(?:'s| is| are)|let me|i(?:'ll| will| can))\b[^\n]*:\s*\n+)?",
    re.I,
)
_CLOSING = re.compile(r"\n+(?:let me know|i hope|feel free|please let)\b[^\n]*\s*\Z", re.I)
_NUMBER = re.compile(r"(?<![^\n])[ \t]{0,20}\d{1,9}\Z")
_SENTENCE_END = re.compile(r"[.!?](?=\s)")
_LEAST_LOOP, _LONGEST_LOOP = 3, 60  # words that are said three times, one time after the other
_FENCED = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.S | re.M)


def explanation(answer: str, code: str, *, known: str | None = None, cut: bool = False) -> str:
    """Markdown that is safe to show. `code` is what is explained: blocks that repeat it are dropped, and so are
    sentences about errors that are named nowhere in `known`, if that is given. `cut`: it ended at its token limit."""
    text = _CLOSING.sub("", _PREAMBLE.sub("", answer.strip(), count=1)).strip()
    text = _FENCED.sub(lambda match: "" if _repeats(match[1], code) else match[0], text)
    text = re.sub(r"\n{3,}", "\n\n", text)
    text = _once(text if known is None else supported(text, known))
    if text and text[0].islower() and not answer.strip().startswith(text[:10]):
        text = text[0].upper() + text[1:]
    if cut and text:
        text = _shortened(_unlooped(text))
    return sanitised(text).strip()


def _repeats(block: str, code: str) -> bool:
    """Whether most of a block's lines are lines of the code."""
    rows = [row.strip() for row in block.split("\n") if len(row.strip()) > 3]
    known = {row.strip() for row in code.split("\n")}
    return len(rows) > 1 and sum(row in known for row in rows) > len(rows) * 0.6


def _once(text: str) -> str:
    """Without sentences that were said before, word for word."""
    seen: set[str] = set()
    rows = []
    for row in text.split("\n"):
        kept: list[str] = []
        for each in re.split(r"(?<=[.!?]) (?=[A-Z`])", row):
            if len(each) < 20 or each not in seen:
                kept.append(each)
            seen.add(each)
        rows.append(" ".join(kept))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()


def _unlooped(text: str) -> str:
    """Up to the sentence in which the same words come again and again; of the first one what comes before that."""
    words = list(re.finditer(r"\S+", text))
    said = [word[0] for word in words]
    for at in range(len(said)):
        for period in range(_LEAST_LOOP, min(_LONGEST_LOOP, (len(said) - at) // 3) + 1):
            if said[at : at + 2 * period] == said[at + period : at + 3 * period]:
                whole = [match.end() for match in _SENTENCE_END.finditer(text, 0, words[at].start())]
                return text[: whole[-1]] if whole else text[: words[at + period - 1].end()]
    return text


def _shortened(text: str) -> str:
    """Up to the last whole sentence where that keeps most of it, and a sign that there was more."""
    if fence := open_fence(text):
        return f"{text.rstrip()}\n{fence}\n\n…"
    # The number of an item ends no sentence.
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if not _NUMBER.search(text, 0, match.start())]
    if ends and ends[-1] > len(text) * 0.6:
        text = text[: ends[-1]]
    return text.rstrip() + " …"
