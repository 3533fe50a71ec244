"""Several edits of one definition: named in a few words, turned into each other, and told again without a search."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from glossator.action import search
from glossator.action.candidates import after, announced, between, chosen, found, gist, named, part
from glossator.action.catalogue import load, prompts_folder
from glossator.action.outcome import Explanation, Proposal, Refusal
from glossator.action.run import run
from glossator.action.target import Target, target_at
from glossator.answer.edit import Edit, apply, smallest
from glossator.code import Span
from glossator.engine import Chunk, Request
from glossator.engine.alone import NotRemembered, alone
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Doubted, Likely, Rule
from glossator.engine.timely import OutOfTime

TEXT = """import sys


# How many.
def count(values):
    number = 0
    for value in values:
        number += 1
    return number


def count(other):
    return 0
"""


def proposal(old: str, new: str, text: str = TEXT) -> Proposal:
    after = text.replace(old, new, 1)
    return Proposal(edits=smallest(text, after), new_text=after)


def target(text: str = TEXT) -> Target:
    return target_at(text, "count.py", offset=text.index("number = 0"))


ADDED = proposal("    return number\n", "    print(number)\n    return number\n")
LESS = proposal("    number = 0\n", "")
WITH_IMPORT = proposal("import sys\n", "import sys\nimport os\n", TEXT)
WITH_IMPORT = Proposal(
    edits=(*WITH_IMPORT.edits, Edit(Span(TEXT.index("+= 1"), TEXT.index("+= 1") + 4), "+= os.x")),
    new_text=WITH_IMPORT.new_text.replace("+= 1", "+= os.x"),
)
EVERY = (ADDED, LESS, WITH_IMPORT)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (ADDED, "`print(number)`"),
        (LESS, "without `number = 0`"),
        (WITH_IMPORT, "`+= os.x`"),
        (proposal("return number", "return [x](command:run)  # \x1b[2J"), "`return [x] (command:run) # [2J`"),
        (proposal("return number", "return " + "number + " * 20), "`return " + ("number + " * 20)[:53] + "…`"),
    ],
)
def test_gist(one: Proposal, said: str) -> None:
    """An edit in a few words is its first new line, or the first that is gone; never a link or a control character."""
    assert gist(target(), one) == said


def test_announced() -> None:
    """Which one it is and what comes next; after the last the code as it was."""
    outcome = Proposal(edits=ADDED.edits, new_text=ADDED.new_text, candidates=EVERY)
    assert announced(target(), outcome, 1) == "1 of 3; next: without `number = 0`"
    assert announced(target(), outcome, 3) == "3 of 3; next: the code as it was"
    assert announced(target(), outcome, 0) == "the code as it was; next: `print(number)`"
    assert named(outcome, 2) == "2 of 3"


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_between(eol: str) -> None:
    """The edits between two of them turn the one text into the other, and leave what is equal alone."""
    there = target(TEXT.replace("\n", eol))
    every = [None] + [
        Proposal(edits=smallest(there.text, new), new_text=new)
        for each in EVERY
        if (new := each.new_text.replace("\n", eol))
    ]
    for one, other in itertools.product(every, every):
        before = one.new_text if one else there.text
        edits = between(there, one, other)
        assert apply(before, edits) == (other.new_text if other else there.text)
        assert sum(len(edit.text) for edit in edits) < 60
    assert between(there, every[1], every[1]) == ()


def test_between_mixed_line_ends() -> None:
    """Where the texts differ in line ends as well, it is the very text that comes out."""
    there = target("def count(a):\r\n    number = 0\n    return number\r\n")
    new = there.text.replace("number = 0\n", "number = 1\r\n")
    one = Proposal(edits=(Edit(Span(0, len(there.text)), new),), new_text=new)
    assert apply(there.text, between(there, None, one)) == new
    assert apply(new, between(there, one, None)) == there.text


def test_after() -> None:
    """The definition in the text that an edit leaves is the one of the same order, where that is certain."""
    for each in EVERY:
        there = after(target(), each)
        assert there is not None and there.symbol is not None
        assert there.text == each.new_text
        assert there.symbol.span.of(there.text) in part(target(), each)
        assert there.symbol.parameters == ("values",)
    there = target()
    assert after(there, None) is there
    assert after(target(), proposal("def count(values)", "def other(values)")) is None
    plain = target_at("let x\n", "a.xyz", span=Span(0, 5))
    assert after(plain, proposal("x", "y", "let x\n")) is None


def test_chosen() -> None:
    """The N-th takes the outcome's place; where so many were not found that is a refusal, and a refusal stays one."""
    outcome = Proposal(edits=ADDED.edits, new_text=ADDED.new_text, candidates=EVERY, model="m", thought="t")
    second = chosen(outcome, 2)
    assert isinstance(second, Proposal)
    assert (second.new_text, second.thought, second.candidates) == (LESS.new_text, "t", EVERY)
    refused = chosen(outcome, 4)
    assert isinstance(refused, Refusal) and refused.reasons == ("there is no number 4: only 3 edits were found",)
    refused = chosen(ADDED, 2)
    assert isinstance(refused, Refusal) and "only one edit" in refused.reasons[0]
    assert chosen(refused, 2) is refused
    assert found(Explanation(markdown="x")) == found(None) == ()


async def test_alone(tmp_path: Path, counting: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a search found that ran out of time is told again as it was, and nobody is asked; else nothing is told."""
    monkeypatch.setattr(search, "FIRST", 1)
    fix = load(prompts_folder())[0]["fix"]
    text = "def f(a, b):\n    if a < 1:\n        return a < b\n    return b < a\n"
    there = target_at(text, "f.py", name="f")
    doubted = [Doubted(" < 1:", " <=", " 1:"), Doubted(" < b", " <=", " b"), Doubted(" < a", " <=", " a")]
    likely = [Likely(r"if a < 1:\n +return a < b\n +return b < a\n", -9.0), Likely("", -3.0)]

    class Late(counting):  # type: ignore[misc]
        """The time is over after so many questions."""

        left = 5

        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            self.left -= 1
            if self.left < 0:
                raise OutOfTime
            async for chunk in super().stream(request):
                yield chunk

    late = Late([Rule(text="I cannot say.")], likely=likely, doubted=doubted)
    engine = Remembered(late, tmp_path / "a", 16)
    assert await engine.opened(20)
    with pytest.raises(NotRemembered):
        await run(fix, there, alone(engine), budget=2000)
    first = await run(fix, there, engine, budget=2000)
    late.left = 1000
    await engine.close()  # what is kept is written in the background
    engine = Remembered(engine.engine, tmp_path / "a", 16)
    assert await engine.opened(20)
    asked = Late.asked
    again = await run(fix, there, alone(engine), budget=2000)
    assert Late.asked == asked
    assert [each.new_text for each in found(again)] == [each.new_text for each in found(first)]
    more = await run(fix, there, engine, budget=2000)
    assert Late.asked > asked and len(found(more)) > len(found(first))
    await engine.close()
