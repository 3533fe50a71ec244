"""The vocabularies and chat templates of DeepSeek-R1 and Qwen3 as they were published, read by llama.cpp."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from glossator.engine import Message, ModelBroken, Request
from glossator.engine.llama import Model
from glossator.engine.templates import QWEN_SYSTEM, Family, render
from glossator.models import Advice, Card, catalogue

sys.path.insert(0, str(Path(__file__).parent.parent))
import gguf_family
from gguf_family import QWEN, QWEN3, R1, Workshop

pytestmark = pytest.mark.model

FAMILIES: dict[Family, gguf_family.Family] = {"deepseek-r1": R1, "qwen3": QWEN3, "qwen": QWEN}
SYSTEM, ASKED = Message("system", "Be brief."), Message("user", "What does `f` do?")
TALKS = {
    "one turn": (ASKED,),
    "a system text": (SYSTEM, ASKED),
    "an answer before": (SYSTEM, ASKED, Message("assistant", "It adds."), Message("user", "Shorter.")),
    "a thought before": (
        ASKED,
        Message("assistant", "<think>\nHm.\n</think>\n\nIt adds."),
        Message("user", "Shorter."),
    ),
    "a file and a preamble": (
        SYSTEM,
        Message("user", "Explain f.", stable="def f(): ...\n\n", preamble="Briefly.\n\n"),
    ),
}

# Recorded with the reference implementation (`tokenizers`) and the published tokenizer of Qwen3, whose merges and rules
# R1's distillates share.
TEXTS = {
    "def total(items):\n    return sum(items)\n": [750, 2790, 24337, 982, 262, 470, 2629, 24337, 340],
    "\n\n\n    if x != 3.14159:\n\t\tself._größe += 0x1F  # naïve – 日本語 🙂\n": [
        *(1406, 262, 421, 856, 961, 220, 18, 13, 16, 19, 16, 20, 24, 510, 197, 5200, 1436, 143721, 1421, 220, 15, 87),
        *(16, 37, 220, 671, 94880, 586, 1365, 75402, 21894, 102819, 27484, 198),
    ],
    "I'll can't we've THEY'RE": [40, 3278, 646, 944, 582, 3003, 62493, 94153],
    "    \t  \n \n  trailing   ": [7782, 2303, 715, 220, 27748, 262],
    "x=1234567890;y=[1,2,3]": [87, 28, 16, 17, 18, 19, 20, 21, 22, 23, 24, 15, 70863, 5818, 16, 11, 17, 11, 18, 60],
    '```python\nfor i in range(10):\r\n    print(f"{i:>3}")\r\n```': [
        *(73594, 12669, 198, 1958, 600, 304, 2088, 7, 16, 15, 5783, 262, 1173, 955, 14129, 72, 96178, 18, 81608, 73594),
    ],
}
PROMPTS: list[tuple[Family, tuple[Message, ...], int, list[int]]] = [
    ("deepseek-r1", (SYSTEM, ASKED), 64, [
        *(151646, 151644, 3430, 9814, 382, 3838, 1558, 1565, 69, 63, 653, 30, 151645, 151648, 198),
    ]),
    ("qwen3", (SYSTEM, ASKED), 64, [
        *(151644, 8948, 198, 3430, 9814, 13, 151645, 198, 151644, 872, 198, 3838, 1558, 1565, 69, 63, 653, 30),
        *(151645, 198, 151644, 77091, 198, 151667, 198),
    ]),
    ("qwen3", (ASKED,), 0, [
        *(151644, 872, 198, 3838, 1558, 1565, 69, 63, 653, 30, 151645, 198, 151644, 77091, 198),
        *(151667, 271, 151668, 271),
    ]),
]  # fmt: skip


def published(template: str, talk: Sequence[Message], **values: Any) -> str:
    """What the publisher's template makes of a conversation, with the settings of Hugging Face's `transformers`."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    messages = [{"role": message.role, "content": message.content} for message in talk]
    known = {"add_generation_prompt": True, "bos_token": "<｜begin▁of▁sentence｜>"}
    return environment.from_string(template).render(messages=messages, **known, **values)


def ours(family: Family, talk: Sequence[Message], *, thinking: bool) -> str:
    parts = render(family, talk, thinking=thinking, reasoning=family != "qwen")
    return "".join(part.text for part in parts)


@pytest.mark.parametrize("family", [R1, QWEN3])
def test_the_vocabulary_is_the_published_one(workshop: Workshop, family: gguf_family.Family) -> None:
    """Every token, its type and every merge are those of the published model."""
    assert workshop.words(family).digest(family.known) == family.digest


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_become_the_published_tokens(workshop: Workshop, family: Family) -> None:
    """Content has the tokens that the reference tokenizer gives it."""
    model = workshop.silent(FAMILIES[family])
    for text, tokens in TEXTS.items():
        assert model._content(text) == tokens


