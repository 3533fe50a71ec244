"""The document store keeps the protocol's text rules; `faults/test_text.py` compares it with a model of them."""

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


def some_text(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(NASTY) for _ in range(chance.randint(0, most)))


def some_place(chance: random.Random, text: str) -> Place:
    lines = len(split(text))
    return chance.randint(0, lines + 1), chance.choice([0, 1, 2, 3, chance.randint(0, 30), 2**31 - 1])


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
        assert (time.perf_counter() - begun) / 20 < 1  # by a way that looks at every character: some seconds
