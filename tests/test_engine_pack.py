"""Packs of answers: whole and right on the other machine, or refused with a reason, whatever is in the file."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossator.engine import Finished, Message, PackRefused, Request, Text, Usage, pack, remembered_pack
from glossator.engine.pack import Pack, Refused, write
from glossator.engine.remembered import Remembered
from glossator.engine.remembered_answer import Answer
from glossator.engine.scripted import Rule, Scripted

RULES = [Rule(text="<think>It loops.</think>It adds the items up — ✓.")]


def ask(text: str) -> Request:
    return Request((Message("user", text),))


def answer(text: str = "It adds.", **changes: Any) -> Answer:
    values = {"pieces": (Text(text, 3),), "finished": Finished("stop", Usage(9, 4, 0, 3), "m"), "stored": 1.0}
    return Answer(**{**values, "digest": "d" * 64, **changes})


def key(number: object) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


async def memory(folder: Path, *asked: str, megabytes: int = 16) -> Remembered:
    engine = Remembered(Scripted(RULES), folder, megabytes)
    assert await engine.opened(20)
    for text in asked:
        async for _ in engine.stream(ask(text)):
            pass
    assert engine._shelf.flush(20)
    return engine


@pytest.fixture
async def mine(tmp_path: Path) -> AsyncIterator[Remembered]:
    engine = await memory(tmp_path / "mine", "a", "b", "c")
    yield engine
    await engine.close()


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


def sealed(path: Path, lines: list[bytes], **said: Any) -> Path:
    """A pack of these lines whose first line is right about them, but for `said`."""
    body = b"".join(lines)
    first = {
        "glossator": "answers",
        "version": 1,
        "answers": len(lines),
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "models": [],
    }
    path.write_bytes(gzip.compress(json.dumps(first | said).encode() + b"\n" + body))
    return path


def line(text: str, name: str = key(1)) -> bytes:
    """A line that holds `text` as its answer, its digest right."""
    digest = hashlib.sha256((name + text).encode("utf-8", "surrogatepass")).hexdigest()
    return json.dumps({"key": name, "sha256": digest, "answer": text}).encode() + b"\n"


def read(path: Path) -> Iterator[tuple[str, Answer] | Refused]:
    with Pack(path) as opened:
        yield from opened.answers()


# --- from one machine to the other ------------------------------------------------------------------------------------


async def test_to_another_machine(tmp_path: Path, mine: Remembered) -> None:
    """What was exported is remembered where it is imported, piece by piece, and says where it is from."""
    manifest = remembered_pack.export(mine, tmp_path / "p")
    assert (manifest.answers, manifest.models) == (3, ((mine.model().digest, "scripted", 3),))
    theirs = await memory(tmp_path / "theirs", "c")
    with Pack(tmp_path / "p") as opened:
        found = remembered_pack.take(theirs, opened)
    assert (found.taken, found.replaced, found.known, found.refused) == (2, 0, 1, {})
    for text in "abc":
        here, there = mine.recall(ask(text)), theirs.recall(ask(text))
        assert here is not None and there is not None
        assert here[0] == there[0]
        assert here[1].usage != Usage()
        assert (there[1].usage == Usage()) == (text != "c")  # a stranger's numbers count nowhere
        assert there[1].model == ("scripted" if text == "c" else "scripted (from a pack)")
    chunks = [chunk async for chunk in theirs.stream(ask("a"))]
    assert chunks[:-1] == [chunk async for chunk in mine.stream(ask("a"))][:-1]
    await theirs.close()


async def test_replace(tmp_path: Path, mine: Remembered) -> None:
    """What is here stays, unless it shall be replaced; a mark is not put on twice."""
    where = remembered_pack.export(mine, tmp_path / "p") and tmp_path / "p"
    for over, known in ((False, 3), (True, 0), (True, 0)):
        with Pack(where) as opened:
            found = remembered_pack.take(mine, opened, over=over)
        assert (found.taken, found.replaced, found.known) == (0, 3 - known, known)
    recalled = mine.recall(ask("a"))
    assert recalled is not None
    assert recalled[1].model == "scripted (from a pack)"


async def test_same_bytes(tmp_path: Path, mine: Remembered) -> None:
    """The same answers give the same file, in which no text of a question stands; a chosen key is exported alone."""
    one, two = tmp_path / "one", tmp_path / "two"
    remembered_pack.export(mine, one)
    remembered_pack.export(mine, two)
    assert one.read_bytes() == two.read_bytes()
    wanted = ask("b").key(mine.model().digest)
    assert remembered_pack.export(mine, tmp_path / "three", {wanted, key(1)}).answers == 1
    assert [each[0] for each in read(tmp_path / "three") if not isinstance(each, Refused)] == [wanted]


async def test_an_existing_file_stays(tmp_path: Path, mine: Remembered) -> None:
    """Nothing is written over, unless that is wanted, and nothing else is left in the folder."""
    (tmp_path / "p").write_text("my notes")
    with pytest.raises(FileExistsError):
        remembered_pack.export(mine, tmp_path / "p")
    assert (tmp_path / "p").read_text() == "my notes"
    remembered_pack.export(mine, tmp_path / "p", force=True)
    assert len(list(read(tmp_path / "p"))) == 3
    assert sorted(os.listdir(tmp_path)) == ["mine", "p"]  # noqa: PTH208 - in a coroutine


async def test_no_room(tmp_path: Path) -> None:
    """A pack that does not fit pushes nothing out: what has no room is refused, and that is said."""
    many = [(key(number), answer(f"{number} " + "x" * 40_000)) for number in range(60)]
    write(tmp_path / "p", many)
    engine = await memory(tmp_path / "mine", "a", megabytes=1)
    with Pack(tmp_path / "p") as opened:
        found = remembered_pack.take(engine, opened)
    assert found.refused["there is no room: cache.megabytes"] == 60 - found.taken
    assert engine.recall(ask("a")) is not None
    await engine.close()


class Counting:
    """In the place of what is remembered: notes how many answers it is given at once."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def held(self, keys: Iterable[str]) -> set[str]:
        return set()

    def room(self) -> int:
        return 1 << 40

    def keep(self, answers: Mapping[str, Answer]) -> set[str]:
        self.given.append(len(answers))
        return set(answers)