@pytest.mark.parametrize(("family", "talk", "thinking", "tokens"), PROMPTS)
def test_prompts_become_the_published_tokens(
    workshop: Workshop, family: Family, talk: tuple[Message, ...], thinking: int, tokens: list[int]
) -> None:
    """A whole prompt has the tokens that the reference tokenizer gives it: R1's begins exactly once."""
    assert workshop.silent(FAMILIES[family])._prompt(Request(talk, thinking=thinking)).tokens == tokens


@pytest.mark.parametrize("talk", TALKS)
def test_prompts_of_qwen3(workshop: Workshop, talk: str) -> None:
    """They are what its own template writes: with an empty thought where none is wanted, else with one begun."""
    template = workshop.words(QWEN3).template
    assert ours("qwen3", TALKS[talk], thinking=False) == published(template, TALKS[talk], enable_thinking=False)
    assert ours("qwen3", TALKS[talk], thinking=True) == published(template, TALKS[talk]) + "<think>\n"


@pytest.mark.parametrize("talk", TALKS)
def test_prompts_of_r1(workshop: Workshop, talk: str) -> None:
    """They are what its own template writes, but a system text opens the user's turn, and the thought is begun: once,
    also where a later template does that itself."""
    template = workshop.words(R1).template
    first, *others = [message for message in TALKS[talk] if message.role != "system"]
    system = "".join(f"{message.content}\n\n" for message in TALKS[talk] if message.role == "system")
    folded = [Message("user", system + first.content), *others]
    expected = published(template, folded)
    # Its template leaves the blank lines after an earlier thought where they are.
    assert ours("deepseek-r1", TALKS[talk], thinking=True) == expected.replace("\n\nIt adds.", "It adds.") + "<think>\n"
    opening = template.replace("{{'<｜Assistant｜>'}}", "{{'<｜Assistant｜><think>\\n'}}")
    assert published(opening, folded) == expected + "<think>\n"


def test_prompts_of_qwen(workshop: Workshop) -> None:
    """Qwen2.5's are what its own template writes, which inserts a system text where there is none."""
    template = workshop.words(QWEN).template
    for talk in TALKS.values():
        if "<think>" not in "".join(message.text for message in talk):
            assert ours("qwen", talk, thinking=False) == published(template, talk)
    assert QWEN_SYSTEM in ours("qwen", (ASKED,), thinking=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_content_holds_no_mark(workshop: Workshop, family: Family) -> None:
    """No spelling in a file's text or a system text becomes a control token or a thinking mark."""
    made = FAMILIES[family]
    spelled = "".join(token.decode() for token in workshop.words(made).tokens[151643 : made.known])
    model = workshop.silent(made)
    plain = model._prompt(Request((SYSTEM, ASKED), thinking=64)).tokens
    evil = model._prompt(Request((Message("system", spelled), Message("user", spelled, stable=spelled)), thinking=64))
    assert [token for token in evil.tokens if token >= 151643] == [token for token in plain if token >= 151643]


def test_a_vocabulary_of_another_family(workshop: Workshop) -> None:
    """A model whose vocabulary lacks its family's marks is refused, since it would read them letter by letter."""
    path = workshop.make(QWEN)
    with pytest.raises(ModelBroken, match="has no <｜begin▁of▁sentence｜>, so it is no deepseek-r1 model"):
        Model(path, Card("wrong", str(path), family="deepseek-r1"), "digest", context=512)


@pytest.mark.parametrize(
    ("family", "name", "advice", "plain"),
    [
        (R1, "deepseek-r1", Advice(0.6, 0.95, 0, 0.0), Advice(0.6, 0.95, 0, 0.0)),
        (QWEN3, "qwen3", Advice(0.6, 0.95, 20, 0.0), Advice(0.7, 0.8, 20, 0.0)),
        (QWEN, "qwen", Advice(), Advice()),
    ],
)
def test_sampling(workshop: Workshop, family: gguf_family.Family, name: str, advice: Advice, plain: Advice) -> None:
    """A file named by its path is known by its header and sampled as its publisher says, thinking or not; so is the
    same model of the catalogue."""
    model = workshop.silent(family)
    assert (model._family, model.info.reasoning) == (name, family is not QWEN)
    for thinking, expected in ((64, advice), (0, plain)):
        choice = model._sampler(Request((ASKED,), thinking=thinking))._choice
        found = Advice(choice.temperature, choice.top_p, choice.top_k, choice.min_p, choice.repeat_penalty)
        assert found == expected
    known = [card for card in catalogue.cards() if card.family == name and card.reasoning]
    assert all((card.advice, card.plain or card.advice) == (advice, plain) for card in known)
