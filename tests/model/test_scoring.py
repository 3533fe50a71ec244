"""Scores by the real 0.5B model: they know right from wrong, and do not depend on what was held before."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from glossator.engine import Chunk, ContextTooLong, Finished, Message, Request, Sampling, Score, Text
from glossator.engine.llama import Model
from glossator.models import catalogue

pytestmark = pytest.mark.model

FILE = '''def mean(values):
    """The arithmetic mean."""
    return sum(values) / len(values)
'''
TASK = """Write the function `is_adult`:

```python
def is_adult(age):
    \"\"\"Whether a person may vote: from 18 years on.\"\"\"
    ...
```"""
HEAD = 'def is_adult(age):\n    """Whether a person may vote: from 18 years on."""\n'
RIGHT, WRONG, BROKEN = (f"{HEAD}    return age {sign} 18\n" for sign in (">=", "<", ">= >="))


@pytest.fixture(scope="module")
def model(model_05b: Path) -> Iterator[Model]:
    loaded = Model(model_05b, catalogue.card("qwen2.5-coder-0.5b"), "digest", context=4096)
    yield loaded
    loaded.close()


def request(*answers: str, task: str = TASK) -> Request:
    messages = (Message("system", "Your code is exact."), Message("user", task, stable=FILE * 12))
    return Request(messages, max_tokens=0, answer_prefix="```python\n", answers=answers)


def scores(model: Model, asked: Request) -> tuple[Score, ...]:
    chunks: list[Chunk] = []
    model.generate(asked, chunks.append, lambda: False)
    assert not any(isinstance(chunk, Text) for chunk in chunks)
    assert isinstance(chunks[-1], Finished)
    return chunks[-1].scores


def test_right_before_wrong(model: Model) -> None:
    """The right line is likelier than the wrong one, and that than one that does not parse."""
    right, wrong, broken = scores(model, request(RIGHT, WRONG, BROKEN))
    assert right.logprob > wrong.logprob > broken.logprob
    assert right.logprob == pytest.approx(sum(right.token_logprobs))
    assert len(right.token_logprobs) == len(right.ends) == right.tokens
    assert right.ends[-1] == len(RIGHT)


def test_does_not_depend_on_what_was_held(model: Model, model_05b: Path) -> None:
    """Cold or warm, after another prompt or a longer text: the numbers are the same."""
    warm = [scores(model, request(RIGHT, WRONG, BROKEN)) for _ in range(2)]
    scores(model, request("x = 1\n" * 60, task="Something else entirely."))
    warm.append(scores(model, request(RIGHT, WRONG, BROKEN)))
    cold = Model(model_05b, catalogue.card("qwen2.5-coder-0.5b"), "digest", context=4096)
    first = scores(cold, request(RIGHT, WRONG, BROKEN))
    cold.close()
    assert warm == [first] * 3


def test_alone_or_among_others(model: Model) -> None:
    """What an answer shares with others changes its score by no more than rounding."""
    together = scores(model, request(RIGHT, WRONG, BROKEN))
    for at, answer in enumerate((RIGHT, WRONG, BROKEN)):
        (alone,) = scores(model, request(answer))
        assert alone.token_logprobs == pytest.approx(together[at].token_logprobs, abs=0.05)


def test_likely_is_what_it_writes(model: Model) -> None:
    """Each token of a greedy answer is likelier than a half, or at least the likeliest: none is far below."""
    chunks: list[Chunk] = []
    asked = Request(request().messages, max_tokens=24, sampling=Sampling(temperature=0), answer_prefix="```python\n")
    model.generate(asked, chunks.append, lambda: False)
    written = "".join(chunk.text for chunk in chunks if isinstance(chunk, Text)).removeprefix("```python\n")
    (found,) = scores(model, request(written))
    assert min(found.token_logprobs) > math.log(0.05)


def gone_on(model: Model, *beginnings: str) -> tuple[str, ...]:
    chunks: list[Chunk] = []
    asked = replace(request(*beginnings), max_tokens=12, stop=("\n",))
    model.generate(asked, chunks.append, lambda: False)
    assert isinstance(chunks[-1], Finished)
    return chunks[-1].texts


def test_goes_on(model: Model) -> None:
    """Many beginnings at once go on as each would alone, up to the end of the line, and sensibly."""
    beginnings = (f"{HEAD}    return age", f"{HEAD}    if", f"{HEAD}    return")
    together = gone_on(model, *beginnings)
    assert together == tuple(gone_on(model, each)[0] for each in beginnings)
    assert together[0] == " >= 18"
    assert not any("\n" in each for each in together)


def test_prefers_the_right_sign(model: Model) -> None:
    """In the place of a wrong sign the right one is preferred, and clearly."""
    (found,) = scores(model, request(WRONG))
    start = WRONG.index(" < 18")
    at = found.ends.index(start) + 1
    assert found.preferred[at].strip() == ">="
    assert found.preferred_logprobs[at] - found.token_logprobs[at] > 1


def test_cancelled(model: Model) -> None:
    """A cancelled score ends within half a second without a result, and the next one is right."""
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    chunks: list[Chunk] = []
    began = time.monotonic()
    model.generate(request(*("y = 2\n" * 80 + str(n) for n in range(9)), task="Cancel."), chunks.append, stop.is_set)
    assert time.monotonic() - began < 2
    assert not any(isinstance(chunk, Finished) for chunk in chunks)
    right, wrong = scores(model, request(RIGHT, WRONG))
    assert right.logprob > wrong.logprob


def test_too_long(model: Model) -> None:
    """Answers that do not fit the window are refused."""
    with pytest.raises(ContextTooLong):
        scores(model, request("z = 3\n" * 3000))
