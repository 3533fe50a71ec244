"""What was measured: kept by machine, model and build, never trusted when damaged, and steady enough to plan with."""

from __future__ import annotations

import json
import random
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from glossator.engine import ModelInfo, machine
from glossator.engine.calibration import BUSY, Calibration, Shelf, Speed
from glossator.engine.measuring import ladder, quick, speed
from glossator.engine.pace import Pace
from glossator.engine.rates import Rate, Rates

KNOWN = Calibration(
    speeds=(Speed(1, 146.0, 21.0), Speed(2, 240.5, 28.0)),
    plain=Speed(2, 240.5, 28.0),
    repacked=Speed(2, 150.0, 29.0),
    repack=False,
    ubatch=128,
    ubatch_gain=1.05,
    prefill_rate=240.5,
    decode_rate=28.0,
    context=16384,
    memory=1_800_000_000,
    load_seconds=0.5,
    when=1_700_000_000.0,
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "calibration", "digest")


def test_round_trip(shelf: Shelf) -> None:
    """What is stored is found again, in a folder that is the user's alone."""
    assert shelf.load() == Calibration()
    shelf.store(KNOWN)
    assert shelf.load() == KNOWN
    assert stat.S_IMODE(shelf.folder.stat().st_mode) == 0o700
    assert [path.suffix for path in shelf.folder.iterdir()] == [".json"]


@pytest.mark.parametrize("change", ["digest", "machine", "build"])
def test_other_circumstances(shelf: Shelf, change: str) -> None:
    """Another model, machine or build of llama.cpp knows nothing of it."""
    shelf.store(KNOWN)
    assert replace(shelf, **{change: "another"}).load() == Calibration()


def test_without_a_digest(tmp_path: Path) -> None:
    """A model of which the digest is not known leaves nothing behind."""
    Shelf(tmp_path / "calibration", "").store(KNOWN)
    assert not (tmp_path / "calibration").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"form": 99},
        {"speeds": [{"threads": 0, "prefill": 1.0, "decode": 1.0}]},
        {"speeds": [{"threads": 2, "prefill": float("nan"), "decode": 1.0}]},
        {"speeds": [{"threads": 2, "prefill": 0.0, "decode": 1.0}]},
        {"speeds": 3},
        {"repack": "yes"},
        {"ubatch": 7},
        {"prefill_rate": -1.0},
        {"prefill_rate": float("inf")},
        {"decode_rate": "fast"},
        {"memory": True},
        {"context": None},
    ],
)
def test_wrong_values(shelf: Shelf, change: dict[str, object]) -> None:
    """A value that cannot be is no calibration at all."""
    shelf.store(KNOWN)
    tree = json.loads(shelf.path.read_text())
    shelf.path.write_text(json.dumps(tree | change))
    assert shelf.load() == Calibration()


def test_damage(shelf: Shelf) -> None:
    """Whatever stands in the file: it is read as it was stored, with plain numbers, or not at all."""
    shelf.store(KNOWN)
    whole = shelf.path.read_bytes()
    dice = random.Random(1)
    for _ in range(300):
        damaged = bytearray(whole[: dice.randrange(len(whole) + 1)])
        for _ in range(dice.randrange(4) if damaged else 0):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        shelf.path.write_bytes(damaged)
        found = shelf.load()
        assert found.ubatch in (0, 128, 512)
        assert all(each.threads > 0 and each.prefill > 0 for each in found.speeds)
    shelf.path.write_bytes(b"[" * 60_000)
    assert shelf.load() == Calibration()


def test_unusable_folder(tmp_path: Path) -> None:
    """Where nothing can be written nothing is kept, and nothing fails."""
    (tmp_path / "calibration").write_text("a file")
    shelf = Shelf(tmp_path / "calibration", "digest")
    shelf.store(KNOWN)
    assert shelf.load() == Calibration()


def test_best_threads() -> None:
    """More threads are taken only where they are clearly faster; none, where the machine was too busy to tell."""
    assert (KNOWN.prefill_threads, KNOWN.decode_threads) == (2, 2)
    close = replace(KNOWN, speeds=(Speed(4, 300.0, 20.0), Speed(8, 500.0, 20.5)))
    assert (close.prefill_threads, close.decode_threads) == (8, 4)
    crowded = replace(KNOWN, busy=BUSY * 2)
    assert (crowded.prefill_threads, crowded.decode_threads) == (0, 0)


