"""Blanks of a changed line stay as they were where nothing else changed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.answer.spacing import spaced_as


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("out += d[(d.index(c)+2*2) % 24]", "out += d[(d.index(c) + 2 * 2) % 26]", "out += d[(d.index(c)+2*2) % 26]"),
        ("f( a,b )", "f(a, b, c)", "f( a,b, c)"),
        ("x = a  if b else c", "    x = a if not b else c", "    x = a  if not b else c"),
        ("s = 'a  b'+c", "s = 'a b' + c", "s = 'a b'+c"),
        ("if a<b:", "if a <= b:", "if a<=b:"),
        ("if a==b and c:", "if a != b and c :", "if a!=b and c:"),
        ("x = a-b", "x = a - b - c", "x = a-b - c"),
        ("return (a,b)", "return a + b", "return a + b"),
        ('"""a b"""', '"""a  b c"""', '"""a  b c"""'),
        ("a=1\nb=2", "a = 1\nb = 3", "a=1\nb=3"),
        ("a=1", "a = 1\nb = 3", "a = 1\nb = 3"),
        ("", "", ""),
    ],
)
def test_blanks(before: str, after: str, shown: str) -> None:
    assert spaced_as(before, after) == shown


def bare(text: str) -> list[str]:
    return [re.sub(r"\s", "", row) for row in text.split("\n")]


@given(st.text(" \t\nab1+=('\"\\#`"), st.text(" \t\nab1+=('\"\\#`"))
def test_nothing_but_blanks_changes(before: str, after: str) -> None:
    """Words and line ends of the new text stay; a text that is the same stays the same."""
    shown = spaced_as(before, after)
    assert [re.sub(r"\s", "", row) for row in shown.split("\n")] == [
        re.sub(r"\s", "", row) for row in after.split("\n")
    ]
    assert spaced_as(after, after) == after
