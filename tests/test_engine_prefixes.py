"""Which state a prompt continues: sequences, blobs, files."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from glossator.engine.prefixes import WHOLE_SHARE, Aborted, Prefixes, Resident, common, cuts
from glossator.engine.states import States
from glossator.engine.surgery import MOST_ON_TOP, Plan, plan

FILES = [[1000 * name + index for index in range(300)] for name in range(1, 12)]
STEP = 128


class Memory:
    """A context that remembers tokens instead of computing; as floats those that are not exact."""

    def __init__(self) -> None:
        self.held: list[float] = []
        self.parked: list[float] = []
        self.place = 0
        self.computed = 0
        self.abort_after: int | None = None

    def decode(self, tokens: Sequence[int], start: int, outputs: int) -> None:
        assert len(self.held) == start
        if self.abort_after is not None:
            self.held += tokens[: self.abort_after]
            raise Aborted
        self.computed += len(tokens)
        self.held += tokens

    def length(self) -> int:
        return len(self.held)

    def forget(self, start: int) -> bool:
        del self.held[start:]
        return True

    def movable(self) -> bool:
        return True

    def park(self, start: int, end: int, shift: int) -> None:
        self.parked, self.place = [float(token) for token in self.held[start:end]], start + shift
        del self.held[start:]

    def unpark(self, *, keep: bool) -> None:
        if keep:
            assert len(self.held) == self.place
            self.held += self.parked
        self.parked = []

    def save(self) -> bytes:
        assert not any(isinstance(token, float) for token in self.held)
        return pickle.dumps(self.held)

    def restore(self, blob: bytes) -> bool:
        assert not self.held
        self.held = pickle.loads(blob)  # noqa: S301 - the test's own
        return True


def read(prefixes: Prefixes, memory: Memory, stable: list[int], rest: list[int], *, nearly: bool = False) -> Resident:
    """What a model does with a prompt; with `nearly`, a state of nearly the same text will do."""
    tokens = stable + rest
    places = cuts(len(tokens), [len(stable)], STEP)
    resident = prefixes.enter(tokens, places, len(stable) if nearly else 0)
    assert not memory.parked
    assert not any(isinstance(token, float) for token in memory.held[: resident.exact])
    assert nearly or resident.exact == len(resident.tokens)
    assert memory.held == resident.tokens == tokens[: len(resident.tokens)]
    assert len(resident.tokens) < len(tokens)
    for end in (place for place in places if place > len(resident.tokens)):
        prefixes.extend(resident, tokens[len(resident.tokens) : end], 1, reading=True)
        if end == len(stable):
            prefixes.keep(resident)
    assert memory.held == resident.tokens == tokens
    return resident


def test_cuts() -> None:
    """Pieces end at the stable ends and every so many tokens after each."""
    assert cuts(300, [140], 128) == [128, 140, 268, 300]
    assert cuts(100, [], 128) == [100]
    assert cuts(256, [128, 256, 0], 128) == [128, 256]
    assert common([1, 2, 3], [1, 2, 4, 5]) == 2


def test_second_question_about_a_file() -> None:
    """Only what follows the file is computed."""
    memory = Memory()
    prefixes = Prefixes(memory)
    read(prefixes, memory, FILES[0], [1, 2, 3])
    memory.computed = 0
    read(prefixes, memory, FILES[0], [4, 5])
    assert memory.computed == 2


def test_files_in_turn() -> None:
    """Every file comes back from memory; an edited one reuses what stands before the edit."""
    memory = Memory()
    prefixes = Prefixes(memory)
    for _ in range(2):
        for file in FILES:
            read(prefixes, memory, file, [1, 2])
    assert memory.computed == 302 * len(FILES) + 2 * len(FILES)
    memory.computed = 0
    edited = [*FILES[3][:200], 7, *FILES[3][200:]]
    read(prefixes, memory, edited, [1])
    assert memory.computed == 302 - STEP
    memory.computed = 0
    read(prefixes, memory, FILES[3], [1])
    assert memory.computed == 1


def test_interrupted_reading_is_resumed() -> None:
    """What was read of a long text before something more urgent came is not read again."""
    memory = Memory()
    prefixes = Prefixes(memory)
    long = FILES[0] + FILES[1]
    resident = prefixes.enter(long, cuts(600, [600], STEP))
    prefixes.extend(resident, long[:STEP], 1, reading=True)
    prefixes.extend(resident, long[STEP : 3 * STEP], 1, reading=True)
    read(prefixes, memory, FILES[2], [1])
    memory.computed = 0
    read(prefixes, memory, long, [1])
    assert memory.computed == 601 - 3 * STEP


def test_memory_limit() -> None:
    """Blobs stay within their limit, and the least recently used go first."""
    memory = Memory()
    prefixes = Prefixes(memory, blob_bytes=3 * len(pickle.dumps(FILES[0])) + 100)
    for file in FILES[:4]:
        read(prefixes, memory, file, [1])
    assert prefixes.state()["blobs"] == 3
    memory.computed = 0
    read(prefixes, memory, FILES[1], [1])
    assert memory.computed == 1
    read(prefixes, memory, FILES[0], [1])
    assert memory.computed == 302


def ask_ahead(prefixes: Prefixes, memory: Memory, stable: list[int], rest: list[int]) -> None:
    """What a model does with a prompt that is read before it is asked."""
    resident = read(prefixes, memory, stable, rest)
    resident.logits, resident.logits_at = np.array(rest, np.float32), len(resident.tokens)
    prefixes.keep_whole(resident)


def test_a_question_larger_than_the_share() -> None:
    """One that is too large to be kept leaves those that are."""
    memory = Memory()
    size = len(pickle.dumps([*FILES[0], *range(20), 0]))
    prefixes = Prefixes(memory, blob_bytes=int(2.5 * size / WHOLE_SHARE))
    for question in (0, 1):
        ask_ahead(prefixes, memory, FILES[0], [*range(20), question])
    ask_ahead(prefixes, memory, FILES[1], [*range(3 * size)])
    assert [prefixes.holds([*FILES[0], *range(20), question]) for question in (0, 1)] == [True, True]
    assert not prefixes.holds([*FILES[1], *range(3 * size)])


def test_questions_read_ahead() -> None:
    """A prompt that was read whole costs nothing when it is asked, whatever was read since; its logits are back."""
    memory, most = Memory(), 8
    size = len(pickle.dumps([*FILES[0], *range(20), 0]))
    prefixes = Prefixes(memory, blob_bytes=int((most + 1 / 2) * size / WHOLE_SHARE))
    for question in range(most + 1):
        ask_ahead(prefixes, memory, FILES[0], [*range(20), question])
    read(prefixes, memory, FILES[1], [1])
    memory.computed = 0
    for question in (3, 1, most):
        tokens = [*FILES[0], *range(20), question]
        resident = prefixes.enter(tokens, cuts(len(tokens), [300], STEP))
        assert resident.tokens == memory.held == tokens
        assert resident.exact == resident.logits_at == len(tokens) and resident.stable == 300
        assert resident.logits is not None and resident.logits[-1] == question
        prefixes.extend(resident, [9, 9], 1)  # the answer
    assert memory.computed == 3 * 2
    read(prefixes, memory, FILES[0], [*range(20), 0])  # the oldest has made room
    assert memory.computed == 3 * 2 + 21
    assert prefixes.state()["blobs"] == most + 2


def test_question_longer_than_one_read_ahead() -> None:
    """What was read ahead is also the beginning of a longer prompt, from its last cut on."""
    memory = Memory()
    prefixes = Prefixes(memory)
    ask_ahead(prefixes, memory, FILES[0], list(range(40)))
    read(prefixes, memory, FILES[1], [1])
    memory.computed = 0
    read(prefixes, memory, FILES[0], [*range(40), 5])
    assert memory.computed == 41


def test_random_prompts() -> None:
    """Whatever the order of prompts and interruptions, the sequence holds exactly what it says."""
    rng = random.Random(3)
    memory = Memory()
    prefixes = Prefixes(memory, blob_bytes=4000)
    for _ in range(400):
        stable = list(FILES[rng.randrange(4)][: rng.choice([90, 128, 130, 256, 300])])
        if rng.random() < 0.3:
            stable[rng.randrange(len(stable))] = 7
        if rng.random() < 0.1:
            memory.abort_after = rng.randrange(100)
            with pytest.raises(Aborted):
                read(prefixes, memory, stable, [9, rng.randrange(9)])
            memory.abort_after = None
        resident = read(prefixes, memory, stable, [1] * rng.randrange(1, 200))
        prefixes.cut(resident, len(resident.tokens) - 1)


# --- surgery ----------------------------------------------------------------------------------------------------------

LONG = FILES[0] + FILES[1] + FILES[2]


def edited(tokens: list[int], at: int, *, gone: int = 0, new: Sequence[int] = ()) -> list[int]:
    return [*tokens[:at], *new, *tokens[at + gone :]]


def test_plan() -> None:
    """What both have in common at beginning and end is kept, unless the end is short."""
    assert plan([1] * 10 + LONG, [1] * 10 + [7] + LONG) == Plan(10, 10, 11, 900)
    assert plan(LONG, LONG) == Plan(900, 900, 900, 0)
    assert plan(LONG, edited(LONG, 850, new=[7])) == Plan(850, 850, 901, 0)
    assert plan(LONG, edited(LONG, 400, gone=3)) == Plan(400, 403, 400, 497)
    assert plan([5] * 300, [5] * 302) == Plan(300, 300, 302, 0)
    assert plan([], [1]) == Plan(0, 0, 1, 0)


@pytest.mark.parametrize(("gone", "new"), [(0, [7] * 20), (20, []), (5, [7] * 5), (1, [7] * 90)])
def test_edit_in_the_middle(gone: int, new: list[int]) -> None:
    """Only what is new is evaluated, the state is not passed for exact, and reading the text exactly makes it so."""
    memory = Memory()
    prefixes = Prefixes(memory, step=STEP)
    read(prefixes, memory, LONG, [1, 2], nearly=True)
    memory.computed = 0
    text = edited(LONG, 300, gone=gone, new=new)
    resident = read(prefixes, memory, text, [3], nearly=True)
    assert memory.computed == len(new) + 1
    assert resident.exact == 300
    read(prefixes, memory, text, [4, 5], nearly=True)
    assert memory.computed == len(new) + 3
    assert not prefixes.holds(text)
    read(prefixes, memory, text, [4])
    assert prefixes.holds(text)
    assert memory.computed > len(new) + 600
    memory.computed = 0
    assert read(prefixes, memory, text, [6], nearly=True).exact == len(text) + 1
    assert memory.computed == 1


def test_edit_stopped_in_the_middle() -> None:
    """A surgery that is interrupted leaves what is known to be right."""
    memory = Memory()
    prefixes = Prefixes(memory, step=STEP)
    read(prefixes, memory, LONG, [1], nearly=True)
    text = edited(LONG, 300, new=[7] * 90)
    memory.abort_after = 10
    with pytest.raises(Aborted):
        read(prefixes, memory, text, [1], nearly=True)
    memory.abort_after = None
    assert not memory.parked
    assert memory.held == text[:310]
    read(prefixes, memory, text, [1], nearly=True)


def test_many_edits() -> None:
    """Edits on edits move the same cells only so many times; then an exact state is taken."""
    memory = Memory()
    prefixes = Prefixes(memory, step=STEP)
    text = list(LONG)
    read(prefixes, memory, text, [1], nearly=True)
    surgeries = []
    for number in range(6):
        text = edited(text, 100 + 120 * number, new=[7 + number])
        surgeries.append(read(prefixes, memory, text, [1], nearly=True).surgeries)
    assert max(surgeries) <= MOST_ON_TOP
    assert surgeries[-1] < 6


def test_random_edits() -> None:
    """Whatever is edited, interrupted and asked exactly, the sequence holds what it says, and exact is exact."""
    rng = random.Random(5)
    memory = Memory()
    prefixes = Prefixes(memory, step=STEP, blob_bytes=20_000)
    texts = [list(LONG), list(reversed(LONG))]
    for _ in range(150):
        which = rng.randrange(2)
        if rng.random() < 0.6:
            at = rng.randrange(len(texts[which]))
            texts[which] = edited(texts[which], at, gone=rng.randrange(30), new=[rng.randrange(9)] * rng.randrange(30))
        if rng.random() < 0.1:
            memory.abort_after = rng.randrange(60)
            with pytest.raises(Aborted):
                read(prefixes, memory, texts[which], [rng.randrange(99)], nearly=rng.random() < 0.5)
            memory.abort_after = None
        read(prefixes, memory, texts[which], [1] * rng.randrange(1, 9), nearly=rng.random() < 0.7)


# --- files ------------------------------------------------------------------------------------------------------------


def stored(folder: Path, *, identity: str = "model", limit: int = 1 << 20) -> States:
    return States(folder, identity, limit, settle=0)


def test_back_after_a_restart(tmp_path: Path) -> None:
    """A file's state is found by a new process and saves all but the question."""
    memory = Memory()
    states = stored(tmp_path / "states")
    read(Prefixes(memory, shelf=states), memory, FILES[0], [1])
    states.close()
    assert (tmp_path / "states").stat().st_mode & 0o777 == 0o700
    memory = Memory()
    states = stored(tmp_path / "states")
    read(Prefixes(memory, shelf=states), memory, FILES[0], [2, 3])
    assert memory.computed == 2
    states.close()


