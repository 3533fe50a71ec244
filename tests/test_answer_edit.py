"""Edits are as small as lines allow and keep what they do not mean to change."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glossator.answer.edit import Edit, apply, lines, newline, smallest
from glossator.answer.indent import fitted, shown
from glossator.code import Span

TEXTS = st.text(alphabet="ab \t\n\r\f\u2028", max_size=30)


def test_one_line_changed() -> None:
    """Only the line that differs is replaced."""
    before = "a\nb\nc"
    assert smallest(before, "a\nB\nc", 10) == (Edit(Span(12, 14), "B\n"),)


def test_appended_line() -> None:
    """A line after a last line without line end is an insertion."""
    assert smallest("a\nb", "a\nb\nc") == (Edit(Span(3, 3), "\nc"),)


def test_line_ends_are_kept() -> None:
    """A kept line keeps its line end and a new one gets the file's."""
    before = "a\r\nb\r\nc\r\n"
    edits = smallest(before, "a\nx\nc\n")
    assert apply(before, edits) == "a\r\nx\r\nc\r\n"
    assert len(edits) == 1


def test_line_ends_alone_are_no_change() -> None:
    """The same lines with other line ends give no edit."""
    assert smallest("a\r\nb", "a\nb") == ()


def test_form_feeds_are_text() -> None:
    """A form feed and U+2028 end no line."""
    assert lines("a\fb\u2028c\nd") == ["a\fb\u2028c\n", "d"]
    assert newline("a\r\nb\nc\r\n") == "\r\n"


def test_overlap_is_an_error() -> None:
    """Overlapping edits are refused."""
    with pytest.raises(ValueError, match="overlap"):
        apply("abc", [Edit(Span(0, 2), ""), Edit(Span(1, 3), "")])


@given(TEXTS, TEXTS)
@example("a\r \n\n", "a\r\r")  # the line between a lone CR and an LF goes away
def test_edits_give_the_new_text(before: str, after: str) -> None:
    """Applied edits give the new text, line ends aside."""
    result = apply(before, smallest(before, after))
    assert [line.rstrip("\r\n") for line in lines(result)] == [line.rstrip("\r\n") for line in lines(after)]


METHOD = 'class A:\n    def f(self):\n        """Doc\nflush left\n        """\n        return 1  \n'


def test_shown_at_the_margin() -> None:
    """A model sees a method without the class's indentation."""
    span = Span(METHOD.index("def"), len(METHOD) - 1)
    assert shown(METHOD, span).split("\n")[:3] == ["def f(self):", '    """Doc', "flush left"]


def test_fitted_back_exactly() -> None:
    """What the model left alone comes back character for character, the inside of strings too."""
    span = Span(METHOD.index("def"), METHOD.rindex("1") + 1)
    assert fitted(shown(METHOD, span), METHOD, span) == span.of(METHOD)


def test_fitted_with_another_indentation() -> None:
    """New lines get the file's margin, and tabs where the file has tabs."""
    text = "class A:\n\tdef f(self):\n\t\treturn 1\n"
    span = Span(text.index("def"), len(text) - 1)
    code = "    def f(self):\n        if self:\n            return 2\n        return 1"
    assert fitted(code, text, span) == "def f(self):\n\t\tif self:\n\t\t\treturn 2\n\t\treturn 1"
