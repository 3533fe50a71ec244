"""Text -> syntax tree, and a new tree after an edit. Knows nothing of symbols.

A `Tree` never changes. tree-sitter counts in bytes of UTF-8; everything that leaves this room counts in code points,
and this module is where the one becomes the other. All walks are loops: a file may nest deeper than Python's stack,
and the printed form of a deep node crashes inside tree-sitter.
"""

from __future__ import annotations

import hashlib
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any, TypeVar, cast

from tree_sitter import Node, Parser, Point
from tree_sitter import Tree as Parsed

from . import Span, TooLarge
from .languages import Language, grammar

MAX_BYTES = 1_000_000
"""Bytes of UTF-8. This much takes up to a second to parse."""
MAX_NODES = 200_000
"""Nodes of a tree. What the densest code of this size holds is found in under half a second, in which no other thread
runs; of the files that people wrote hardly any has as many."""
MAX_LINE = 100_000
"""Bytes in one line. Longer ones are generated or minified."""
MAX_DEPTH = 1_000
"""Nested nodes. Steps in a tree cost time in proportion to the depth, so a deep file costs its square."""
MAX_SECONDS = 2.0
"""Of processor time for one parse."""
MAX_PIECES = 5_000
"""Tokens side by side in one place that does not fit the grammar. To look for patterns there costs their square."""
MAX_ERRORS = 100
"""More places than these are not listed by `Tree.errors`."""

_T = TypeVar("_T")
_STEP = 1024
_PIECE = 1 << 16
_KEPT = 64
_refused: OrderedDict[tuple[str, bytes], str] = OrderedDict()
"""Why what was parsed is not analysed, by language and digest: each question about it would parse it again."""
_CONTINUATION = bytes(range(0x80, 0xC0))


