"""An explanation without the sentences that its code contradicts, and what was wrong with them.

Sentences stay whole or go; one that goes on with a wrong claim (`… and raises KeyError`) ends before it. What leaned on
a sentence that went goes too, so that nothing is left hanging.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .claim import speaks_of_others
from .claims import About, Contradiction, contradiction
from .markdown import fence_after
from .quoted import ticked

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
    about = replace(about, others=speaks_of_others(text, about))
    rows: list[str] = []
    reasons: list[str] = []
    kept_first: bool | None = None
    announced: set[int] = set()  # rows that announce what went: `It may fail:`
    fence, dropped = "", -1  # `dropped`: how far the item that went is indented; what is further in belongs to it
    for row in text.split("\n"):
        before, fence = fence, fence_after(fence, row)
        if dropped >= 0 and row.strip() and (before or _indent(row) > dropped):
            continue
        dropped = dropped if not row.strip() else -1
        head = _HEAD.match(row)
        start = head.end() if head else 0
        if before or fence or not row[start:].strip() or row.startswith("#"):
            rows.append(row)
            continue
        left, wrong = _judged(
            row[start:], row[:start], about, lost=kept_first is False and not any(map(str.strip, rows))
        )
        reasons += [each.reason for each in wrong]
        if kept_first is None:
            kept_first = not wrong or wrong[0].start > 0 or left.startswith(sentences(row[start:])[0])
        if wrong and not left:
            announced.update(at for at in [_last(rows)] if at >= 0 and _announces(rows[at]))
            dropped = _indent(row) if _LISTED.match(row) else -1
            continue
        rows.append(row[:start] + left if wrong or left != row[start:] else row)
    if not reasons:
        return Sound(text)
    for at in sorted(announced, reverse=True):
        below = next((row for row in rows[at + 1 :] if row.strip()), "")
        over = not below or _labelled(below) or below.startswith("#") if _is_label(rows[at]) else True
        if over and not _LISTED.match(below) and len(sentences(rows[at])) == 1:
            del rows[at]
    left = re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()
    if text.endswith("…") and left and not left.endswith("…"):  # it still was cut off
        left += "\n\n…" if _last_is_fence(left) else " …"
    if kept_first is False and about.name:
        left = re.sub(r"\AIt (?=\w+s\b)", lambda _: f"{ticked(about.name)} ", left)
    return Sound(left if len(left.split()) >= _FEWEST else "", tuple(dict.fromkeys(reasons)), kept_first is not False)


def sentences(row: str) -> list[str]:
    """The sentences of a line, their blanks aside; a full stop inside of backquotes ends none."""
    inside = _quoted(row)
    found, position, at = [], 0, 0
    for end in _END.finditer(row):
        while at < len(inside) and inside[at][1] <= end.start():
            at += 1
        if at < len(inside) and inside[at][0] < end.start():
            continue
        if _ABBREVIATED.search(row[max(0, end.start() - 12) : end.start()]):
            continue
        found.append(row[position : end.start()])
        position = end.end()
    return [*found, row[position:]]


def _quoted(row: str) -> list[tuple[int, int]]:
    """Where the code in backquotes begins and ends: marks pair with the next ones of the same number."""
    marks = [(match.start(), match.end()) for match in re.finditer(r"`+", row)]
    later: dict[int, list[int]] = {}
    for at, (low, high) in reversed(list(enumerate(marks))):
        later.setdefault(high - low, []).append(at)
    found, at = [], 0
    while at < len(marks):
        low, high = marks[at]
        same = later[high - low]
        while same and same[-1] <= at:
            same.pop()
        if same:
            found.append((low, marks[same[-1]][1]))
            at = same[-1]
        at += 1
    return found


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
        return sentence
    verb = "Returns" if label.lower().startswith("return") else "Raises"
    return sentence if sentence.startswith(verb) else f"{verb} {sentence[:1].lower()}{sentence[1:]}"


def _announces(row: str) -> bool:
    """Whether a row is only there for what comes below it."""
    return row.rstrip(" *_").endswith(":") or _is_label(row)


def _is_label(row: str) -> bool:
    """Whether a row is a label and nothing more."""
    return row.startswith("#") or (_labelled(row) and not _HEAD.sub("", row, count=1).strip())


def _labelled(row: str) -> bool:
    """Whether a row begins with a label."""
    head = _HEAD.match(row)
    return head is not None and row[: head.end()].strip(" -*+•_0123456789.)") != ""


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip())


def _last_is_fence(text: str) -> bool:
    return text.rpartition("\n")[2].startswith(("```", "~~~"))


def _last(rows: list[str]) -> int:
    """Where the last row that is not blank stands, or -1."""
    return next((at for at in reversed(range(len(rows))) if rows[at].strip()), -1)