def test_few_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large answers do not pile up in memory before they are kept, and small ones are kept many at once."""
    write(tmp_path / "p", [(key(number), answer(pieces=(Text("ab", 1),) * 1000)) for number in range(50)])
    for most, fewest, largest in ((1 << 30, 50, 50), (500_000, 1, 10)):
        monkeypatch.setattr(remembered_pack, "_AT_ONCE_BYTES", most)
        engine: Any = Counting()
        with Pack(tmp_path / "p") as opened:
            assert remembered_pack.take(engine, opened).taken == 50
        assert sum(engine.given) == 50
        assert fewest <= max(engine.given) <= largest


async def test_scores_are_left_out(tmp_path: Path, counting: Any) -> None:
    """What a search weighed is in no pack: it tells of code, and is no answer."""
    engine = Remembered(counting(RULES), tmp_path / "mine", 16)
    assert await engine.opened(20)
    async for _ in engine.stream(Request(ask("a").messages, max_tokens=0, answers=("x", "y"))):
        pass
    assert engine._shelf.flush(20)
    assert remembered_pack.export(engine, tmp_path / "p").answers == 0
    assert list(read(tmp_path / "p")) == []
    await engine.close()


def test_what_nobody_could_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an import would refuse is left out and counted; all that is written is taken."""
    many = {
        1: answer(),
        2: answer(finished=Finished("stop", Usage(), "m" * 190 + remembered_pack.MARK)),
        3: answer(finished=Finished("stop", Usage(), "a\u202eb")),
        4: answer("\x1b[31m"),
        5: answer(os.urandom(2000).hex()),
        6: answer(digest="\ud800"),
    }
    monkeypatch.setattr(pack, "MAX_LINE", 3000)
    manifest = write(tmp_path / "p", [(key(number), each) for number, each in many.items()])
    assert manifest == pack.Manifest(1, (("d" * 64, "m", 1),), left_out=5)
    assert [each[0] for each in read(tmp_path / "p") if not isinstance(each, Refused)] == [key(1)]