def test_ladder() -> None:
    """All counts of a small machine, some of a large one, always the largest."""
    assert ladder(1) == [1]
    assert ladder(3) == [1, 2, 3]
    assert ladder(12) == [2, 4, 8, 12]
    assert ladder(64) == [8, 16, 32, 64]


def test_pace_begins_where_it_was_fastest() -> None:
    """Decoding begins with the calibrated number of threads, and with all of them where none is known."""
    assert Pace(8, 2).threads == 2
    assert Pace(8, 3).threads == 2
    assert Pace(8).threads == 8


def test_names() -> None:
    """Machine and build have names that stay, and loading llama.cpp is not needed for them."""
    assert str(machine.cores()) in machine.name()
    assert machine.build() == machine.build() != ""


# --- rates ------------------------------------------------------------------------------------------------------------


def test_first_request_is_believed() -> None:
    """An unknown rate is known after one request of some length."""
    rate = Rate()
    assert not rate.took(5, 0.01)
    assert rate.took(200, 1.0)
    assert rate.told == 200


def test_short_prompts_say_nothing() -> None:
    """A batch takes its time however small it is: the rate of reading comes from longer prompts."""
    rates = Rates(None)
    rates.took(20, 4.0, 0, 0.0)
    assert rates.told(ModelInfo("a", "b", 1)).prefill_rate == 0
    rates.took(200, 1.0, 0, 0.0)
    assert rates.told(ModelInfo("a", "b", 1)).prefill_rate == 200.0


def test_rate_is_steady() -> None:
    """A known rate stays while requests are about as fast, and while a busy program slows half of them."""
    rate = Rate(240.0)
    for speed_of in [230, 80, 250, 100, 210, 60, 260, 235] * 5:
        assert not rate.took(speed_of, 1.0)
    assert rate.told == 240


def test_rate_follows() -> None:
    """A machine that has really become slower is believed after some requests."""
    rate = Rate(240.0)
    assert any(rate.took(100, 1.0) for _ in range(20))
    assert rate.told == 100


def test_doctor_is_not_overwritten(shelf: Shelf) -> None:
    """What `glossator doctor` measured while the engine ran stays; the engine adds its rates to it."""
    rates = Rates(shelf)
    rates.context = 8192
    shelf.store(KNOWN)
    rates.took(400, 2.0, 100, 5.0)
    assert shelf.load() == replace(KNOWN, prefill_rate=200.0, decode_rate=20.0, context=8192)
    assert rates.told(ModelInfo("a", "b", 1)).prefill_rate == 200.0
    rates.learn(Calibration(speeds=(Speed(1, 1.0, 1.0),), prefill_rate=1.0, decode_rate=1.0))
    assert shelf.load().speeds == KNOWN.speeds


def test_crowded_measurements_are_not_kept(shelf: Shelf) -> None:
    """What was measured beside busy programs says nothing."""
    assert not Rates(shelf).learn(replace(KNOWN, busy=1.5))
    assert shelf.load() == Calibration()


# --- measuring --------------------------------------------------------------------------------------------------------


class Cells:
    """A native model that only keeps books."""

    vocabulary = 1000
    cells = 4096
    offloads = False

    def __init__(self) -> None:
        self.held = 0
        self.threads: list[int] = []

    def set_threads(self, decoding: int, reading: int) -> None:
        self.threads.append(reading)

    def decode(self, tokens: list[int], start: int, outputs: int) -> None:
        assert start == self.held
        assert all(0 <= token < self.vocabulary for token in tokens)
        self.held += len(tokens)

    def logits(self, index: int) -> None:
        pass

    def forget(self, start: int) -> bool:
        self.held = start
        return True


def test_measuring_leaves_nothing() -> None:
    """A measurement needs an empty sequence and leaves an empty one, also when it is interrupted."""
    native = Cells()
    assert speed(native, 2).threads == 2  # type: ignore[arg-type]
    assert native.held == 0
    native.logits = lambda index: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(ZeroDivisionError):
        speed(native, 2)  # type: ignore[arg-type]
    assert native.held == 0


def test_quick() -> None:
    """The quiet measurement tries each number of threads and fills in what was not known."""
    native = Cells()
    found = quick(native, 2, Calibration(prefill_rate=50.0))  # type: ignore[arg-type]
    assert [each.threads for each in found.speeds] == native.threads == [1, 2]
    assert found.prefill_rate == 50.0
    assert found.decode_rate > 0
