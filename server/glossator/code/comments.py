"""Comments that document what stands below them: which ones they are, and what they say without their marks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from .languages import DocConvention
from .tree import Tree

_DOC = {
    "jsdoc": re.compile(r"/\*\*(?!/)"),
    "javadoc": re.compile(r"/\*\*(?!/)"),
    "doxygen": re.compile(r"/\*[*!](?!/)|//[/!]"),
    "rustdoc": re.compile(r"///(?!/)|/\*\*(?![*/])"),
    "godoc": re.compile(r"//(?!\w+:\w|\s*\+build|export )|/\*"),
}
_OPEN = re.compile(r"^/\*[*!]*<?[ \t]?")
_LINE_MARK = re.compile(r"^[ \t]*//[/!]?<?[ \t]?")
_STAR = re.compile(r"^[ \t]*\*(?!/)[ \t]?")


@dataclass(frozen=True, slots=True)
class Above:
    """What belongs to a definition and stands above it (bytes).

    Attributes:
        start: Where the first of it begins; the definition's own start where there is nothing.
        code: Where the definition begins without its documentation: at an attribute below that, or at its own start.
        docs: Documentation comments from top to bottom, as (start, end).
    """

    start: int
    code: int
    docs: tuple[tuple[int, int], ...]


class Lines:
    """The comments and attributes of a tree, to be looked up by what they stand above."""

    def __init__(self, tree: Tree, comments: Sequence[Node], attributes: Sequence[Node]) -> None:
        self._tree = tree
        found = [(node.start_byte, node.end_byte, True) for node in comments]
        found += [(node.start_byte, node.end_byte, False) for node in attributes]
        self._found = sorted(found)
        self._starts = [each[0] for each in self._found]
        self._mark = _DOC.get(tree.language.doc_convention)

    def above(self, start: int) -> Above:
        """What stands directly above the definition that begins at byte `start`, with no blank line between."""
        top = code = start
        docs: list[tuple[int, int]] = []
        split = False
        if self._mark is None:
            return Above(start, start, ())
        data, at = self._tree.data, bisect_right(self._starts, start - 1) - 1
        while at >= 0:
            low, high, comment = self._found[at]
            gap = data[high:top] if high <= top else b"x"
            # A Rust doc comment ends with its line.
            newlines = gap.count(b"\n") + (data[high - 1 : high] == b"\n")
            if gap.strip() or newlines > 1:
                break
            if comment and (split or not (self._begins_line(low) and self._documents(low, high, docs))):
                break
            if comment:
                high -= len(data[low:high]) - len(data[low:high].rstrip())
                docs.insert(0, (low, high))
            elif docs:
                split = True
            else:
                code = low
            top = low
            at -= 1
        return Above(top, code, tuple(docs))

    def between(self, start: int, end: int) -> list[tuple[int, int]]:
        """The comments and attributes that begin in a range of bytes."""
        low, high = bisect_right(self._starts, start - 1), bisect_right(self._starts, end - 1)
        return [each[:2] for each in self._found[low:high]]

    def _begins_line(self, start: int) -> bool:
        if self._tree.data[start : start + 2] == b"/*":
            return True
        line = self._tree.data.rfind(b"\n", 0, start) + 1
        return not self._tree.data[line:start].strip()

    def _documents(self, start: int, end: int, docs: list[tuple[int, int]]) -> bool:
        text = self._tree.data[start:end].decode("utf-8", "surrogatepass")
        if self._mark is None or not self._mark.match(text):
            return False
        # Blocks stand alone; lines stand together.
        return not docs or (text.startswith("//") and self._tree.data[docs[0][0] :][:2] == b"//")


def plain(text: str, convention: DocConvention) -> str:
    """What a documentation comment (or several, each on its own lines) says, without marks and margins."""
    del convention  # the marks tell themselves apart
    rows = text.strip().replace("\r\n", "\n").split("\n")
    if rows[0].lstrip().startswith("/*"):
        rows[0] = _OPEN.sub("", rows[0].lstrip(), count=1)
        rows[-1] = re.sub(r"[ \t]*\*+/[ \t]*$", "", rows[-1])
        rows[1:] = [_STAR.sub("", row) for row in rows[1:]] if all_starred(rows[1:]) else dedented(rows[1:])
    else:
        rows = [_LINE_MARK.sub("", row) for row in rows]
    return "\n".join(row.rstrip() for row in rows).strip()


def all_starred(rows: Sequence[str]) -> bool:
    """Whether every line that says anything begins with a star."""
    return all(_STAR.match(row) or not row.strip() for row in rows)


def dedented(rows: Sequence[str]) -> list[str]:
    """The lines without the margin that they share."""
    margin = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
    return [row[margin:] for row in rows]