def test_too_large_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that an import would refuse as a whole is not written, and what was there stays."""
    (tmp_path / "p").write_text("my notes")
    with pytest.raises(PackRefused, match="export a --workspace"):  # it comes out too large for what goes in
        write(tmp_path / "p", [(key(number), answer("x" * 100_000)) for number in range(40)], replace=True)
    monkeypatch.setattr(pack, "MAX_FILE", 400)
    with pytest.raises(PackRefused, match="export a --workspace"):
        write(tmp_path / "p", [(key(number), answer()) for number in range(40)], replace=True)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("p", "my notes")]


# --- strangers' packs -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("packs") / "p"
    write(path, [(key(number), answer(f"It adds {number}.")) for number in range(20)])
    return path.read_bytes()


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damage(sound: bytes, data: st.DataObject) -> None:
    """A file that is changed, cut off or lengthened anywhere gives the same answers or is refused, in words."""
    broken = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(broken) - 1))
        broken[at] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.one_of(st.none(), st.integers(0, len(broken))))
    written = bytes(broken[:end]) + data.draw(st.binary(max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder, "p")).write_bytes(written)
        try:
            found = list(read(path))
        except PackRefused:
            return
    # gzip's own header has fields that say nothing (its time, its system).
    assert [each[1].pieces[0].text for each in found if not isinstance(each, Refused)] == [
        f"It adds {number}." for number in sorted(range(20), key=key)
    ]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    part=st.sampled_from(["digest", "model", "reason", "pieces", "usage", "more", "answer", "key", "line"]), odd=_JSON
)
@settings(max_examples=150, deadline=None)
def test_odd_lines(part: str, odd: Any) -> None:
    """Whatever stands in place of a part, the line is refused in words, or it is an answer of the right kinds."""
    _, good = key(1), json.loads(json.loads(pack._line(key(1), answer()))["answer"])
    if part == "line":
        written = json.dumps(odd).encode() + b"\n"
    elif part in ("answer", "key"):
        written = json.dumps({**json.loads(line(json.dumps(good))), part: odd}).encode() + b"\n"
    else:
        written = line(json.dumps({**good, part: odd}))
    with tempfile.TemporaryDirectory() as folder:
        (found,) = read(sealed(Path(folder, "p"), [written]))
    if not isinstance(found, Refused):
        name, kept = found
        assert (len(name), kept.finished.reason in ("stop", "length")) == (64, True)
        assert all(isinstance(each.text, str) and type(each.tokens) is int for each in kept.pieces)
        assert Answer.from_bytes(kept.to_bytes()).pieces == kept.pieces


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps({}), "another version"),
        ("[" * 100_000, "not understood"),
        ('{"a":' * 50_000, "not understood"),
        ("9" * 5000, "not understood"),
    ],
)
def test_hostile_answers(tmp_path: Path, text: str, why: str) -> None:
    """Deep nesting and huge numbers are refused like anything else, and the answers beside them are taken."""
    good = pack._line(key(2), answer())
    refused, taken = read(sealed(tmp_path / "p", [line(text), good]))
    assert isinstance(refused, Refused)
    assert why in refused.why
    assert not isinstance(taken, Refused)


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "a\x00b", "\x9b31m", "\u0085"])
def test_text_that_a_terminal_would_obey(tmp_path: Path, text: str) -> None:
    """Control characters in an answer refuse it; line ends and tabs do not."""
    lines = [pack._line(key(1), answer(text)), pack._line(key(2), answer("a\n\tb\r\n"))]
    refused, taken = read(sealed(tmp_path / "p", lines))
    assert isinstance(refused, Refused)
    assert not isinstance(taken, Refused)


@pytest.mark.parametrize("name", ["", "\ud800", "a\u202eb", "a\u2066", "a\nb", "\x1b[31m", "\u2028", "a" * 201, 7])
def test_names_that_do_not_show_as_they_are(tmp_path: Path, name: object) -> None:
    """A model's name or digest with halves of characters, controls or marks of direction refuses the answer."""
    good = json.loads(json.loads(pack._line(key(1), answer()))["answer"])
    lines = [line(json.dumps(good | {part: name}), key(part)) for part in ("model", "digest")]
    lines.append(line(json.dumps(good | {"model": "模型 Ü (from a pack)"})))
    *refused, taken = read(sealed(tmp_path / "p", lines))
    assert refused == [Refused("it does not say whose it is")] * 2
    assert not isinstance(taken, Refused)


