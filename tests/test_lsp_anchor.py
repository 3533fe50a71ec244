"""An edit follows its code through what the user types, and is given up where that is not certain."""

from __future__ import annotations

import pytest

from glossator.action.target import target_at
from glossator.answer.edit import Edit, apply
from glossator.code import Span
from glossator.code.languages import language_of
from glossator.code.tree import parse
from glossator.lsp.anchor import anchored

BEFORE = "import sys\n\n\ndef first():\n    return 1\n\n\ndef second():\n    return 2\n"
PYTHON = language_of("x.py")
assert PYTHON


def moved(now: str, *, selection: bool = False, outside: bool = False) -> str | None:
    """The text after an edit of `second` (`return 2` -> `return 22`) made for BEFORE is applied to `now`."""
    start = BEFORE.index("return 2")
    where = {"span": Span(start, start + 8)} if selection else {"name": "second"}
    target = target_at(BEFORE, "x.py", **where)  # type: ignore[arg-type]
    edits = [Edit(Span(start, start + 8), "return 22")]
    if outside:
        edits.insert(0, Edit(Span(11, 11), "import os\n"))
    found = anchored(edits, target, now, parse(now, PYTHON))
    return None if found is None else apply(now, found)


@pytest.mark.parametrize(
    "now",
    [
        BEFORE,
        "import os\n" + BEFORE,
        BEFORE.replace("def first():\n    return 1\n\n\n", ""),
        BEFORE + "\n\ndef third():\n    return 2\n",
        BEFORE.replace("return 1", "return 100  # much"),
    ],
)
def test_follows(now: str) -> None:
    """What is typed around a definition moves the edit."""
    assert moved(now) == now.replace("def second():\n    return 2\n", "def second():\n    return 22\n")


@pytest.mark.parametrize(
    "now",
    [
        BEFORE.replace("return 2", "return  2"),
        BEFORE.replace("second", "other"),
        BEFORE.replace("def second", "class A:\n  def second"),
        BEFORE + "\n\ndef second():\n    return 2\n",
        "",
    ],
)
def test_gives_up(now: str) -> None:
    """A definition that was itself edited, renamed, moved into another scope, doubled or deleted is left alone."""
    assert moved(now) is None


def test_order_tells_equal_definitions_apart() -> None:
    """Of several definitions alike in name and text the one of the same order is edited."""
    twice = BEFORE + "\n\ndef second():\n    return 2\n"
    target = target_at(twice, "x.py", offset=len(twice) - 3)
    start = twice.rindex("return 2")
    now = "# typed\n" + twice
    found = anchored([Edit(Span(start, start + 8), "return 22")], target, now, parse(now, PYTHON))  # type: ignore[arg-type]
    assert found and apply(now, found) == now[: now.rindex("return 2")] + "return 22\n"


def test_import_keeps_its_place() -> None:
    """An edit outside of the definition holds where all before it is as it was, or all after it."""
    now = BEFORE + "\nprint(1)\n"
    assert moved(now, outside=True) == now.replace("import sys\n", "import sys\nimport os\n").replace(
        "return 2", "return 22"
    )
    assert moved(BEFORE.replace("import sys", "import re, sys"), outside=True) is not None
    assert moved("# a\n" + BEFORE.replace("return 1", "return 3"), outside=True) is None


def test_short_selection_is_not_looked_for() -> None:
    """A few characters that were selected say too little to be found again."""
    assert moved("x = 1\n" + BEFORE, selection=True) is None
