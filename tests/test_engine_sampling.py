"""Choosing tokens, and spelling them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.engine.sampling import Choice, Sampler
from glossator.engine.spelling import Spelling, Stops

RANDOM = np.random.default_rng(1)
LOGITS = RANDOM.normal(0, 3, 5000).astype(np.float32)


def test_greedy() -> None:
    """Temperature 0 takes the best token, unless it is banned."""
    best = int(LOGITS.argmax())
    assert Sampler(Choice()).choose(LOGITS) == best
    assert Sampler(Choice(), [best]).choose(LOGITS) == int(np.argsort(LOGITS)[-2])
    assert LOGITS[best] > 0  # the model's own array was left as it is


def test_seeds() -> None:
    """Equal seeds draw equally; different ones do not."""
    draws = [[Sampler.choose(sampler, LOGITS) for _ in range(30)] for sampler in map(seeded, (3, 3, 4))]
    assert draws[0] == draws[1] != draws[2]


def seeded(seed: int) -> Sampler:
    return Sampler(Choice(temperature=1.0, seed=seed))


def test_frequencies() -> None:
    """Tokens come as often as their probabilities say."""
    logits = np.log(np.array([0.5, 0.3, 0.2], dtype=np.float32))
    sampler = Sampler(Choice(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0))
    counts = np.bincount([sampler.choose(logits) for _ in range(4000)], minlength=3) / 4000
    assert counts == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


@pytest.mark.parametrize("choice", [{"top_k": 2}, {"top_p": 0.75}, {"min_p": 0.5}])
def test_filters(choice: dict[str, float]) -> None:
    """top-k, top-p and min-p each leave the unlikely third token out."""
    logits = np.log(np.array([0.2, 0.5, 0.3], dtype=np.float32))
    settings = Choice(**{"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, **choice})  # type: ignore[arg-type]
    assert {Sampler.choose(sampler, logits) for sampler in [Sampler(settings)] for _ in range(300)} == {1, 2}


def test_repeat_penalty() -> None:
    """A repeat penalty makes what was written lately less likely."""
    logits = np.array([2.0, 1.9, -1.0], dtype=np.float32)
    assert Sampler(Choice(repeat_penalty=1.3)).choose(logits, [0]) == 1


@given(st.text(), st.integers(1, 5))
def test_characters_cut_between_tokens(text: str, step: int) -> None:
    """Whatever the cuts, the characters come out whole and in order."""
    data = text.encode("utf-8", "surrogatepass") if text.isascii() else text.encode("utf-8", "replace")
    spelling = Spelling()
    parts = [spelling.feed(data[start : start + step]) for start in range(0, len(data), step)]
    assert "".join(parts) + spelling.finish() == data.decode()


def test_broken_bytes() -> None:
    """Bytes that are no UTF-8 become replacement characters, also at the end."""
    spelling = Spelling()
    assert spelling.feed(b"a\xff") + spelling.feed(b"\xe6\x97") + spelling.finish() == "a\ufffd\ufffd"


@given(st.text("abS", max_size=30), st.text("abS", min_size=1, max_size=4), st.integers(1, 4))
def test_stop(text: str, stop: str, step: int) -> None:
    """What is shown is the text before the stop string, however the text is cut."""
    filtered, shown, stopped = Stops([stop, ""]), "", False
    for start in range(0, len(text), step):
        part, stopped = filtered.feed(text[start : start + step])
        shown += part
        if stopped:
            break
    assert shown + filtered.finish() == text.partition(stop)[0]
    assert stopped == (stop in text)


def test_first_stop() -> None:
    """Of several stop strings the one that begins first ends the answer."""
    assert Stops(["c", "bc"]).feed("abcd") == ("a", True)
