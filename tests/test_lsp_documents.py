"""The document store never differs from a slow, obvious model of the protocol's text rules."""

from __future__ import annotations

import random

import pytest

from glossator.lsp import units
from glossator.lsp.documents import Change, Document, Place, split
from glossator.lsp.units import Encoding

NASTY = [
    *"ab \t(\"'#",
    *["\n", "\r\n", "\r", "\n\n", "\r\r\n"],
    *["\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00", "\ufeff", "\u202e"],
    *["é", "ß", "漢", "e\u0301", "😀", "𝒳", "👩‍💻", "\ud83d", "\ude00", "\udfff"],
    "def f():\n",
]
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


class Reference:
    """The text as a list of (character, width) cells; every operation walks all of it."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self.encoding = encoding
        self.cells = self._cells(text)

    def _cells(self, text: str) -> list[str]:
        if self.encoding == "utf-16":  # one cell a code unit: halves of a pair can be parted and meet again
            raw = text.encode("utf-16-le", "surrogatepass")
            return [chr(int.from_bytes(raw[at : at + 2], "little")) for at in range(0, len(raw), 2)]
        return list(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass"))

    def _width(self, cell: str) -> int:
        return len(cell.encode("utf-8", "surrogatepass")) if self.encoding == "utf-8" else 1

    def offset(self, place: Place) -> int:
        line, unit = place
        at = 0
        while line and at < len(self.cells):
            cell = self.cells[at]
            at += 1
            if cell == "\r":
                if at < len(self.cells) and self.cells[at] == "\n":
                    at += 1
                line -= 1
            elif cell == "\n":
                line -= 1
        if line:
            return len(self.cells)
        while at < len(self.cells) and self.cells[at] not in "\r\n" and unit >= self._width(self.cells[at]):
            unit -= self._width(self.cells[at])
            at += 1
        return at

    def change(self, change: Change) -> None:
        if change.start is None or change.end is None:
            self.cells = self._cells(change.text)
            return
        start, end = sorted((self.offset(change.start), self.offset(change.end)))
        self.cells = self.cells[:start] + self._cells(change.text) + self.cells[end:]
        self.cells = self._cells(self.text)

    @property
    def text(self) -> str:
        return "".join(self.cells).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def some_text(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(NASTY) for _ in range(chance.randint(0, most)))


def some_place(chance: random.Random, text: str) -> Place:
    lines = len(split(text))
    return chance.randint(0, lines + 1), chance.choice([0, 1, 2, 3, chance.randint(0, 30), 2**31 - 1])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_store_equals_reference(encoding: Encoding) -> None:
    """Random edits of text with every kind of line break, form feeds, astral characters and lone halves agree."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(700):
        text = some_text(chance, 20)
        document = Document("file:///x", 0, "python", text, encoding)
        reference = Reference(text, encoding)
        for version in range(1, 9):
            changes = []
            for _ in range(chance.randint(1, 3)):
                places = (some_place(chance, text), some_place(chance, text))
                whole = chance.random() < 0.03
                changes.append(Change(some_text(chance, 5), *((None, None) if whole else places)))
            document.change(version, changes)
            for change in changes:
                reference.change(change)
            assert document.snapshot().raw == reference.text, (seed, changes)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_lines_stay_lines(encoding: Encoding) -> None:
    """After any edits the store's lines are those of a fresh split."""
    chance = random.Random(7)
    document = Document("file:///x", 0, "python", "", encoding)
    for version in range(2000):
        text = document.snapshot().raw
        places = (some_place(chance, text), some_place(chance, text))
        document.change(version, [Change(some_text(chance, 4), *places)])
        assert document._lines == split(document.snapshot().raw)


@pytest.mark.parametrize(
    ("text", "lines"), [("", [""]), ("a\fb\u2028c\x85d", ["a\fb\u2028c\x85d"]), ("a\r\n\rb", ["a\r\n", "\r", "b"])]
)
def test_only_three_line_endings(text: str, lines: list[str]) -> None:
    """Form feeds, NEL and the Unicode separators are characters like others."""
    assert split(text) == lines


def test_snapshot_stays() -> None:
    """A snapshot taken before an edit keeps its text and version."""
    document = Document("file:///x", 1, "python", "a = 1\n", "utf-16")
    before = document.snapshot()
    document.change(2, [Change("b", (0, 0), (0, 1))])
    assert (before.version, before.text) == (1, "a = 1\n")
    assert (document.snapshot().version, document.snapshot().text) == (2, "b = 1\n")


def test_readable_text_keeps_offsets() -> None:
    """What is handed to the rest of the program can be encoded and is as long as the client's text."""
    document = Document("file:///x", 1, "python", "a = '\ud83d'  # 😀", "utf-16")
    snapshot = document.snapshot()
    assert len(snapshot.text) == len(snapshot.raw)
    snapshot.text.encode("utf-8")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_units_round_trip(encoding: Encoding) -> None:
    """Every character's start is found again from the number of units before it."""
    line = "a😀é漢\ud800𝒳\u2028z"
    for at in range(len(line) + 1):
        assert units.index(line, units.length(line[:at], encoding), encoding) == at


def test_large_documents_are_edited_quickly() -> None:
    """Typing in the middle of 10 MB costs milliseconds, on many lines and on a single one."""
    import time

    for text in ("x = 1\n" * 1_700_000, "y" * 10_000_000):
        document = Document("file:///x", 0, "python", text, "utf-16")
        begun = time.perf_counter()
        for version in range(1, 21):
            document.change(version, [Change("z", (0, 5), (0, 5))])
        assert (time.perf_counter() - begun) / 20 < 0.1
