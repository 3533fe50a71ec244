"""Offsets and positions mean the same place in every encoding."""

from __future__ import annotations

import random

import pytest
from lsprotocol import types

from glossator.lsp import convert
from glossator.lsp.documents import Snapshot
from glossator.lsp.units import Encoding

TEXT = "a😀é\r\n漢\f\u2028b\n\r\x85𝒳\rlast"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_round_trip(encoding: Encoding) -> None:
    """An offset becomes a position and the same offset again, except inside a `\\r\\n`."""
    snapshot = Snapshot("file:///x", 1, "python", TEXT)
    for offset in range(len(TEXT) + 1):
        inside = TEXT[offset - 1 : offset + 1] == "\r\n" and offset > 0
        place = convert.position(snapshot, offset, encoding)
        assert convert.offset(snapshot, place, encoding) == offset - inside


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_same_as_the_document(encoding: Encoding) -> None:
    """Positions anywhere, also outside of the text, mean what an edit at them means."""
    from glossator.lsp.documents import Change, Document

    chance = random.Random(5)
    snapshot = Snapshot("file:///x", 1, "python", TEXT)
    for _ in range(400):
        place = types.Position(chance.randint(0, 7), chance.choice([0, 1, 2, 3, 4, 5, 9, 2**31 - 1]))
        document = Document("file:///x", 1, "python", TEXT, encoding)
        document.change(2, [Change("|", (place.line, place.character), (place.line, place.character))])
        marked = document.snapshot().raw
        if all(character < "\ud800" or character > "\udfff" for character in marked):
            assert convert.offset(snapshot, place, encoding) == marked.index("|")


def test_backward_range() -> None:
    """A range that was selected backwards is the same span."""
    snapshot = Snapshot("file:///x", 1, "python", TEXT)
    there, here = types.Position(1, 1), types.Position(0, 1)
    forward = convert.span_of(snapshot, types.Range(here, there), "utf-16")
    assert convert.span_of(snapshot, types.Range(there, here), "utf-16") == forward


@pytest.mark.parametrize(
    ("name", "encoding"), [("utf-8", "utf-8"), (types.PositionEncodingKind.Utf32, "utf-32"), (None, "utf-16")]
)
def test_encoding(name: object, encoding: str) -> None:
    """Without a choice positions count UTF-16 units."""
    assert convert.encoding_of(name) == encoding  # type: ignore[arg-type]
