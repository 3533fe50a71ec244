"""Trees: re-parsing after edits, offsets in text of any script, and caps."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.code import Span, TooLarge
from glossator.code import tree as trees
from glossator.code.languages import LANGUAGES, language_of
from glossator.code.symbols import outline
from glossator.code.tree import MAX_BYTES, MAX_DEPTH, MAX_ERRORS, MAX_LINE, MAX_NODES, Tree, parse

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.*"))
PYTHON = LANGUAGES[0]
PIECES = [
    *["", "x", " ", "\n", "\n    ", "(", ")", "{", "}", '"', "'", '"""', "é", "𝄞", "e\u0301", "#", "/*", "*/"],
    *["\r\n", "\f", "def f():\n", "if a:\n", "\x00"],
]


def leaves(tree: Tree) -> list[tuple[str, int, int]]:
    """All nodes with their places, by a loop."""
    found, stack = [], [tree.root]
    while stack:
        node = stack.pop()
        found.append((node.type, node.start_byte, node.end_byte))
        stack += node.children
    return found


def edits() -> st.SearchStrategy[list[tuple[float, int, str]]]:
    return st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
@settings(max_examples=25, deadline=None)
@given(changes=edits())
def test_incremental_parse_equals_fresh_parse(path: Path, changes: list[tuple[float, int, str]]) -> None:
    """A tree that was edited step by step has the symbols, errors and nodes of a tree parsed afresh."""
    language = language_of(path.name)
    assert language is not None
    text = path.read_text(encoding="utf-8")
    tree = parse(text, language)
    for where, cut, piece in changes:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + cut :]
        tree = tree.edited(text)
    fresh = parse(text, language)
    assert tree.text == text
    if not fresh.root.has_error:
        # tree-sitter recovers from errors differently when it re-parses; without errors there is one tree.
        assert leaves(tree) == leaves(fresh)
        assert outline(tree) == outline(fresh)


@given(text=st.text(alphabet="aé𝄞\u0301\n\u2028\ud800", max_size=3000), at=st.integers(0, 3000))
@settings(max_examples=60, deadline=None)
def test_offsets_and_bytes(text: str, at: int) -> None:
    """A code point's byte leads back to the code point, also for astral, combining and broken ones."""
    tree = parse(text, PYTHON)
    at = min(at, len(text))
    assert tree.byte(at) == len(text[:at].encode("utf-8", "surrogatepass"))
    assert tree.offset(tree.byte(at)) == at


def test_names_behind_wide_text() -> None:
    """Names are found where they stand, behind text of every width."""
    tree = parse(
        '# 𝄞𝄞 e\u0301 ü\ndef größe(): return "𝄞"\ndef next_one(): pass\n' + "# 𝄞\n" * 2000 + "def last(): pass\n",
        PYTHON,
    )
    assert [symbol.name_span.of(tree.text) for symbol in outline(tree)] == ["größe", "next_one", "last"]


def test_edit_between_wide_text() -> None:
    """An edit that shares bytes with what it replaces (é, è) is placed at whole code points."""
    tree = parse("x = 'é'\n", PYTHON).edited("x = 'è'\n")
    assert leaves(tree) == leaves(parse("x = 'è'\n", PYTHON))


def test_the_first_tree_stays() -> None:
    """A tree is not changed by what is made from it."""
    tree = parse("def a(): pass\n", PYTHON)
    before = leaves(tree)
    other = tree.edited("def long_name(): pass\n\n\ndef b(): pass\n")
    assert leaves(tree) == before
    assert [symbol.name for symbol in outline(tree)] == ["a"]
    assert [symbol.name for symbol in outline(other)] == ["long_name", "b"]
    assert tree.edited(tree.text) is tree


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = 1\n" * (MAX_BYTES // 6 + 1), "bytes"),
        ("x = '" + "a" * MAX_LINE + "'", "line"),
        ("x = 1\n" * 1000 + "é" * MAX_LINE, "line"),
        ("(" * 50_000 + ")" * 50_000, "levels"),
        ("a" + "+a" * (MAX_DEPTH * 2), "levels"),
        ("not " * (MAX_DEPTH * 2) + "a", "levels"),
        ("def f():\n    pass\n" + "[" * 50_000, "tokens"),
        ("x = 1\n" * (MAX_NODES // 5 + 1), "nodes"),
    ],
    ids=["bytes", "line", "last line", "brackets", "sum", "not", "open brackets", "nodes"],
)
def test_caps(text: str, word: str) -> None:
    """A text over the caps is refused with the reason, quickly."""
    began = time.perf_counter()
    with pytest.raises(TooLarge, match=word):
        parse(text, PYTHON)
    with pytest.raises(TooLarge, match=word):
        parse("x", PYTHON).edited(text)
    assert time.perf_counter() - began < 5


def test_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parse that takes too long is ended, and is not begun again for the same text."""
    text = "x = [1, 2]\n" * 3000
    monkeypatch.setattr(trees, "MAX_SECONDS", -1.0)
    with pytest.raises(TooLarge, match="seconds"):
        parse(text, PYTHON)
    monkeypatch.undo()
    with pytest.raises(TooLarge, match="seconds"):
        parse(text, PYTHON)
    with pytest.raises(TooLarge, match="seconds"):
        parse("x", PYTHON).edited(text)
    assert parse(text + "\n", PYTHON).errors() == ()


def test_others_run_meanwhile() -> None:
    """While a large text is parsed in one thread another goes on."""
    text = "def f(a):\n    return [a, 1]\n\n\n" * 10_000
    done = threading.Event()
    threading.Thread(target=lambda: (parse(text, PYTHON), done.set()), daemon=True).start()
    turns = 0
    while not done.wait(0.001):
        turns += 1
    assert turns > 3


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.id)
@pytest.mark.parametrize(
    "text", ["", "\x00\x00", "\ufeff", "\ud800", "(" * 5000, "}" * 5000, "\f\v\x85\u2028", "\\" * 99]
)
def test_nasty_texts(text: str, language: object) -> None:
    """Whatever is no code still gives a tree and no symbols, and at most so many errors."""
    tree = parse(text, language)  # type: ignore[arg-type]
    assert outline(tree) == ()
    assert len(tree.errors()) <= MAX_ERRORS


def test_errors() -> None:
    """Errors are where the text does not fit the grammar; a missing token counts."""
    assert parse("def f(:\n    pass\n", PYTHON).errors()
    assert parse("x = (1\n", PYTHON).errors()
    assert parse("x = 1\n", PYTHON).errors() == ()
    broken = parse("def f(): pass\n\nx = = 1\n", PYTHON).errors()
    assert broken and broken[0].start >= 13
    assert all(Span(0, 100).holds(span) for span in broken)
