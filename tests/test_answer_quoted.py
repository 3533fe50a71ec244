"""Words of others in a line of ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glossator.answer.quoted import quoted


@given(st.text(), st.integers(1, 400))
def test_quoted(text: str, most: int) -> None:
    """One printable line, bounded, without a link."""
    found = quoted(text, most)
    assert found.isprintable()
    assert len(found) <= most + 1
    assert "](" not in found
    assert found == " ".join(found.split())


def test_plain_words_stay() -> None:
    """What is harmless is not touched; what is long ends in an ellipsis."""
    assert quoted("`f(3)` gives 4") == "`f(3)` gives 4"
    assert quoted("a\tb\n\x1b[31mc") == "a b [31mc"
    assert quoted("[x](command:y)") == "[x] (command:y)"
    assert quoted("ab" * 99, 4) == "abab…"
    assert quoted(" " * 99 + "x", 4) == "…"
