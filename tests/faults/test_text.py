"""Random edits of nasty text in three encodings: the server's text is never another than the client's."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lsprotocol import types

from glossator.lsp import convert
from glossator.lsp.documents import Change as Ours
from glossator.lsp.documents import Document
from glossator.lsp.units import Encoding

from .reference import NASTY, Change, Reference, some_change, some_place, some_text
from .tally import Tally
from .wire import Server

ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


def follow(text: str, edits: Iterable[Iterable[Change]], encoding: Encoding) -> tuple[Document, Reference]:
    """Both after the same edits; they must agree after each."""
    document, reference = Document("file:///x", 0, "python", text, encoding), Reference(text, encoding)
    assert document.snapshot().raw == reference.text
    for version, changes in enumerate(edits, 1):
        document.change(version, [Ours(each.text, each.start, each.end) for each in changes])
        for each in changes:
            reference.change(each)
        assert document.snapshot().raw == reference.text, changes
        assert document.snapshot().version == version
    return document, reference


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_random_edits(encoding: Encoding, chance: random.Random, tally: Tally, times: Any) -> None:
    """Sequences of random edits, many in one message, give the text of the reference, and so do positions in it."""
    count, edits, places = times(7000, 70_000), 0, 0
    for _ in range(count):
        lines = chance.randint(0, 6)
        sequence = [
            [some_change(chance, lines) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
            for _ in range(chance.randint(1, 6))
        ]
        document, reference = follow(some_text(chance, 20), sequence, encoding)
        edits += sum(map(len, sequence))
        place = some_place(chance, lines)
        before = reference.before(place)
        if before is not None:  # inside of a character the two may round differently
            snapshot = document.snapshot()
            assert convert.offset(snapshot, types.Position(*place), encoding) == len(before), place
            places += 1
    tally.add("text", "edit sequences", count)
    tally.add("text", "edits compared", edits)
    tally.add("text", "positions compared", places)


TEXTS = st.lists(st.sampled_from(NASTY), max_size=12).map("".join)
PLACES = st.tuples(st.integers(0, 6), st.one_of(st.integers(0, 9), st.just(2**31 - 1)))
CHANGES = st.one_of(
    st.builds(Change, TEXTS),
    st.builds(lambda text, one, other: Change(text, min(one, other), max(one, other)), TEXTS, PLACES, PLACES),
)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=TEXTS, changes=st.lists(CHANGES, max_size=5))
@example(text="a\r\nb", changes=[Change("", (0, 1), (0, 9)), Change("\n", (0, 1), (0, 1))])
@example(text="\r", changes=[Change("\n", (1, 0), (1, 0)), Change("", (0, 0), (1, 0))])
@settings(max_examples=300, deadline=None)
def test_smallest_divergence(encoding: Encoding, text: str, changes: list[Change]) -> None:
    """The same, by a search that shows the shortest edits that fail."""
    follow(text, [[each] for each in changes], encoding)


# --- over the wire ----------------------------------------------------------------------------------------------------

TARGET = "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"
BETTER = "def total(values):\n    return sum(values)\n"
SCRIPT = f"[[answer]]\nmatch = ''\ntext = '''```python\n{BETTER}```'''\n"
ENDS = ["\n", "\r\n"]
INLINE = [each for each in NASTY if not set(each) & set("\r\n\\\"'\x00")]


def comment(chance: random.Random) -> str:
    """A line that is Python whatever is in it."""
    return "# " + some_text(chance, 8, INLINE) + chance.choice(ENDS)


def edits_around(chance: random.Random, reference: Reference) -> list[Change]:
    """Changes that leave the function alone: lines put before and behind it, and pieces into them and out of them."""
    changes = []
    probe = Reference(reference.text, reference.encoding)
    for _ in range(chance.randint(1, 4)):
        lines = probe.text.count("\n")
        first = probe.text[: probe.text.index("def total")].count("\n")
        last = first + TARGET.count("\n")
        line = chance.choice([*range(first + 1), *range(last, lines + 1)])
        if line in (first, lines) or chance.random() < 0.4:
            change = Change(comment(chance), (line, 0), (line, 0))
        else:
            ends = sorted((2 + chance.randint(0, 12), 2 + chance.randint(0, 12)))
            change = Change(some_text(chance, 3, INLINE), (line, ends[0]), (line, ends[1]))
        changes.append(change)
        probe.change(change)
    return changes


def served(server: Server, uri: str, reference: Reference) -> list[dict[str, Any]]:
    """The edits that the server sends for the function, as it knows the document."""
    found: list[dict[str, Any]] = []

    def apply(params: Any) -> Any:
        found.extend(params["edit"]["documentChanges"][0]["edits"])
        return {"applied": True}

    server.replies["workspace/applyEdit"] = apply
    line = reference.text[: reference.text.index("def total")].count("\n")
    last = server.over(server.run("refactor", uri, line, 4))
    assert last["state"] == "done", last
    return found


@pytest.mark.faults
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_over_the_wire(serve: Any, encoding: Encoding, chance: random.Random, tally: Tally, times: Any) -> None:
    """An edit that comes back for a function amid random edits lands on that function and nowhere else."""
    server = serve()
    server.begin(SCRIPT, encoding=encoding)
    count = times(100, 2000)
    for number in range(count):
        uri = f"file:///code/a{number}.py"
        head, tail = ("".join(comment(chance) for _ in range(chance.randint(0, 3))) for _ in range(2))
        reference = Reference(head + TARGET + tail, encoding)
        server.open(uri, reference.text)
        for version in range(2, 2 + chance.randint(1, 8)):
            changes = edits_around(chance, reference)
            for each in changes:
                reference.change(each)
            params = {"textDocument": {"uri": uri, "version": version}}
            server.notify("textDocument/didChange", params | {"contentChanges": [each.told() for each in changes]})
            tally.add("text", "edits over the wire", len(changes))
        wanted = reference.text.replace(TARGET, BETTER)
        edits = served(server, uri, reference)
        places = [(each["range"]["start"], each["range"]["end"], each["newText"]) for each in edits]
        for start, end, text in sorted(places, key=lambda each: tuple(each[0].values()), reverse=True):
            reference.change(Change(text, (start["line"], start["character"]), (end["line"], end["character"])))
        assert reference.text == wanted
        server.close(uri)
    tally.add("text", "sequences over the wire", count)
    assert server.finish() == 0