def test_another_model(tmp_path: Path) -> None:
    """States of another model or build are not seen, and are left to it."""
    ours = stored(tmp_path)
    ours.store(FILES[0], b"blob")
    ours.close()
    other = stored(tmp_path, identity="other")
    assert other.longest(FILES[0]) == (0, "")
    other.close()
    assert stored(tmp_path).longest(FILES[0])[0] == 300


def test_damage(tmp_path: Path) -> None:
    """A flipped bit or a cut anywhere makes a miss, and the file goes."""
    states = stored(tmp_path)
    states.store(FILES[0], b"blob" * 100)
    states.close()
    (path,) = tmp_path.glob("*.state")
    whole = path.read_bytes()
    rng = random.Random(1)
    for place in [0, 8, 41, 50, *(rng.randrange(len(whole)) for _ in range(40)), len(whole) - 1]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        for data in (bytes(flipped), whole[:place]):
            path.write_bytes(data)
            states = stored(tmp_path)
            found, name = states.longest(FILES[0])
            assert not found or states.load(name) is None
            assert not path.exists()
            states.close()
    path.write_bytes(whole)
    states = stored(tmp_path)
    assert states.load(states.longest(FILES[0])[1]) == (FILES[0], b"blob" * 100)


def test_limit(tmp_path: Path) -> None:
    """The folder stays within its limit; what was used last stays."""
    states = stored(tmp_path, limit=20_000)
    for file in FILES:
        states.store(file, bytes(5000))
    states.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 26_000
    assert stored(tmp_path).longest(FILES[-1])[0] == 300


def test_newer_version_replaces_waiting_one(tmp_path: Path) -> None:
    """While a file is edited, only its last state is written."""
    states = States(tmp_path, "model", 1 << 20, settle=60)
    states.store(FILES[0], b"old")
    states.store([*FILES[0][:250], 7], b"new")
    states.close()
    assert len(list(tmp_path.glob("*.state"))) == 1
    assert stored(tmp_path).longest([*FILES[0][:250], 7])[0] == 251
