"""Thoughts that end in time, and texts that repeat themselves."""

from __future__ import annotations

import random

from glossator.engine.thinking import LOOPED, Thought, looping


def test_closed_by_the_model() -> None:
    """A closing mark ends the thought, also when it is cut between tokens."""
    thought = Thought("</think>", 100)
    for piece in ("hm", "\n</", "thi", "nk"):
        thought.feed(piece)
        assert thought.open
    assert thought.feed(">\n\nSo") == "\n\nSo"
    assert not thought.open
    assert thought.tokens == 5


def test_budget() -> None:
    """When the budget is spent the mark is written for the model, on a line of its own."""
    thought = Thought("</think>", 2)
    thought.feed("a")
    assert not thought.spent
    thought.feed("b")
    assert thought.spent
    assert thought.closing() == "\n</think>\n\n"
    assert not thought.open
    thought = Thought("</think>", 1)
    thought.feed("a\n")
    assert thought.closing() == "</think>\n\n"


def test_last_words() -> None:
    """They are a paragraph of their own, and only of a thought that would have gone on."""
    for text, before in (("a", "\n\n"), ("a\n", "\n"), ("a\n\n", "")):
        thought = Thought("</think>", 1, "No more time.")
        thought.feed(text)
        assert thought.closing(cut=True) == f"{before}No more time.\n</think>\n\n"
    thought = Thought("</think>", 1, "No more time.")
    thought.feed("a")
    assert thought.closing() == "\n</think>\n\n"


def test_no_thought() -> None:
    """A budget of 0 means that the answer begins at once."""
    assert not Thought("</think>", 0).open


def test_an_owed_answer() -> None:
    """After a thought an answer is owed until more is written than blank lines and marks, however they are cut."""
    cases = [
        (["\n\n", "Yes"], ["\n\n", ""], ["", ""], False),
        (["\n\nYes"], ["\n\n"], [""], False),
        ([" ", "</th", "ink>", "\n"], [" ", "", "", "\n"], ["", "", "</think>", ""], True),
        (["</think>Yes"], [""], ["</think>"], False),
        (["<", "think", ">"], ["", "", ""], ["", "", "<think>"], True),
        (["<", "b>"], ["", ""], ["", ""], False),
    ]
    for written, blank, marks, owed in cases:
        thought = Thought("</think>", 1)
        assert thought.owed
        thought.closing()
        assert [thought.answer(text) for text in written] == list(zip(blank, marks, strict=True)), written
        assert thought.owed is owed, written
    assert not Thought("</think>", 0).owed


def test_loops() -> None:
    """The same stretch again and again is a loop, whatever its length; three short repeats are not."""
    rng = random.Random(5)
    begin = [rng.randrange(1000) for _ in range(200)]
    for period in (1, 4, 40, 150):
        stretch = [2000 + index for index in range(period)]
        need = max(LOOPED, 3 * period)
        looped = begin + stretch * (need // period + 1)
        assert looping(looped) == period
        assert looping(begin + (stretch * 3)[: need - period - 1]) == 0


def test_no_loop_in_varied_text() -> None:
    """Text that changes a little each time is no loop."""
    tokens = [token for row in range(60) for token in (1, 2, row, 3)]
    assert looping(tokens) == 0
    assert looping([]) == 0
