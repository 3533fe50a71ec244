"""An explanation without the sentences that its code contradicts, and what was wrong with them.

Sentences stay whole or go; one that goes on with a wrong claim (`… and raises KeyError`) ends before it. What leaned on
a sentence that went goes too, so that nothing is left hanging.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .claims import About, Contradiction, contradiction

_FENCE = re.compile(r"\s*(?:```|~~~)")
_HEAD = re.compile(r"\s*(?:(?:[-*+•]|\d+[.)])\s+)?(?:\*\*[^*\n]+\*\*[ :–—.-]*|__[^_\n]+__[ :–—.-]*)?")
_END = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z`*_(\"'])")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|resp)\.$", re.I)
_TURNS = re.compile(
    r"(?:Otherwise|Else|However|Instead|Then|Also|Therefore|Thus|Hence|In (?:all )?other cases),? +(?=\S)"
)
_LEANS = re.compile(  # what means something only beside the sentence before
    r"(?:In (?:this|that|these|those|such|which) \w+|If so|If not|If it (?:is|does|was)\b|This|That|These|Those|They"
    r"|Such|Similarly|Likewise|Consequently|As a result|Both|Neither|Either|For (?:example|instance)"
    r"|The (?:former|latter|same)|After(?:wards| that)|So|But|And|Or|Because of)\b"
    r"(?! (?:function|method|class|code|constructor|struct|type))"
)
_LISTED = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s|\s*(?:```|~~~)")
_PAIRED = re.compile(r"\b(?:either|both|neither|whether|not only|between)\b", re.I)
_LABELLED = re.compile(r"(Raises|Throws|Errors?|Exceptions?|Returns?)\b", re.I)
_FEWEST = 3  # words that a sentence must keep to be one


@dataclass(frozen=True, slots=True)
class Sound:
    """What is left of a text.

    Attributes:
        text: "" where nothing is left.
        reasons: What was wrong, each once.
        whole: Whether the first sentence, which says what it is for, stayed.
    """

    text: str
    reasons: tuple[str, ...] = ()
    whole: bool = True


def sound(text: str, about: About) -> Sound:
    """`text` without what contradicts `about`; the very text where nothing does."""
    rows: list[str] = []
    reasons: list[str] = []
    kept_first: bool | None = None
    announced: set[int] = set()  # rows that announce what went: `It may fail:`
    fenced = False
    for row in text.split("\n"):
        if _FENCE.match(row):
            fenced = not fenced
        if fenced or not row.strip() or _FENCE.match(row):
            rows.append(row)
            continue
        head = _HEAD.match(row)
        start = head.end() if head else 0
        left, wrong = _judged(
            row[start:], row[:start], about, lost=kept_first is False and not any(map(str.strip, rows))
        )
        reasons += [each.reason for each in wrong]
        if kept_first is None:
            kept_first = not wrong or wrong[0].start > 0 or left.startswith(sentences(row[start:])[0])
        if wrong and not left:
            announced.update(at for at in [_last(rows)] if at >= 0 and rows[at].rstrip().endswith(":"))
            continue
        rows.append(row[:start] + left if wrong or left != row[start:] else row)
    if not reasons:
        return Sound(text)
    for at in sorted(announced, reverse=True):
        below = next((row for row in rows[at + 1 :] if row.strip()), "")
        if not _LISTED.match(below) and len(sentences(rows[at])) == 1:
            del rows[at]
    left = re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()
    if kept_first is False and about.name:
        left = re.sub(r"\AIt (?=\w+s\b)", f"`{about.name}` ", left)
    return Sound(left if len(left.split()) >= _FEWEST else "", tuple(dict.fromkeys(reasons)), kept_first is not False)


def sentences(row: str) -> list[str]:
    """The sentences of a line, their blanks aside; a full stop inside of backquotes ends none."""
    inside = [(match.start(), match.end()) for match in re.finditer(r"(`+)(?:(?!\1).)+\1", row)]
    found, position = [], 0
    for end in _END.finditer(row):
        if any(low < end.start() < high for low, high in inside) or _ABBREVIATED.search(row[: end.start()]):
            continue
        found.append(row[position : end.start()])
        position = end.end()
    return [*found, row[position:]]


def _judged(row: str, head: str, about: About, *, lost: bool) -> tuple[str, list[Contradiction]]:
    """What is left of the sentences of a row, and what was wrong. `lost`: all before them went."""
    kept: list[str] = []
    wrong: list[Contradiction] = []
    gone = lost
    for sentence in sentences(row):
        if gone and _LEANS.match(sentence):
            continue
        found = contradiction(_spoken(sentence, head) if not kept else sentence, about)
        if found is None:
            if gone and (turn := _TURNS.match(sentence)):
                rest = sentence[turn.end() :]
                sentence = rest[:1].upper() + rest[1:]  # noqa: PLW2901 - what it turned from is gone
            kept.append(sentence)
            gone = False
            continue
        wrong.append(found)
        gone = True
        before = sentence[: found.start].rstrip(" ,")
        if found.start and len(before.split()) > _FEWEST and not _PAIRED.search(before):
            kept.append(before + ".")
    if not wrong and not lost:
        return row, []
    return " ".join(kept), wrong


def _spoken(sentence: str, head: str) -> str:
    """The first sentence of an item with a label as one without: `**Raises:** KeyError` says that it raises that."""
    label = re.sub(r"[\s*_:–—.•+-]+|\d+[.)]", " ", head).strip()
    if not _LABELLED.fullmatch(label):
        return f"{label}: {sentence}" if label.lower().startswith("side effect") else sentence
    verb = "Returns" if label.lower().startswith("return") else "Raises"
    return sentence if sentence.startswith(verb) else f"{verb} {sentence[:1].lower()}{sentence[1:]}"


def _last(rows: list[str]) -> int:
    """Where the last row that is not blank stands, or -1."""
    return next((at for at in reversed(range(len(rows))) if rows[at].strip()), -1)
