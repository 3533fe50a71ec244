"""What goes over the wire comes back equal, and nothing else gets through."""

from __future__ import annotations

import contextlib
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.engine import (
    Chunk,
    ContextTooLong,
    EngineBusy,
    EngineError,
    Finished,
    Message,
    ModelInfo,
    Priority,
    Queued,
    Reading,
    Request,
    Sampling,
    Score,
    Text,
    Usage,
    wire,
)

texts = st.text(st.characters())  # lone surrogates too
requests = st.builds(
    Request,
    messages=st.lists(
        st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts, texts), min_size=1
    ).map(tuple),
    max_tokens=st.integers(0, 9999),
    sampling=st.builds(Sampling, st.none() | st.floats(0, 2), st.none() | st.floats(0, 1)),
    answer_prefix=texts,
    stop=st.lists(texts).map(tuple),
    priority=st.sampled_from(Priority),
    lane=texts,
    answers=st.lists(texts).map(tuple),
)
scores = st.lists(st.tuples(st.floats(-99, 0), st.integers(0, 99)), max_size=5).map(
    lambda rows: Score(len(rows), float(sum(p for p, _ in rows)), tuple(p for p, _ in rows), tuple(e for _, e in rows))
)
chunks: st.SearchStrategy[Chunk] = st.one_of(
    st.builds(Queued, st.integers(0, 99)),
    st.builds(Reading, st.integers(0, 99), st.integers(0, 99)),
    st.builds(Text, texts, st.integers(0, 9)),
    st.builds(
        Finished,
        st.sampled_from(["stop", "length", "loop"]),
        st.builds(Usage, st.integers(0, 9)),
        texts,
        scores=st.lists(scores, max_size=3).map(tuple),
    ),
)


@given(requests)
def test_requests(request: Request) -> None:
    """A request survives the wire, whatever its text."""
    line = wire.encode(wire.request_to(request))
    assert line.count(b"\n") == 1
    assert wire.request_from(wire.decode(line)) == request


@given(chunks)
def test_chunks(chunk: Chunk) -> None:
    """A chunk survives the wire."""
    assert wire.chunk_from(json.loads(json.dumps(wire.chunk_to(chunk)))) == chunk


def test_errors_and_info() -> None:
    """Errors keep their class; a model's own words keep their types."""
    error = wire.error_from(wire.error_to(EngineBusy("full")))
    assert (type(error), str(error)) == (EngineBusy, "full")
    assert type(wire.error_from(["SystemExit", "x"])) is EngineError
    with pytest.raises(wire.WireError):
        wire.model_from({"name": "x", "digest": "y", "context": "4096"})
    with pytest.raises(wire.WireError):
        wire.model_from({"name": "x"})
    assert ModelInfo("x", "y", 4096).context == 4096


def test_cap() -> None:
    """A line over the cap is refused before it is written."""
    with pytest.raises(ContextTooLong):
        wire.encode({"ask": "x" * wire.MAX_LINE})


def test_damaged_requests_are_refused() -> None:
    """A request with any value replaced by one of another type is a `WireError`, never another error."""
    good = wire.request_to(Request((Message("user", "x"),), stop=("a",)))
    others: list[object] = [None, "x", 3, -1, 1.5, True, [], {}, [[]], [3], {"x": 1}, "root"]
    rng = random.Random(5)
    for _ in range(3000):
        tree = json.loads(json.dumps(good))
        places: list[tuple[dict[str, object], str]] = [(tree, name) for name in tree]
        places += [(tree["messages"][0], name) for name in tree["messages"][0]]
        places += [(tree["sampling"], name) for name in tree["sampling"]]
        place, name = rng.choice(places)
        if rng.random() < 0.1:
            del place[name]
        elif rng.random() < 0.1:
            place["extra"] = 1
        else:
            place[name] = rng.choice(others)
        try:
            wire.request_from(tree)
        except wire.WireError:
            continue
        same = json.loads(json.dumps(wire.request_to(wire.request_from(tree))))
        assert same == tree  # it happened to be a request


@given(st.binary(max_size=200))
def test_garbage_lines(line: bytes) -> None:
    """Any bytes are a table or a `WireError`."""
    with contextlib.suppress(wire.WireError):
        assert isinstance(wire.decode(line), dict)
