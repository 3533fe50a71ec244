"""Malformed frames and bodies: the server lives, what can be answered is answered once, and nothing else is written."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.lsp.transport import Broken, Frames

from .messages import IDENTITIES, NOTIFICATIONS, bitten, nested, readable, some
from .tally import Tally
from .wire import SYNC, encoded, framed

BATCH = 100
GUARD = 10.0  # seconds; the promise is 2 on a quiet machine, and the slowest is printed


@pytest.mark.faults
def test_fuzzed_messages(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """Among thousands of malformed messages each request with a readable id is answered exactly once."""
    server = serve()
    server.begin(hover={"waitMs": 50})
    expected: Counter[Any] = Counter()
    sent = 0
    for _ in range(times(100, 1000)):
        bodies = [some(chance, sent + number) for number in range(BATCH)]
        sent += BATCH
        wanted = Counter(found[0] for found in map(readable, bodies) if found)
        before = server.counts()
        begun = time.monotonic()
        server.raw(b"".join(map(framed, bodies)))
        now = {each: before.get(each, 0) + count for each, count in wanted.items()}
        server.ask(SYNC)
        server.until(
            lambda now=now: all(len(server.answers.get(each, ())) >= count for each, count in now.items()),
            GUARD,
            "a batch is not answered",
        )
        tally.most("protocol", "slowest batch of 100", time.monotonic() - begun, "s")
        expected.update(wanted)
        assert server.process.poll() is None
    time.sleep(0.3)  # a second answer would come now
    counts = server.counts()
    assert {each: (counts.get(each), count) for each, count in expected.items() if counts.get(each) != count} == {}
    tally.add("protocol", "fuzzed messages", sent)
    tally.add("protocol", "requests answered once", expected.total())
    codes = Counter(
        message["error"]["code"] for answers in server.answers.values() for _, message in answers if "error" in message
    )
    assert not codes[-32603], "no internal errors"
    assert not codes[-32802], "not one is refused for others that are over"
    assert server.finish() == 0


@pytest.mark.faults
def test_broken_frames(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """After whatever stands between two frames, or a wrong length, the requests behind it are answered."""
    server = serve()
    server.begin()
    for number in range(times(500, 10_000)):
        garbage = unframed(chance)
        # A length that is too long swallows the beginning of what follows: the first may be lost, the third not.
        for last in range(3):
            garbage += encoded({"jsonrpc": "2.0", "id": f"{number}.{last}", "method": SYNC, "params": {}})
        begun = time.monotonic()
        server.raw(garbage)
        server.answer(f"{number}.2", GUARD)
        tally.most("protocol", "slowest resync", time.monotonic() - begun, "s")
        tally.add("protocol", "broken frames")
    assert all(count == 1 for each, count in server.counts().items() if each is not None)
    assert server.finish() == 0


def unframed(chance: random.Random) -> bytes:
    """Bytes that are no frame, or a frame whose header lies."""
    body = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didSave", "params": {"a": ["é", 1]}}).encode()
    length = len(body)
    wrong = chance.choice([0, 1, length // 2, length - 1, length + 1, length + 40, 5000, 10**6, 2 * 10**8, 10**11])
    match chance.randrange(10):
        case 0:
            return chance.randbytes(chance.choice([1, 10, 1000, 20_000]))
        case 1:
            return b"Content-Length: %s\r\n\r\n%b" % (
                chance.choice([b"", b"-1", b"abc", b"0x10", b"1e3", b"+5", b"5 5", "٣".encode(), b"9" * 5000]),
                body,
            )
        case 2 | 3 | 4:
            return b"Content-Length: %d\r\n\r\n%b" % (wrong, body)
        case 5:
            return b"Content-Length: %d\n\n%b" % (length, body)
        case 6:
            return bitten(chance, framed(body))
        case 7:
            return chance.choice(
                [b"\r\n\r\n", b"\n" * 100, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"Content-", b"\x00" * 9000]
            )
        case 8:
            return b"Content-Length: 5\r\nContent-Length: %d\r\n\r\n%b" % (length, body)
        case _:
            deep = b"[" * 100_000 if chance.random() < 0.5 else b'{"a":' * 50_000
            return framed(deep)


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["zeros", "lines", "random", "one endless header"])
def test_only_garbage_ends_the_server(serve: Any, chance: random.Random, kind: str, tally: Tally) -> None:
    """A stream that is no protocol at all ends the server with a code that is not 0."""
    server = serve()
    piece = {
        "zeros": b"\x00" * 2**20,
        "lines": b"hello world\r\n" * 80_000,
        "random": chance.randbytes(2**20),
        "one endless header": b"Content-Length: " + b"1" * 2**20,
    }[kind]
    for _ in range(70):
        server.raw(piece)
    assert server.process.wait(60) == 1
    tally.add("protocol", "streams of garbage ended")


def test_end_inside_a_message(serve: Any) -> None:
    """A stream that ends inside a message ends the server with 1."""
    server = serve()
    server.begin()
    server.raw(b"Content-Length: 1000\r\n\r\n{")
    server.end_input()
    assert server.process.wait(10) == 1


@pytest.mark.faults
def test_before_initialize(serve: Any, chance: random.Random, tally: Tally, times: Any) -> None:
    """Whatever comes before a proper `initialize` is refused, malformed ones included, and the proper one is served."""
    server = serve()
    good = {"processId": None, "rootUri": None, "capabilities": {}, "clientInfo": {"name": "x"}, "trace": "off"}
    count = times(300, 5000)
    for number in range(count):
        if chance.random() < 0.5:
            body = some(chance, number)
        else:
            params = good | {chance.choice(list(good)): chance.choice([5, "x", [1], {"a": 1}, nested(300), -1])}
            if params["capabilities"] in (5, -1) or not isinstance(params["processId"], int | None):
                message = {"jsonrpc": "2.0", "id": f"i{number}", "method": "initialize", "params": params}
            else:
                message = {"jsonrpc": "2.0", "method": "initialize", "params": params}  # a notification asks nothing
            body = json.dumps(message).encode()
        server.raw(framed(body))
    server.begin()
    assert all(
        "error" in message for each, answers in server.answers.items() if each != "client-1" for _, message in answers
    )
    assert server.ask(SYNC)["version"]
    tally.add("protocol", "messages before initialize", count)
    assert server.finish() == 0


@pytest.mark.faults
def test_many_notifications(serve: Any, tally: Tally) -> None:
    """However many notifications of one kind came, requests are served."""
    server = serve()
    server.begin()
    for method, params in NOTIFICATIONS.items():
        for _ in range(600):
            server.notify(method, params)
        assert server.ask(SYNC)["version"], method
    tally.add("protocol", "notifications", 600 * len(NOTIFICATIONS))
    assert server.finish() == 0


def test_ids_of_the_servers_own(serve: Any) -> None:
    """A client's request under an id that the server uses for its own costs neither of the two its answer."""
    server = serve()
    server.open("file:///a.py", "def f(a):\n    return a\n")
    server.begin(
        "[[answer]]\nmatch = ''\ntext = '''```python\ndef f(a):\n    return a + 1\n```'''\ndelay_ms_per_token = 20\n"
    )
    server.open("file:///a.py", "def f(a):\n    return a\n")
    edits = []

    def apply(params: Any) -> Any:
        for number in range(60):
            server.send({"id": f"glossator-{number}", "method": SYNC, "params": {}})
        edits.append(params)
        return {"applied": True}

    server.replies["workspace/applyEdit"] = apply
    job = server.run("refactor", "file:///a.py", 0, 5)
    assert server.over(job)["state"] == "done"
    assert len(edits) == 1
    for number in range(60):
        assert server.answer(f"glossator-{number}")["result"]["version"]
    assert all(count == 1 for count in server.counts().values())


