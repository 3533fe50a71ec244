"""Thought and answer are told apart wherever the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.answer.reasoning import Splitter, split


def pieces(text: str, size: int, **options: object) -> tuple[str, str]:
    splitter = Splitter(**options)  # type: ignore[arg-type]
    for at in range(0, len(text), size):
        splitter.feed(text[at : at + size])
    splitter.finish()
    return splitter.thought, splitter.answer


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>a < b</think>\n\nYes.", "a < b", "Yes."),
        ("\n<think>\na\n</think>Yes.", "\na\n", "Yes."),
        ("a thought\n</think>\n\nYes.", "a thought\n", "Yes."),
        ("Yes.", "", "Yes."),
        ("", "", ""),
        ("<think>never closed", "never closed", ""),
        ("<thin air>", "", "<thin air>"),
        ("<think>a</think>The mark </think> is text.", "a", "The mark </think> is text."),
        ('```python\nmark = "</think>"\n```', "", '```python\nmark = "</think>"\n```'),
        ("It ends at </think> in the text.", "", "It ends at </think> in the text."),
    ],
)
def test_marks_may_be_cut_anywhere(text: str, thought: str, answer: str, size: int) -> None:
    """The same text gives the same parts, whatever pieces it comes in."""
    assert pieces(text, size) == (thought, answer)


def test_opening_mark_in_the_prompt() -> None:
    """A stream that begins inside the thought needs only its closing mark."""
    assert pieces("so it is</think>Yes.", 4, opened=True) == ("so it is", "Yes.")


def test_an_open_thought_is_no_answer() -> None:
    """A thought that was never closed is not taken for the answer."""
    assert pieces("so it is", 4, opened=True) == ("so it is", "")


def test_other_marks() -> None:
    """The marks are the model's own."""
    assert split("[T]a[/T]b", "[T]", "[/T]") == ("a", "b")


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "/", "think>", "a", "\n", "```"]), max_size=12), st.data())
def test_cuts_do_not_matter(words: list[str], data: st.DataObject) -> None:
    """No way to cut a text changes its parts, and no character is lost but marks and blank lines between them."""
    text = "".join(words)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    splitter = Splitter()
    for low, high in zip([0, *cuts], [*cuts, len(text)], strict=True):
        splitter.feed(text[low:high])
    splitter.finish()
    assert (splitter.thought, splitter.answer) == pieces(text, 1)
