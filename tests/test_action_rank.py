"""Proposals compete by how likely the model finds them; what is offered for a whole file is one of them, or none."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from glossator.action import Action, catalogue
from glossator.action.outcome import Proposal, Refusal
from glossator.action.rank import gain
from glossator.action.target import Target, target_at
from glossator.action.whole_file import CLEAR, Weighed, likeliest, verdict
from glossator.answer.edit import Edit, apply, smallest
from glossator.code import Span
from glossator.engine import Chunk, ContextTooLong, Request
from glossator.engine.scripted import Likely, Scripted

FILE = '''"""Counting."""

import math


class Counter:
    def upto(self, n):
        """The numbers from 1 to n, n included."""
        return list(range(1, n))

    def size(self) -> int:
        """Always three."""
        return 3
'''


class Watched(Scripted):
    """A scripted engine that keeps what it was asked."""

    def __init__(self, *likely: Likely) -> None:
        super().__init__([], likely=likely)
        self.asked: list[tuple[Request, Sequence[str]]] = []

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.asked.append((request, request.answers))
        async for chunk in super().stream(request):
            yield chunk


@pytest.fixture(scope="module")
def fix() -> Action:
    return catalogue.load(catalogue.prompts_folder(), Path("/nowhere"))[0]["fix"]


def method(name: str, text: str = FILE) -> Target:
    return target_at(text, "counting.py", name=f"Counter.{name}")


def proposal(target: Target, old: str, new: str, *more: Edit) -> Proposal:
    edits = (*more, *smallest(target.code, target.code.replace(old, new), target.span.start))
    return Proposal(edits=edits, new_text=apply(target.text, edits))


async def test_gain_is_the_difference_in_both_views(fix: Action) -> None:
    """Each proposal is compared with the code as it is, without and with the code in sight, at the left margin."""
    engine = Watched(Likely("n . 1", -1.0), Likely("n . 2", -5.0), Likely("def upto", -4.0))
    target = method("upto")
    some = [proposal(target, "n)", new) for new in ("n + 1)", "n + 2)")]
    gains = await gain(fix, target, [*some, proposal(target, '"""The', '"""All the')], engine)
    assert [round(each - gains[2], 6) for each in gains[:2]] == [6.0, -2.0]
    assert gains[2] == 0
    (unseen, answers), (seen, _) = engine.asked
    assert answers[0].startswith("def upto(self, n):\n    ")
    assert len(answers) == 3
    assert all(answer.endswith("\n```") for answer in answers)
    assert "range" not in unseen.messages[-1].stable
    assert "range(1, n)" in seen.messages[-1].stable
    assert "range" not in seen.messages[-1].text
    assert "n included" in seen.messages[-1].text
    assert unseen.messages[-1].text == seen.messages[-1].text
    assert unseen.answer_prefix == "```python\n"


async def test_import_is_no_part_of_it(fix: Action) -> None:
    """An import that a proposal brings is not weighed with the definition."""
    engine = Watched()
    target = method("size")
    changed = proposal(target, "return 3", "return len('abc')", Edit(Span(17, 17), "import os\n"))
    await gain(fix, target, [changed], engine)
    assert engine.asked[0][1][1] == 'def size(self) -> int:\n    """Always three."""\n    return len(\'abc\')\n```'


async def test_nothing_that_runs(fix: Action) -> None:
    """A proposal that changes annotations or words alone gains nothing, and the model is not asked."""
    engine = Watched()
    target = method("size")
    assert await gain(fix, target, [proposal(target, " -> int", "")], engine) == [0.0]
    assert engine.asked == []


async def test_too_long_to_be_weighed(fix: Action) -> None:
    """What does not fit the window is never offered."""

    class Narrow(Watched):
        async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
            raise ContextTooLong("too long")
            yield

    target = method("upto")
    assert await gain(fix, target, [proposal(target, "n)", "n + 1)")], Narrow()) == [-math.inf]


async def test_only_definitions(fix: Action) -> None:
    """A whole file cannot be compared."""
    with pytest.raises(ValueError, match="definitions"):
        await gain(fix, target_at(FILE, "counting.py"), [], Watched())


async def test_likeliest(fix: Action) -> None:
    """The proposal that gains most is offered, others that gain are suspicious, the rest is not mentioned."""
    upto, size = method("upto"), method("size")
    engine = Watched(Likely("n . 1", -1.0), Likely("return 4", -3.0), Likely("return 5", -30.0), Likely("def ", -4.0))
    right = proposal(upto, "n)", "n + 1)")
    others = [(size, proposal(size, "3", new)) for new in ("4", "5")]
    found = await likeliest(fix, [others[0], (upto, right), others[1], (upto, Refusal(reasons=("no",)))], engine)
    assert found.best == Weighed(upto, right, 6.0)
    assert [(each.target, each.gain) for each in found.suspicious] == [(size, 2.0)]


def test_verdict() -> None:
    """Nothing is offered where nothing gains clearly; what gains a little is still named."""
    target = method("size")
    some = [Weighed(target, proposal(target, "3", "4"), gained) for gained in (-1.0, 0.0, CLEAR / 2)]
    assert verdict(some).best is None
    assert [each.gain for each in verdict(some).suspicious] == [CLEAR / 2]
    assert verdict([]).best is None
    mending = replace(some[0], proposal=replace(some[0].proposal, mends=True))
    assert verdict([Weighed(target, some[0].proposal, CLEAR), mending]).best == mending