class Tree:
    """A parsed text.

    Attributes:
        text: The text, as it was given.
        language: Its language.
        root: tree-sitter's root node; for this room only.
    """

    def __init__(self, text: str, data: bytes, language: Language, parsed: Parsed) -> None:
        self.text = text
        self.language = language
        self.root: Node = parsed.root_node
        self.data = data
        self._parsed = parsed
        self._ascii = len(data) == len(text)
        self._marks: list[int] = [] if self._ascii else _marks(text)
        self._facts: dict[str, Any] = {}

    def edited(self, new_text: str) -> Tree:
        """The tree of `new_text`, made from this one where they are alike. Raises `TooLarge`."""
        if new_text == self.text:
            return self
        data = _encoded(new_text)
        _check_size(data)
        start, old_end, new_end = _difference(self.data, data)
        old = self._parsed.copy()
        old.edit(
            start,
            old_end,
            new_end,
            _point(self.data, start),
            _point(self.data, old_end),
            _point(data, new_end),
        )
        return _made(new_text, data, self.language, old)

    def byte(self, offset: int) -> int:
        """The byte at which the code point `offset` begins."""
        if self._ascii:
            return min(max(offset, 0), len(self.data))
        offset = min(max(offset, 0), len(self.text))
        block = offset // _STEP
        return self._marks[block] + len(_encoded(self.text[block * _STEP : offset]))

    def offset(self, byte: int) -> int:
        """The code point that begins at `byte`; the next one where `byte` lies inside of one."""
        if self._ascii:
            return byte
        block = min(max(bisect_right(self._marks, byte) - 1, 0), len(self.text) // _STEP)
        part = self.data[self._marks[block] : byte]
        return block * _STEP + len(part.translate(None, _CONTINUATION))

    def span(self, node: Node) -> Span:
        """Where `node` stands."""
        return Span(self.offset(node.start_byte), self.offset(node.end_byte))

    def source(self, node: Node) -> str:
        """The text of `node`."""
        if self._ascii:
            return self.text[node.start_byte : node.end_byte]
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")

    def covering(self, span: Span) -> Node:
        """The smallest named node that holds `span`."""
        start, end = self.byte(span.start), self.byte(span.end)
        return self.root.named_descendant_for_byte_range(start, end) or self.root

    def errors(self) -> tuple[Span, ...]:
        """Where the text does not fit the grammar, in order: the outermost unreadable pieces and missing tokens."""
        found: list[Span] = []
        stack = [self.root]
        while stack and len(found) < MAX_ERRORS:
            node = stack.pop()
            if node.is_error or node.is_missing:
                found.append(self.span(node))
            elif node.has_error:
                stack += reversed(node.children)
        return tuple(sorted(found))

    def knows(self, name: str) -> bool:
        """Whether something is kept under `name` by `once`, which then takes no time."""
        return name in self._facts

    def once(self, name: str, make: Callable[[], _T]) -> _T:
        """What `make` gives, made once for this tree and kept under `name`."""
        if name not in self._facts:
            self._facts[name] = make()
        return cast("_T", self._facts[name])


def parse(text: str, language: Language) -> Tree:
    """Parse `text`. Raises `TooLarge` over the caps of this module; anything else parses, with errors where it must."""
    data = _encoded(text)
    _check_size(data)
    return _made(text, data, language, None)


def _made(text: str, data: bytes, language: Language, old: Parsed | None) -> Tree:
    if _refused and (reason := _refused.get(_key(data, language))):
        raise TooLarge(reason)
    try:
        parsed = _parsed(data, language, old)
        _check_shape(parsed.root_node)
    except TooLarge as error:
        _refused[_key(data, language)] = str(error)
        while len(_refused) > _KEPT:
            _refused.popitem(last=False)
        raise
    return Tree(text, data, language, parsed)


def holds(node: Node, kinds: Collection[str]) -> bool:
    """Whether a node is of one of these kinds, or one inside of it is."""
    stack = [node]
    while stack:
        part = stack.pop()
        if part.type in kinds:
            return True
        stack += part.named_children
    return False


def _key(data: bytes, language: Language) -> tuple[str, bytes]:
    return language.id, hashlib.blake2b(data).digest()


def _parsed(data: bytes, language: Language, old: Parsed | None) -> Parsed:
    """Parsed in pieces, so that other threads run meanwhile: given as a whole nothing else would before its end."""
    until = time.thread_time() + MAX_SECONDS

    def read(at: int, _: Point) -> bytes:
        return data[at : at + _PIECE]

    def late(_: int, __: bool) -> bool:
        return time.thread_time() > until

    parser = Parser(grammar(language))
    try:
        if old is None:
            return parser.parse(read, progress_callback=late)
        return parser.parse(read, old, progress_callback=late)
    except ValueError as error:
        raise TooLarge(f"the file took more than {MAX_SECONDS:g} seconds to parse, and is not analysed") from error


def _encoded(text: str) -> bytes:
    # Editors may send half of a surrogate pair; it is kept as it is.
    return text.encode("utf-8", "surrogatepass")


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise TooLarge(f"the file has {len(data):,} bytes; more than {MAX_BYTES:,} are not analysed")
    if len(data) <= MAX_LINE:
        return
    position = 0
    while position + MAX_LINE < len(data):
        newline = data.rfind(b"\n", position, position + MAX_LINE + 1)
        if newline < 0:
            raise TooLarge(f"the file has a line of more than {MAX_LINE:,} bytes, which is not analysed")
        position = newline + 1


def _check_shape(root: Node) -> None:
    if root.descendant_count > MAX_NODES:
        raise TooLarge(f"the file has {root.descendant_count:,} syntax nodes; more than {MAX_NODES:,} are not analysed")
    level = [root]
    for depth in range(MAX_DEPTH):
        if any(node.is_error and node.child_count > MAX_PIECES for node in level):
            raise TooLarge(f"more than {MAX_PIECES:,} tokens in one place fit no grammar, which is not analysed")
        # A node with few descendants cannot reach down to the cap: nearly all of a real file is left out by this.
        level = [
            child
            for node in level
            if node.descendant_count + depth > MAX_DEPTH
            for child in node.children
            if child.child_count
        ]
        if not level:
            return
    raise TooLarge(f"the code nests deeper than {MAX_DEPTH:,} levels, which is not analysed")


def _difference(old: bytes, new: bytes) -> tuple[int, int, int]:
    """Start, old end and new end (bytes, at beginnings of code points) of the one range in which they differ."""
    start = _common(old, new, min(len(old), len(new)))
    while start and start < max(len(old), len(new)) and (_inside(old, start) or _inside(new, start)):
        start -= 1
    limit = min(len(old), len(new)) - start
    end = _common(old[::-1], new[::-1], limit)
    while end and (_inside(old, len(old) - end) or _inside(new, len(new) - end)):
        end -= 1
    return start, len(old) - end, len(new) - end


def _inside(data: bytes, at: int) -> bool:
    return at < len(data) and 0x80 <= data[at] < 0xC0


def _common(one: bytes, other: bytes, limit: int) -> int:
    """How many bytes, `limit` at most, both begin with. Compares slices: a loop over bytes is much slower."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _point(data: bytes, at: int) -> Point:
    return Point(data.count(b"\n", 0, at), at - data.rfind(b"\n", 0, at) - 1)


def _marks(text: str) -> list[int]:
    """The byte at which each block of `_STEP` code points begins."""
    marks = [0]
    for start in range(0, len(text), _STEP):
        marks.append(marks[-1] + len(_encoded(text[start : start + _STEP])))
    return marks
