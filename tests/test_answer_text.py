"""Line pairs, hidden characters, lists of bugs, docstrings and prose are read from whatever a model writes."""

from __future__ import annotations

import pytest

from glossator.answer.docstring import docstring, supported
from glossator.answer.findings import Finding, findings
from glossator.answer.hidden import hidden
from glossator.answer.prose import explanation
from glossator.answer.replaced import replaced
from glossator.code.languages import LANGUAGES

CODE = "def f(n):\n    for i in range(n - 1):\n        yield i"
PYTHON = LANGUAGES[0]


def test_line_replaced() -> None:
    """A quoted line is replaced and keeps its indentation."""
    answer = "Wrong: `for i in range(n - 1):`\nRight: `for i in range(n):`\nWhy: …"
    assert replaced(answer, CODE) == CODE.replace("n - 1", "n")


def test_piece_replaced() -> None:
    """A quoted piece of a line is replaced where it stands only once."""
    assert replaced("Wrong: `n - 1`\n\nRight: `n`", CODE) == CODE.replace("n - 1", "n")


@pytest.mark.parametrize("answer", ["", "Wrong: `absent`\nRight: `n`", "Wrong: `n`\nRight: `m`", "It is fine."])
def test_nothing_to_replace(answer: str) -> None:
    """A quote that is missing or ambiguous is no edit."""
    assert replaced(answer, CODE) is None


def test_hidden_characters() -> None:
    """Invisible and bidirectional characters are named unless the file had them."""
    assert hidden("a\u202eb", "") == ("U+202E RIGHT-TO-LEFT OVERRIDE",)
    assert hidden("a\u200bb\u00a0", "\u200b\u00a0") == ()
    assert hidden("é ß 漢 →\t\r\n\f", "") == ()
    assert hidden("\U000e0041", "")
    assert hidden("\u3164", "")


def test_findings() -> None:
    """A quoted line tells where a finding is, a number only where nothing is quoted."""
    answer = (
        "Look:\n\n- Line 9: `for i in range(n - 1):` – the last one is left out\n- line 3: yields\n  too late\n- vague"
    )
    assert findings(answer, CODE) == (
        Finding(2, "`for i in range(n - 1):` – the last one is left out"),
        Finding(3, "yields too late"),
        Finding(0, "vague"),
    )
    assert findings("No mistakes found.", CODE) == ()


@pytest.mark.parametrize(
    "answer",
    [
        'Sure:\n```python\n"""Count up.\n\n    To n.\n    """\n```',
        '"""Count up.\n\nTo n.',
        "Count up.\n\nTo n.",
        "/**\n * Count up.\n *\n * To n.\n */",
        "/// Count up.\n///\n/// To n.",
        '```python\ndef f(n):\n    """Count up.\n\n    To n.\n    """\n    return n\n```',
    ],
)
def test_docstring(answer: str) -> None:
    """The words are found inside any marks."""
    assert docstring(answer, PYTHON, "f") == "Count up.\n\nTo n."


def test_invented_errors_are_dropped() -> None:
    """What is said about errors that the code never names is left out."""
    text = "Counts. Raises ValueError if n is odd.\n\nRaises:\n    TypeError: never.\n    KeyError: at the end."
    assert supported(text, "raise KeyError") == "Counts.\n\nRaises:\n    KeyError: at the end."
    assert supported("Counts.\n\nRaises:\n    TypeError: never.", "") == "Counts."


def test_a_loop_is_no_explanation() -> None:
    """Where a model went on and on with the same words, what it said before is what is left."""
    around = " with the tokens of prompts drawn in a bar chart" * 9
    said = f"`bars` gives a line a day. The bar is as long as the tokens, drawn in a bar chart{around} with the"
    assert explanation(said, CODE, cut=True) == "`bars` gives a line a day. …"
    assert (
        explanation("It is drawn" + around, CODE, cut=True)
        == "It is drawn with the tokens of prompts drawn in a bar chart …"
    )
    listed = "It gives a b, a b and a b. Then it ends. It"
    assert explanation(listed, CODE, cut=True) == "It gives a b, a b and a b. Then it ends. …"


def test_explanation() -> None:
    """Preamble, repeated code and farewell are dropped; what was cut says so."""
    answer = f"Sure! Here's what it does:\n\nIt counts.\n\n```python\n{CODE}\n```\n\nLet me know if you have questions!"
    assert explanation(answer, CODE) == "It counts."
    assert explanation("It counts up. It then", CODE, cut=True) == "It counts up. …"
    assert explanation("`f` yields numbers", CODE) == "`f` yields numbers"
    twice = "It raises `TypeError` for a text. It raises `TypeError` for a text. It counts."
    assert explanation(twice, CODE) == "It raises `TypeError` for a text. It counts."
    numbered = "It counts in steps:\n\n1. It looks.\n2. It adds one for each that it has found.\n3. It"
    assert explanation(numbered, CODE, cut=True).endswith("that it has found. …")
    assert explanation("It counts. So:\n\n```python\nx. y", CODE, cut=True).endswith("\n```\n\n…")
