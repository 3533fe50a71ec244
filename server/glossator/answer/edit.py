"""Two texts -> the smallest line-wise edits between them. Knows nothing of models, languages or editors.

Line ends are the protocol's (`\\n`, `\\r\\n`, `\\r`): a form feed or U+2028 inside a line is text. A line that is kept
keeps its own line end, whatever the model wrote; a new line gets the line end that the text uses most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from ..code import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_END = re.compile(r"(?:\r\n|\r|\n)\Z")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put `text` in the place of `span` (offsets into the file's text)."""

    span: Span
    text: str


def lines(text: str) -> list[str]:
    """The lines of `text` with their line ends."""
    return _LINE.findall(text)


def newline(text: str) -> str:
    """The line end that `text` uses most; `\\n` where it has none."""
    counts = Counter(match[0] for match in re.finditer(r"\r\n|\r|\n", text))
    return counts.most_common(1)[0][0] if counts else "\n"


def smallest(before: str, after: str, at: int = 0, eol: str = "") -> tuple[Edit, ...]:
    """The edits that turn `before`, which stands at offset `at` of a file, into `after`; none where they are equal.

    `eol` is the line end for new lines (default: what `before` uses most). Line ends alone are no difference.
    """
    eol = eol or newline(before)
    old, new = lines(before), lines(after)
    # The last line has no line end where the text ends inside a line; whether it has one is a difference.
    old_keys, new_keys = [_key(line) for line in old], [_key(line) for line in new]
    starts = [at]
    for line in old:
        starts.append(starts[-1] + len(line))
    edits = []
    for tag, low, high, first, last in SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        text = "".join(_END.sub(eol, line) for line in new[first:last])
        edits.append(_trimmed(Span(starts[low], starts[high]), "".join(old[low:high]), text))
    shifted = [Edit(Span(edit.span.start - at, edit.span.end - at), edit.text) for edit in edits]
    if [_key(line) for line in lines(apply(before, shifted))] != new_keys:
        # Where line ends are mixed, a `\r` and a `\n` that come together are one line end: replace everything instead.
        return (Edit(Span(at, at + len(before)), "".join(_END.sub(eol, line) for line in new)),)
    return tuple(edits)


def _key(line: str) -> tuple[str, bool]:
    bare = _END.sub("", line)
    return bare, bare != line


def _trimmed(span: Span, old: str, new: str) -> Edit:
    """An insertion that the line diff shows as a change (`b` -> `b⏎c` at the end of a text) as the insertion it is."""
    if old and new.startswith(old):
        return Edit(Span(span.end, span.end), new[len(old) :])
    if new and old.startswith(new):
        return Edit(Span(span.start + len(new), span.end), "")
    return Edit(span, new)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` done at once. Raises `ValueError` where they overlap or lie outside."""
    result, position = [], 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        if not position <= edit.span.start <= edit.span.end <= len(text):
            raise ValueError("edits overlap or lie outside of the text")
        result += [text[position : edit.span.start], edit.text]
        position = edit.span.end
    return "".join([*result, text[position:]])