def test_ids_come_back_as_they_were(serve: Any) -> None:
    """An id of any length or size is answered as it is."""
    server = serve()
    server.begin()
    for identity in IDENTITIES[5:]:
        server.send({"id": identity, "method": SYNC, "params": {}})
        assert server.answer(identity)["id"] == identity


def test_what_is_not_json_is_not_echoed(serve: Any) -> None:
    """Numbers that JSON does not have are refused: an entry of the menu that is resolved would carry them back."""
    server = serve()
    server.begin()
    for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
        body = b'{"jsonrpc":"2.0","id":"x","method":"codeAction/resolve","params":{"title":"x","data":[%b]}}' % value
        server.raw(framed(body))
    server.ask(SYNC)
    assert server.finish() == 0


@pytest.mark.faults
def test_depth(serve: Any) -> None:
    """However deep a value is nested that is to be sent back, the request is answered, with an error if need be."""
    server = serve()
    server.begin()
    for depth in range(850, 1000):
        params = b'{"title":"x","data":' + b"[" * depth + b"]" * depth + b"}"
        server.raw(framed(b'{"jsonrpc":"2.0","id":%d,"method":"codeAction/resolve","params":%b}' % (depth, params)))
    server.ask(SYNC)
    broken = [message for _, message in server.answers.get(None, ())]  # too deep to be read: nobody knows the id
    assert sum(server.counts().get(depth, 0) for depth in range(850, 1000)) + len(broken) == 150
    assert server.finish() == 0


