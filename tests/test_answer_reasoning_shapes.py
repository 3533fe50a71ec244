"""What R1, its distillates and Qwen3 are known to write, and what comes of it however the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.answer.reasoning import Splitter, split

THOUGHT = (
    "Okay, so I need to figure out what this function does. It starts with `total = 0`, then it goes over items.\n\n"
    "Wait, what if `items` is empty? Then the loop body never runs, and 0 < 1, so it returns 0. Hmm, 空的时候也可以。\n"
)
TRIED = "Let me write it down:\n\n```python\ndef total(items):\n    return sum(items)\n"
ANSWER = "`total` adds up the items of a list.\n\n```python\nassert total([]) == 0\n```\n\n**Final Answer**\n\\boxed{0}"
MARKED = 'It looks for the closing mark:\n\n```python\nCLOSE = """\n</think>\n"""\n```\n\nwhich is `</think>`.'

SHAPES = {
    "as published": (f"<think>\n{THOUGHT}</think>\n\n{ANSWER}", THOUGHT, ANSWER),
    "the opening mark is in the prompt": (f"{THOUGHT}</think>\n\n{ANSWER}", THOUGHT, ANSWER),
    "nothing was thought": (f"<think>\n\n</think>\n\n{ANSWER}", "", ANSWER),
    "nothing was thought, and the opening mark is in the prompt": (f"</think>\n\n{ANSWER}", "", ANSWER),
    "no blank lines": (f"<think>{THOUGHT.strip()}</think>{ANSWER}", THOUGHT, ANSWER),
    "lines of Windows": ("<think>\r\nHm.\r\n</think>\r\n\r\nYes.", "Hm.", "Yes."),
    "white space first": (f"\n\n<think>\n{THOUGHT}\n</think>\n\n{ANSWER}\n", THOUGHT, ANSWER),
    "the opening mark twice": (f"<think>\n<think>\n{THOUGHT}</think>\n\n{ANSWER}", THOUGHT, ANSWER),
    "the thought never ends": (f"<think>\n{THOUGHT}", THOUGHT, ""),
    "it ends in the middle of its mark": ("<think>\nHm.\n</thi", "Hm.\n</thi", ""),
    "nothing after the thought": (f"<think>\n{THOUGHT}</think>", THOUGHT, ""),
    "only blank lines after the thought": (f"<think>\n{THOUGHT}</think>\n\n", THOUGHT, ""),
    "an empty thought, then a real one": (
        f"<think>\n\n</think>\n\n<think>\n{THOUGHT}</think>\n\n{ANSWER}",
        THOUGHT,
        ANSWER,
    ),
    "two thoughts": (f"<think>\nA.\n</think>\n\n<think>\nB.\n</think>\n\n{ANSWER}", "A.\n\n\n\nB.", ANSWER),
    "closed for it, and it went on": (f"<think>\nA.\n</think>\n\nB.\n</think>\n\n{ANSWER}", "A.\n\n\nB.", ANSWER),
    "a closing mark at the very end": (f"<think>\nA.\n</think>\n\n{ANSWER}\n</think>\n", "A.", ANSWER),
    "closed for it, and closed again": (f"<think>\nA.\n</think>\n\n</think>\n\n{ANSWER}", "A.", ANSWER),
    "the thought quotes its mark": (
        f"<think>\nIt looks for `</think>`, I see.\n</think>\n\n{ANSWER}",
        "It looks for `\n\n`, I see.",
        ANSWER,
    ),
    "code in the thought": (f"<think>\n{TRIED}```\n</think>\n\n{ANSWER}", f"{TRIED}```", ANSWER),
    "code in the thought that never ends": (f"<think>\n{TRIED}</think>\n\n{ANSWER}", TRIED, ANSWER),
    "marks in the answer's code": (f"<think>\nHm.\n</think>\n\n{MARKED}", "Hm.", MARKED),
    "marks in code, and no thought": (MARKED, "", MARKED),
    "an opening mark in the answer": ("<think>\nA.\n</think>\n\nIt writes <think>.", "A.", "It writes <think>."),
    "words like marks": (
        "<think>\na <thin </thinking> </ think>\n</think>\n\n<b>",
        "a <thin </thinking> </ think>",
        "<b>",
    ),
    "no thought": (ANSWER, "", ANSWER),
    "nothing": ("", "", ""),
}


def cut(text: str, places: list[int], opened: bool = False) -> Splitter:
    splitter = Splitter(opened=opened)
    for low, high in zip([0, *places], [*places, len(text)], strict=True):
        splitter.feed(text[low:high])
    splitter.finish()
    return splitter


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str) -> None:
    """Each is parted where a reader would part it."""
    text, thought, answer = SHAPES[shape]
    assert split(text) == (thought.strip(), answer.strip())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.booleans(), st.data())
def test_any_cut_of_any_shape(shape: str, opened: bool, data: st.DataObject) -> None:
    """However a stream is cut, its thought and its answer are those of the whole text."""
    text = SHAPES[shape][0]
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=40)))
    whole, parts = cut(text, [], opened), cut(text, places, opened)
    assert (parts.thought, parts.answer) == (whole.thought, whole.answer)


BLOCKS = st.lists(
    st.sampled_from(
        ["<think>\n", "</think>", "\n</think>\n\n", "\n\n", THOUGHT, TRIED, MARKED, "```\n", "</thi", "so"]
    ),
    max_size=10,
)


@settings(max_examples=300, deadline=None)
@given(BLOCKS, st.booleans(), st.data())
def test_any_cut_of_anything(blocks: list[str], opened: bool, data: st.DataObject) -> None:
    """So it is for texts that nobody has seen yet, and nothing is lost of them but marks and blank space."""
    text = "".join(blocks)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    whole, parts = cut(text, [], opened), cut(text, places, opened)
    assert (parts.thought, parts.answer) == (whole.thought, whole.answer)
    assert words(whole.thought + whole.answer) == words(text)


def words(text: str) -> str:
    """`text` without marks and white space."""
    return "".join(text.replace("<think>", "").replace("</think>", "").split())


@given(st.sampled_from(sorted(SHAPES)), st.data())
def test_all_is_told(shape: str, data: st.DataObject) -> None:
    """The pieces that are told as they come are the whole text without its marks, in order."""
    text = SHAPES[shape][0]
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    splitter, told = Splitter(), ""
    for low, high in zip([0, *places], [*places, len(text)], strict=True):
        told += "".join(piece for _, piece in splitter.feed(text[low:high]))
    told += "".join(piece for _, piece in splitter.finish())
    assert words(told) == words(text)
