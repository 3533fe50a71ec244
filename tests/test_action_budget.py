"""Context by time: how much is shown follows from how fast a model reads here."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from glossator.action.budget import COMMAND_SECONDS, HOVER_SECONDS, file_tokens, prompt_tokens
from glossator.engine import ModelInfo

INFO = ModelInfo("a model", "digest", 16384)


def at(rate: float, context: int = 16384) -> ModelInfo:
    return replace(INFO, prefill_rate=rate, context=context)


def test_not_measured() -> None:
    """Without a measurement a hover gets 1,024 tokens and a command 2,048."""
    assert (prompt_tokens(INFO, hover=True), prompt_tokens(INFO)) == (1024, 2048)


def test_time() -> None:
    """A hover is read within four seconds, a command's prompt within ten, and most of that time is used."""
    for rate in (140.0, 240.0, 420.0, 1000.0):
        assert 0.75 < prompt_tokens(at(rate), hover=True) / rate / HOVER_SECONDS <= 1
        assert 0.75 < min(prompt_tokens(at(rate)), 8192) / min(rate, 819) / COMMAND_SECONDS <= 1.001


def test_bounds() -> None:
    """However slow or fast: a hover has 512 tokens at least, and half of the window at most."""
    assert prompt_tokens(at(3), hover=True) == 512
    assert prompt_tokens(at(90_000), hover=True) == 8192
    assert prompt_tokens(at(500, context=1024)) == 512


@given(st.floats(20, 5000), st.floats(0.97, 1.03))
def test_steady(rate: float, noise: float) -> None:
    """A rate that is measured a little differently changes the budget by at most one step of a quarter."""
    one, other = sorted((prompt_tokens(at(rate)), prompt_tokens(at(rate * noise))))
    assert other <= one * 1.25


@given(st.floats(0, 100_000), st.sampled_from([512, 4096, 32768]))
def test_file_part(rate: float, context: int) -> None:
    """The part that all questions share fits into a hover, and a hover costs no more than a command."""
    info = at(rate, context)
    assert 0 < file_tokens(info) < prompt_tokens(info, hover=True) <= prompt_tokens(info)