# --- frames alone -----------------------------------------------------------------------------------------------------


def read(stream: bytes, cuts: list[int]) -> list[Any]:
    """What is read of a stream that arrives in pieces of these sizes, over and over."""
    place, turn = 0, 0

    def piece(most: int) -> bytes:
        nonlocal place, turn
        size = min(most, cuts[turn % len(cuts)])
        turn += 1
        place += size
        return stream[place - size : place]

    return list(Frames(piece))


PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"Content-Length: ", b"Content-Length: 5\r\n", b"\r\n\r\n", b"\n\n", b"content-length:3\n\n", b"{}"]
    ),
    st.integers(0, 300).map(lambda n: b"Content-Length: %d\r\n\r\n" % n),
    st.integers(0, 99).map(lambda n: framed(b'{"id":%d}' % n)),
    st.integers(0, 99).map(lambda n: b"Content-Length: 2\r\n\r\n" + framed(b'{"id":%d}' % n)),
)
STREAMS = st.lists(PIECES, max_size=12).map(b"".join)


@given(STREAMS, st.lists(st.integers(1, 40), min_size=1, max_size=5))
@settings(max_examples=400, deadline=None)
def test_cuts_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    """What is read of a stream, garbage included, does not depend on how it is cut into pieces."""
    whole = [each for each in read(stream, [2**20]) if not isinstance(each, Broken)]
    assert [each for each in read(stream, cuts) if not isinstance(each, Broken)] == whole


@given(STREAMS, st.lists(st.integers(1, 4000), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None)
def test_messages_after_garbage(garbage: bytes, cuts: list[int]) -> None:
    """Behind any garbage the third of three messages is read, and nothing that nobody sent."""
    with contextlib.suppress(ValueError):  # a lone number could be a body
        garbage = garbage.replace(b"\r\n\r\n" + str(int(garbage[-1:] or b"x")).encode(), b"")
    messages = [framed(b'{"last":%d}' % number) for number in range(3)]
    found = read(garbage + b"".join(messages), cuts)
    assert found[-1] == {"last": 2}


@pytest.mark.parametrize("length", [30, 1000, 10**6, 2 * 10**8])
def test_length_that_is_too_long(length: int) -> None:
    """A frame that claims more than it holds does not swallow the messages behind it for ever."""
    stream = b"Content-Length: %d\r\n\r\n{}" % length + b"".join(framed(b'{"id":%d}' % n) for n in range(5))
    seen: list[Any] = []
    pieces = iter([stream])

    def wait(_: int) -> bytes:
        if piece := next(pieces, b""):
            return piece
        raise BlockingIOError

    with contextlib.suppress(BlockingIOError):  # more would be waited for
        for each in Frames(wait):
            seen.append(each)
    assert [each for each in seen if not isinstance(each, Broken)][-1] == {"id": 4}
