"""Doubts of a model become other versions of the code."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glossator.action.doubts import Doubt, branches, deletions, doubts
from glossator.engine import Score

CODE = """def clamp(value, low, high):
    if value < low:
        return low
    return value"""


def test_doubts() -> None:
    """The places where something else was likelier, the clearest first; none before the body, none at the end."""
    ends = (10, 32, 40, 48, 49, len(CODE), len(CODE) + 4)
    rather = ("x", "def", "    if v", "<= value", "", "other", "end")
    score = Score(
        7, -9.0, (-9.0, -8.0, -1.0, -3.0, -9.0, -2.0, -5.0), ends, rather, (0.0, 0.0, 0.0, -0.5, 0.0, -0.1, 0.0)
    )
    found = doubts(CODE, score, 28, 9)
    assert [(each.start, each.text, round(each.gap, 1)) for each in found] == [
        (40, "<= value", 2.5),
        (49, "other", 1.9),
        (32, "    if v", 1.0),
    ]
    assert doubts(CODE, score, 28, 1) == found[:1]


def test_branches() -> None:
    """A line goes on as the model would have it, and what follows stays; at a line's beginning one can be put in."""
    at = CODE.index("< low")
    assert list(branches(CODE, Doubt(at, "<=", 1.0), " low:  ")) == [CODE.replace("< low", "<= low")]
    at = CODE.index("return value")
    assert list(branches(CODE, Doubt(at, "if", 1.0), " value > high:\n")) == [
        CODE.replace("return value", "if value > high:"),
        CODE.replace("return value", "if value > high:\n    return value"),
    ]
    at = CODE.index(" < low")
    assert list(branches(CODE, Doubt(at, "\n", 1.0), "")) == [CODE.replace(" < low:", "")]


def test_deletions() -> None:
    """Each line of the body may be one too many."""
    ends = (*tuple(range(10, len(CODE) + 1, 10)), len(CODE) + 4)
    score = Score(len(ends), -1.0 * len(ends), (-1.0,) * len(ends), ends)
    found = list(deletions(CODE, score, CODE.index("    if")))
    assert found[1] == (CODE.replace("        return low\n", ""), -2.0)
    assert len(found) == 3
    assert len(list(deletions(CODE, score, CODE.index("if")))) == 3
    assert len(list(deletions(CODE, score, CODE.index("low:")))) == 2


@given(st.text("ab \n", max_size=40), st.integers(0, 39), st.text("xy \n", max_size=5), st.text("z \n", max_size=5))
def test_any_place(code: str, place: int, rather: str, written: str) -> None:
    """Wherever a branch begins, what the lines before it and after it say stays."""
    at = min(place, len(code))
    kept = code.split("\n")
    line = code[:at].count("\n")
    above, below = (" ".join(rows).split() for rows in (kept[:line], kept[line + 1 :]))
    for new in branches(code, Doubt(at, rather, 1.0), written):
        words = new.split()
        assert words[: len(above)] == above
        assert words[len(words) - len(below) :] == below
