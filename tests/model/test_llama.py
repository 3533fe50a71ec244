"""The decoding loop on the real 0.5B model."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glossator.engine import Chunk, ContextTooLong, Finished, Message, ModelBroken, Reading, Request, Sampling, Text
from glossator.engine.llama import Model
from glossator.models import Card, catalogue

pytestmark = pytest.mark.model

GREEDY = Sampling(temperature=0)
SOURCE = (Path(__file__).parent.parent.parent / "server/glossator/engine/spelling.py").read_text()
CODE = '''def total(prices, taxes, shipping):
    """Add up an order."""
    amount = 0
    for price in prices:
        amount = amount + price
    for tax in taxes:
        amount = amount + tax
    if shipping is not None:
        amount = amount + shipping
    if amount < 0:
        raise ValueError("negative order")
    return amount
'''


def load(path: Path, *, states: Path | None = None) -> Model:
    return Model(path, card(path), "digest", context=4096, states=states)


def card(path: Path) -> Card:
    return catalogue.card("qwen2.5-coder-0.5b")


@pytest.fixture(scope="module")
def model(model_05b: Path) -> Iterator[Model]:
    loaded = load(model_05b)
    yield loaded
    loaded.close()


def ask(model: Model, request: Request, cancelled: Callable[[], bool] = lambda: False) -> tuple[str, list[Chunk]]:
    chunks: list[Chunk] = []
    model.generate(request, chunks.append, cancelled)
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text)), chunks


def finished(chunks: list[Chunk]) -> Finished:
    last = chunks[-1]
    assert isinstance(last, Finished)
    return last


def about(question: str, *, stable: str = SOURCE, sampling: Sampling = GREEDY, max_tokens: int = 24) -> Request:
    messages = (Message("system", "You explain code."), Message("user", question, stable=stable))
    return Request(messages, max_tokens=max_tokens, sampling=sampling)


def test_says_what_it_did(model: Model) -> None:
    """Progress, text and usage add up."""
    text, chunks = ask(model, about("\n\nWhat is Stops?"))
    usage = finished(chunks).usage
    reading = [chunk for chunk in chunks if isinstance(chunk, Reading)]
    assert "top" in text
    assert reading[-1].done == reading[-1].total == usage.prompt_tokens
    assert sum(chunk.tokens for chunk in chunks if isinstance(chunk, Text)) == usage.answer_tokens == 24
    assert finished(chunks).reason == "length"
    assert usage.seconds > 0
    assert usage.cpu_seconds > 0


def test_seeds(model: Model) -> None:
    """The same seed gives the same text, another seed another."""
    warm = [Sampling(temperature=1.2, seed=seed) for seed in (1, 1, 2)]
    texts = [ask(model, about("\n\nWrite a poem.", stable="", sampling=sampling))[0] for sampling in warm]
    assert texts[0] == texts[1] != texts[2]


def test_reuse_gives_the_same_text(model_05b: Path, model: Model, tmp_path: Path) -> None:
    """A second question computes little, and its answer equals that of a fresh model and of one that was restarted."""
    first, second = about("\n\nExplain Spelling."), about("\n\nExplain Stops.feed.")
    ask(model, first)
    warm, chunks = ask(model, second)
    usage = finished(chunks).usage
    assert usage.prompt_tokens - usage.reused_tokens < 40
    again, chunks = ask(model, second)
    assert finished(chunks).usage.reused_tokens > usage.reused_tokens

    fresh = load(model_05b, states=tmp_path)
    cold, chunks = ask(fresh, second)
    assert finished(chunks).usage.reused_tokens == 0
    fresh.close()
    restarted = load(model_05b, states=tmp_path)
    restored, chunks = ask(restarted, second)
    assert finished(chunks).usage.reused_tokens == usage.reused_tokens
    restarted.close()
    assert cold == warm == again == restored


def test_a_preamble_is_read_once(model: Model) -> None:
    """The second question of a kind begins at its own words, and its answer is what it would have been."""
    preamble = "An explanation is one short sentence about what a function is for, without its parameters.\n\n"

    def asked(name: str) -> tuple[str, int]:
        said = Message("user", f"Explain `{name}`.", stable=f"```python\n{SOURCE}\n```\n\n", preamble=preamble)
        text, chunks = ask(model, Request((said,), 24, sampling=GREEDY))
        return text, finished(chunks).usage.reused_tokens

    model.forget()
    alone = asked("Stops")[0]
    model.forget()
    assert asked("Spelling")[1] == 0
    text, reused = asked("Stops")
    file, words = model.count([f"```python\n{SOURCE}\n```\n\n", preamble])
    assert text == alone
    assert reused >= file + words


def test_cancel_inside_prefill(model_05b: Path, model: Model) -> None:
    """A cancelled prefill ends soon and without `Finished`, and the next answer is right."""
    request = about("\n\nExplain Stops.", stable=SOURCE + "# cancel")
    right, _ = ask(model, request)
    fresh = load(model_05b)
    since = threading.Event()
    began = time.perf_counter()
    stopped: list[float] = []

    def cancelled() -> bool:
        if time.perf_counter() - began > 0.3:
            stopped.append(time.perf_counter())
            since.set()
        return since.is_set()

    _, chunks = ask(fresh, request, cancelled)
    assert time.perf_counter() - stopped[0] < 0.5
    assert not any(isinstance(chunk, Text | Finished) for chunk in chunks)
    assert ask(fresh, request)[0] == right
    fresh.close()


def test_cancel_between_tokens(model: Model) -> None:
    """A cancelled answer stops after the token that is being computed."""
    texts: list[Chunk] = []
    _, chunks = ask(model, about("\n\nExplain all.", max_tokens=200), lambda: len(texts) > 3)
    assert isinstance(finished(chunks), Finished)
    model.generate(about("\n\nExplain all.", max_tokens=200), texts.append, lambda: len(texts) > 12)
    assert 12 < len(texts) < 20
    assert not isinstance(texts[-1], Finished)


def test_content_is_no_control_token(model: Model) -> None:
    """The spelling of a control token inside content becomes no control token."""
    for evil in ("<|im_end|>", "<|im_start|>", "<tool_call>", "<|endoftext|>", "<|fim_prefix|>", "<|file_sep|>"):
        assert model.count([evil])[0] > 1
        assert model.count([f"x {evil} y"])[0] > 3


def test_multi_byte_text(model: Model) -> None:
    """Characters whose bytes are spread over tokens arrive whole."""
    base = about("Repeat exactly, nothing else: 日本語 🙂 čšž 日本語 🙂 čšž", stable="", max_tokens=24)
    request = Request(base.messages, 24, sampling=GREEDY, answer_prefix="日本語")
    text, chunks = ask(model, request)
    assert "日本語 🙂 čšž" in text
    assert "\ufffd" not in text
    assert not any(chunk.text.endswith("\ufffd") for chunk in chunks if isinstance(chunk, Text))


def test_stop_and_prefix(model: Model) -> None:
    """An answer begins as it was told and ends before a stop string."""
    base = about("Count from 1 to 20, separated by commas.", stable="", max_tokens=60)
    request = Request(base.messages, 60, sampling=GREEDY, answer_prefix="1, 2, 3,", stop=("11",))
    text, chunks = ask(model, request)
    assert text.startswith("1, 2, 3, 4, 5")
    assert "11" not in text
    assert text.rstrip().endswith("10,")
    assert finished(chunks).reason == "stop"


def test_thought_is_closed_in_time(model: Model) -> None:
    """A spent thinking budget closes the thought; the answer keeps all of its own tokens."""
    base = about("Why is the sky blue? Think at length.", stable="", max_tokens=12)
    request = Request(base.messages, 12, thinking=20, sampling=GREEDY, answer_prefix="Because")
    text, chunks = ask(model, request)
    thought, mark, answer = text.partition("</think>")
    assert text.startswith("<think>\n")
    assert mark
    assert thought.endswith("\n")
    assert answer.startswith("\n\nBecause")
    usage = finished(chunks).usage
    assert usage.thought_tokens == 20
    assert usage.answer_tokens == 12


def test_loop_is_cut(model: Model) -> None:
    """An answer that only repeats itself is ended."""
    base = about("Write a Python list of a thousand zeros, as a literal.", stable="", max_tokens=400)
    _, chunks = ask(model, Request(base.messages, 400, sampling=GREEDY, answer_prefix="zeros = [" + "0, " * 20))
    assert finished(chunks).reason == "loop"
    assert finished(chunks).usage.answer_tokens < 300


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(temperature=0.3, seed=4)])
def test_drafting_changes_nothing(model: Model, sampling: Sampling) -> None:
    """An edit decoded with drafts is the edit decoded without."""
    messages = (
        Message("user", f"Rename `amount` to `cost`. Answer with the whole function only.\n```python\n{CODE}```"),
    )
    plain, _ = ask(model, Request(messages, 160, sampling=sampling))
    drafted, chunks = ask(model, Request(messages, 160, sampling=sampling, draft=CODE))
    assert drafted == plain
    assert finished(chunks).usage.drafted_tokens > 20


def test_too_long(model: Model) -> None:
    """What does not fit is refused with both numbers; the model still answers."""
    with pytest.raises(ContextTooLong, match="context window has 4096"):
        ask(model, about("x", max_tokens=4090))
    assert ask(model, about("Say hi.", stable=""))[0]


def test_prompt_only(model: Model) -> None:
    """No tokens asked for: the prompt is read, ready for a question about the same text."""
    stable = SOURCE + "# prompt only"
    assert ask(model, about("", stable=stable, max_tokens=0))[0] == ""
    _, chunks = ask(model, about("\n\nExplain Stops.", stable=stable, max_tokens=2))
    usage = finished(chunks).usage
    assert usage.prompt_tokens - usage.reused_tokens < 40


def test_many_files(model: Model) -> None:
    """Files in turn: the first comes back from memory, with the same answer."""
    first = ""
    for number in (1, 2, 3, 1):
        text, chunks = ask(model, about("\n\nExplain Stops.", stable=f"# {number}\n{SOURCE}", max_tokens=8))
        if number == 1 and first:
            assert text == first
            assert finished(chunks).usage.reused_tokens > 400
        first = first or text


def test_bad_files(tmp_path: Path) -> None:
    """What is no model is refused with its name and the reason, without waiting."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").touch()
    (tmp_path / "cut").write_bytes(b"GGUF" + bytes(20))
    for name in ("fifo", "empty", "cut"):
        with pytest.raises(ModelBroken, match=name):
            load(tmp_path / name)
