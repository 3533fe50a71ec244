"""How answers of reasoning models end: real vocabularies, and networks that recite what such models are known to do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from glossator.answer.reasoning import split
from glossator.engine import Chunk, ContextTooLong, Finished, Message, Request, Sampling, Text
from glossator.engine.llama import CLOSING_TOKENS, Model
from glossator.engine.templates import LAST_WORDS

sys.path.insert(0, str(Path(__file__).parent.parent))
from gguf_family import QWEN, QWEN3, R1, Family, Workshop

pytestmark = pytest.mark.model

TALK = (Message("system", "Be brief."), Message("user", "What does `total` do?"))
THOUGHT = "Okay, the function adds the numbers, so it is a sum.\n"
ANSWER = ("`total`", " adds up the items of a list and gives back their sum.")
Make = Callable[..., Model]


@pytest.fixture
def make(workshop: Workshop) -> Iterator[Make]:
    """Makes and loads a model that knows some lines; freed after the test."""
    loaded: list[Model] = []

    def made(family: Family, *lines: Sequence[str]) -> Model:
        path = workshop.make(family, *lines)
        loaded.append(workshop.load(family, path))
        path.unlink()  # it stays mapped
        return loaded[-1]

    yield made
    for model in loaded:
        model.close()


def ask(model: Model, **more: object) -> tuple[str, str, str, Finished]:
    """The whole text, the thought, the answer, and how it ended."""
    chunks: list[Chunk] = []
    request = Request(TALK, **{"max_tokens": 40, "thinking": 60, **more})  # type: ignore[arg-type]
    model.generate(request, chunks.append, lambda: False)
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))
    last = chunks[-1]
    assert isinstance(last, Finished)
    return text, *split(text), last


@pytest.mark.parametrize("family", [R1, QWEN3, QWEN])
def test_a_thought_and_an_answer(make: Make, family: Family) -> None:
    """The thought begins once, ends where the model ends it or its budget does, and the answer is whole in each case:
    with the sampling that the publisher advises, and of a model that was never taught to think, too."""
    thinking, answer = f"{family.assistant}<think>\n{THOUGHT}</think>", "".join(ANSWER)
    model = make(family, [thinking, "\n\n", *ANSWER, family.closing])
    text, thought, said, last = ask(model, answer_prefix=ANSWER[0])
    assert text == f"<think>\n{THOUGHT}</think>\n\n{answer}"
    assert (thought, said, last.reason) == (THOUGHT.strip(), answer, "stop")

    text, thought, said, last = ask(model, answer_prefix=ANSWER[0], thinking=5)
    assert (text, said) == (f"<think>\n{thought}\n</think>\n\n{answer}", answer)
    own, words = thought.removesuffix(LAST_WORDS["qwen3"]), LAST_WORDS["qwen3"] if family is QWEN3 else ""
    assert thought == f"{own}{words}" and THOUGHT.startswith(own.strip()) and last.usage.thought_tokens == 5
    assert len(model._content(f"\n\n{words}\n")) + 2 <= CLOSING_TOKENS

    if family is not QWEN:
        text, thought, said, last = ask(model, answer_prefix=ANSWER[0], thinking=0)
        assert (text, thought, said, last.usage.thought_tokens) == (answer, "", answer, 0)


def test_a_thought_that_turns_round(make: Make) -> None:
    """A thought that repeats itself without end is closed long before its budget is spent, and the answer follows."""
    again = "Wait, so is it not"
    model = make(
        R1,
        [f"{R1.assistant}<think>\n", again, again, "Wait,"],
        ["</think>", "\n\n", "Yes", ".", R1.closing],
    )
    _, thought, answer, last = ask(model, thinking=1000)
    assert thought.startswith(again * 5) and answer == "Yes."
    assert last.usage.thought_tokens < 200 and last.reason == "stop"


def test_an_end_within_the_thought(make: Make) -> None:
    """A model that ends while it thinks still owes the answer."""
    model = make(
        QWEN3,
        [f"{QWEN3.assistant}<think>\n", "Hm", ".", QWEN3.closing],
        ["</think>", "\n\n", "Yes", ".", QWEN3.closing],
    )
    assert ask(model)[:3] == ("<think>\nHm.\n</think>\n\nYes.", "Hm.", "Yes.")


@pytest.mark.parametrize("blank", [(), ("\n\n\n",)])
def test_an_end_right_after_the_thought(make: Make, blank: tuple[str, ...]) -> None:
    """A model that would end with nothing but a thought, or blank lines after it, says what it would have said next."""
    model = make(
        R1,
        [f"{R1.assistant}<think>\n", "Hm", ".\n", "</think>", "\n\n", *blank, R1.closing],
        [*(blank or ("\n\n",)), "Yes", ".", R1.closing],
    )
    for sampling in (Sampling(), Sampling(temperature=0)):
        _, thought, answer, last = ask(model, sampling=sampling)
        assert (thought, answer, last.reason) == ("Hm.", "Yes.", "stop")


@pytest.mark.parametrize(
    ("after", "last"),
    [
        ([">"], ">"),
        ([">", "\n\n"], "\n\n"),
        ([">", "<think>"], ">\n\n"),
    ],
    ids=["an end", "blank lines", "the opening mark"],
)
def test_no_answer_after_a_thought_that_was_never_taught(make: Make, after: list[str], last: str) -> None:
    """A model that was never taught to think, and writes the mark or blank lines in the place of its answer, is held to
    answer; a blank line that would end an answer does not end it before it began."""
    model = make(
        QWEN,
        [f"{QWEN.assistant}<think>\n", "Hm", ".\n", "</", "think", *after, QWEN.closing],
        [last, "Yes", ".", QWEN.closing],
    )
    for stop in ((), ("\n\n",)):
        _, thought, answer, finished = ask(model, sampling=Sampling(temperature=0), stop=stop)
        assert (thought, answer, finished.reason) == ("Hm.", "Yes.", "stop")


def test_marks_that_are_no_text(make: Make) -> None:
    """A model that wants to write the opening mark, which is in its prompt already, goes on without it; one that goes
    on with the user's next turn has ended its own."""
    model = make(
        R1,
        [f"{R1.assistant}<think>\n", "<think>"],
        ["\n", "Hm", ".\n", "</think>", "\n\n", "Yes", ".", "<｜User｜>", "No", "?"],
    )
    text, _, _, last = ask(model)
    assert (text, last.reason) == ("<think>\nHm.\n</think>\n\nYes.", "stop")


def test_thinking_on_after_the_end(make: Make) -> None:
    """What a model still thinks after its thought was closed for it is no part of the answer, once it closes it."""
    model = make(
        R1,
        [f"{R1.assistant}<think>\n", "First", " the", " loop"],
        ["</think>", "\n\n", "then", " its", " end", ".\n", "</think>", "\n\n\n", "Yes", ".", R1.closing],
    )
    _, thought, answer, last = ask(model, thinking=3)
    assert (thought, answer, last.reason) == ("First the loop\n\n\nthen its end.", "Yes.", "stop")


def test_room_is_kept_for_the_answer(workshop: Workshop) -> None:
    """A question whose thought and answer may not fit the window is refused, not cut off: what an answer is made to
    begin with needs room, too."""
    model = workshop.silent(R1)
    used = len(model._prompt(Request(TALK, thinking=1)).tokens)
    left = model.info.context - used - 40 - CLOSING_TOKENS
    request = Request(TALK, max_tokens=40, thinking=left)
    model._check(request, model._prompt(request))
    with pytest.raises(ContextTooLong, match="reserved for the answer"):
        ask(model, thinking=left, answer_prefix=ANSWER[0])