def test_halves_of_characters_and_twins(tmp_path: Path) -> None:
    """A half of a character refuses an answer; of two answers to one question the first counts."""
    half = json.loads(json.loads(pack._line(key(1), answer()))["answer"])
    half["pieces"] = [["\ud800", 1]]
    good = pack._line(key(2), answer())
    first, second, third = read(sealed(tmp_path / "p", [line(json.dumps(half)), good, good]))
    assert isinstance(first, Refused)
    assert not isinstance(second, Refused)
    assert third == Refused("its key comes twice")


def test_pieces(tmp_path: Path) -> None:
    """An answer of more pieces than a model writes, or of pieces of nothing, is refused; ours has none of nothing."""
    good = json.loads(json.loads(pack._line(key(1), answer(pieces=(Text("", 1), Text("a", 1)))))["answer"])
    assert good["pieces"] == [["a", 1]]
    for pieces, why in (
        ([["a", 0]] * pack.MAX_PIECES, ""),
        ([["a", 0]] * (pack.MAX_PIECES + 1), "too many pieces"),
        ([["", 0]] * 9, "without text"),
    ):
        (found,) = read(sealed(tmp_path / "p", [line(json.dumps(good | {"pieces": pieces}))]))
        assert why in found.why if isinstance(found, Refused) else not why


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, sound: bytes) -> None:
    """What was found to be sound is what is read, whatever is written to the file meanwhile."""
    (path := tmp_path / "p").write_bytes(sound)
    other = sealed(tmp_path / "other", [pack._line(key(99), answer("It takes over."))] * 200).read_bytes()
    with Pack(path) as opened:
        answers = opened.answers()
        next(answers)
        with path.open("r+b") as file:
            file.write(other)
        assert sum(not isinstance(each, Refused) for each in answers) == 19
        path.write_bytes(other)
        assert [each[0] for each in opened.answers() if not isinstance(each, Refused)] == sorted(map(key, range(20)))


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What grows too much when it is unpacked, has too long a line or is too large a file is refused early."""
    bomb = tmp_path / "bomb"
    sealed(bomb, [b" " * 100_000 + b"\n"] * 200)
    with pytest.raises(PackRefused, match="larger than any pack"):
        Pack(bomb)
    zeros = zlib.compressobj(9, wbits=31)
    long = os.urandom(40_000).hex().encode() * 32
    bomb.write_bytes(zeros.compress(long) + zeros.flush())
    monkeypatch.setattr(pack, "MAX_LINE", 1 << 20)
    with pytest.raises(PackRefused, match="longer than any answer"):
        Pack(bomb)
    monkeypatch.setattr(pack, "MAX_FILE", 100)
    with pytest.raises(PackRefused, match="at most"):
        Pack(bomb)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"answers": 2}, "damaged"),
        ({"bytes": 1}, "damaged"),
        ({"sha256": "0" * 64}, "damaged"),
        ({"sha256": "no"}, "first line"),
        ({"answers": -1}, "first line"),
        ({"answers": True}, "first line"),
        ({"answers": 10**9}, "more than"),
        ({"version": 2}, "version 2"),
        ({"glossator": "questions"}, "first line"),
        ({"models": [["a\x1b", "b", 1]]}, "first line"),
        ({"models": "many"}, "first line"),
        ({"models": [["a", "\u202eb", 1]]}, "first line"),
        ({"models": [["\ud800", "b", 1]]}, "first line"),
    ],
)
def test_first_lines(tmp_path: Path, said: dict[str, Any], why: str) -> None:
    """A first line that is wrong or odd refuses the whole."""
    with pytest.raises(PackRefused, match=why):
        Pack(sealed(tmp_path / "p", [pack._line(key(1), answer())], **said))


def test_no_packs(tmp_path: Path, sound: bytes) -> None:
    """What is no file or no pack is said to be none, at once; what is behind a pack refuses it."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "page").write_text("<html>")
    (tmp_path / "two").write_bytes(sound + sound)
    (tmp_path / "raw").write_bytes(zlib.compress(b"x\n"))
    for name in ("pipe", "empty", "page", "two", "raw", "."):
        with pytest.raises(PackRefused):
            Pack(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        Pack(tmp_path / "none")
