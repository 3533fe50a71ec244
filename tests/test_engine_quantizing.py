"""Quantizing and comparing models: a whole file or none, with the real llama.cpp and a tiny model of random weights."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glossator.engine import EngineError, child, comparing, corpus, quantizing
from glossator.engine.llama_importance import importance
from glossator.engine.llama_quantize import quantize
from glossator.engine.perplexity import LEAST, WINDOW, Foretold, foretold
from glossator.engine.quantization import KINDS, TARGETS, kind, kind_of, named
from glossator.models import Card, ModelError, catalogue, digest, gguf, store

sys.path.insert(0, str(Path(__file__).parent))
import gguf_tiny

CARD = Card("tiny", "tiny-f16.gguf")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gguf_tiny.write(tmp_path_factory.mktemp("tiny") / "tiny-f16.gguf")


def fake(data: bytes, why: str = "") -> Callable[..., str]:
    """What a process would do that writes `data`."""

    def run(module: str, arguments: object, take: child.Take, *, said: str = "", seconds: float = 0) -> str:
        job = json.loads(said)
        take({"what": "quantizing", "done": 1, "total": 0})
        Path(job["target"]).write_bytes(data)
        return why

    return run


# --- what is planned --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "qwen2.5-coder-0.5b-instruct-q3_k_m.gguf"),
        ("Model.F16.gguf", "Model-q3_k_m.gguf"),
        ("a-IQ2_XS.gguf", "a-q3_k_m.gguf"),
        ("q8.gguf", "q8-q3_k_m.gguf"),
    ],
)
def test_names(source: str, target: str) -> None:
    """The type in a file's name gives way to the new one."""
    assert named(Path(source), kind("q3_k_m")) == target


def test_kinds() -> None:
    """Types are known by name and number; what is coarser than three bits and a half is weighed."""
    assert all(kind_of(each.ftype) == each for each in KINDS)
    assert len({each.ftype for each in KINDS}) == len(KINDS)
    assert {each.name for each in TARGETS if each.bits <= 3.5 and not each.weighed} == {"Q2_K"}
    with pytest.raises(ModelError, match="there are: Q8_0"):
        kind("Q4_K_XXL")


def test_plans(tiny: Path, tmp_path: Path) -> None:
    """What makes no sense is refused in words; a source that has lost something already is told."""
    plan = quantizing.plan(CARD, tiny, kind("Q4_0"), tmp_path)
    assert (plan.target, plan.warning) == (tmp_path / "tiny-q4_0.gguf", "")
    assert 0.2 < plan.about / tiny.stat().st_size < 0.4
    made = quantizing.quantize(plan, lambda *_: None)
    again = quantizing.plan(CARD, made, kind("Q3_K_M"), tmp_path)
    assert "is quantized already (Q4_0)" in again.warning
    for source, wanted, name, why in (
        (made, "Q8_0", "", "larger and no better"),
        (made, "Q4_0", "other", "larger and no better"),
        (tiny, "Q4_0", "", "is there already"),
        (tiny, "Q4_K_M", "../out", "no name of a file"),
    ):
        with pytest.raises(ModelError, match=why):
            quantizing.plan(CARD, source, kind(wanted), tmp_path, name)


def test_names_of_the_catalogue(tmp_path: Path) -> None:
    """No result has a catalogue model's name or file, whatever it is made of: it would be taken for that, damaged."""
    models = tmp_path / "models"
    models.mkdir()
    for card in catalogue.cards():
        source = gguf_tiny.write(tmp_path / f"{named(Path(card.file), kind('Q8_0'))}")
        target = quantizing.plan(CARD, source, kind("Q4_K_M"), models).target
        assert target.name == card.file.removesuffix(".gguf") + "-own.gguf"
        for name in (card.name, card.name.upper(), card.file, card.file.removesuffix(".gguf")):
            with pytest.raises(ModelError, match=f"means the model {card.name}"):
                quantizing.plan(CARD, source, kind("Q4_K_M"), models, name)


def test_no_room(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room is told before anything is written."""
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 1 << 20}))
    with pytest.raises(ModelError, match="GB are needed"):
        quantizing.plan(CARD, tiny, kind("Q4_0"), tmp_path)
    assert not list(tmp_path.iterdir())


# --- what is left -----------------------------------------------------------------------------------------------------


def test_a_whole_file(tiny: Path, tmp_path: Path) -> None:
    """The result is a model of its type, in its place with its digest, progress was told, and nothing else is left."""
    told: list[tuple[int, int, str]] = []
    plan = quantizing.plan(CARD, tiny, kind("IQ4_XS"), tmp_path)
    made = quantizing.quantize(plan, lambda *each: told.append(each))
    header = gguf.read(made)
    assert (header.number("general.file_type"), made.stat().st_size < tiny.stat().st_size / 3) == (30, True)
    memo = digest.recall(made)
    sha256 = hashlib.sha256(made.read_bytes()).hexdigest()
    assert memo is not None
    assert (memo.sha256, memo.promised) == (sha256, sha256)
    assert store.resolve("tiny-iq4_xs", tmp_path)[1] == made
    assert told[-1][2] == "checking"
    assert [each.name for each in (tmp_path / ".pull").iterdir()] == ["quantize-tiny-iq4_xs.lock"]


@pytest.mark.parametrize(
    ("run", "error", "why"),
    [
        (
            fake(b"GGUF half", "it was out of memory"),
            EngineError,
            "could not be quantized to Q4_0: it was out of memory",
        ),
        (fake(b"half"), ModelError, "is not a GGUF model"),
        (fake(b""), ModelError, "is empty"),
    ],
)
def test_failures_leave_nothing(tiny: Path, tmp_path: Path, run: Any, error: type[Exception], why: str) -> None:
    """A process that fails or leaves half a file behind is an error in words, and no file is left."""
    plan = quantizing.plan(CARD, tiny, kind("Q4_0"), tmp_path)
    with pytest.raises(error, match=why):
        quantizing.quantize(plan, lambda *_: None, run=run)
    assert not [each for each in tmp_path.rglob("*") if each.is_file() and each.suffix != ".lock"]


def test_stopped(tiny: Path, tmp_path: Path) -> None:
    """Ctrl-C ends the process and leaves nothing; what a killed one left does not matter to the next."""
    plan = quantizing.plan(CARD, tiny, kind("Q4_0"), tmp_path)
    (tmp_path / ".pull" / "quantize-tiny-q4_0").mkdir(parents=True)
    (tmp_path / ".pull" / "quantize-tiny-q4_0" / "old").write_text("left")

    def stop(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantizing.quantize(plan, stop, text="def f():\n    return 1\n" * 40)
    assert [each.name for each in (tmp_path / ".pull").iterdir()] == ["quantize-tiny-q4_0.lock"]
    assert not plan.target.exists()


def test_what_a_pull_left(tiny: Path, tmp_path: Path) -> None:
    """The pieces of an interrupted pull stay, whatever the result is called."""
    pieces = tmp_path / ".pull" / "mine" / "piece"
    pieces.parent.mkdir(parents=True)
    pieces.write_text("half of it")
    made = quantizing.quantize(quantizing.plan(CARD, tiny, kind("Q4_0"), tmp_path, "mine"), lambda *_: None)
    assert (made.name, pieces.read_text()) == ("mine.gguf", "half of it")


def test_made_meanwhile(tiny: Path, tmp_path: Path) -> None:
    """A file that came into being since it was planned is not written over."""
    plan = quantizing.plan(CARD, tiny, kind("Q4_0"), tmp_path)
    plan.target.write_text("another's")
    with pytest.raises(ModelError, match="is there already"):
        quantizing.quantize(plan, lambda *_: None, run=fake(tiny.read_bytes()))
    assert plan.target.read_text() == "another's"


def test_one_at_a_time(tiny: Path, tmp_path: Path) -> None:
    """While one process makes a file another that would make it too is told so."""
    plan = quantizing.plan(CARD, tiny, kind("Q4_0"), tmp_path)

    def within(*_: object, **__: object) -> str:
        with pytest.raises(ModelError, match="another process makes tiny-q4_0"):
            quantizing.quantize(plan, lambda *_: None, run=fake(b""))
        return "enough"

    with pytest.raises(EngineError, match="enough"):
        quantizing.quantize(plan, lambda *_: None, run=within)


def test_a_damaged_source(tiny: Path, tmp_path: Path) -> None:
    """llama.cpp's own reason is told where it cannot read the source, and the process that asked lives."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny.read_bytes().replace(b"blk.1.ffn_up.weight", b"blk.1.ffn_xx.weight"))
    plan = quantizing.plan(CARD, broken, kind("Q4_0"), tmp_path)
    with pytest.raises(EngineError, match=r"broken\.gguf could not be quantized to Q4_0: .*ffn_up"):
        quantizing.quantize(plan, lambda *_: None, text="x = 1\n" * 60)
    assert not plan.target.exists()


# --- which weights matter ---------------------------------------------------------------------------------------------


def test_importance(tiny: Path, tmp_path: Path) -> None:
    """Every matrix of every block is weighed; behind a norm with weights of 1 the mean square is 1. It changes what is
    written."""
    told: list[tuple[int, int]] = []
    matrix = importance(tiny, corpus.standard(corpus.READ, 300), 1, lambda *each: told.append(each))
    names = {f"blk.{block}.{name}.weight" for block in (0, 1) for name in (
        "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"
    )}  # fmt: skip
    assert matrix.keys() == names
    assert told[-1][0] == told[-1][1] >= 300
    for name, values in matrix.items():
        assert values.shape == (512 if "ffn_down" in name else 256,)
        assert np.isfinite(values).all() and (values >= 0).all()
        if name.split(".")[2] in ("attn_q", "ffn_up"):
            assert float(values.mean()) == pytest.approx(1, abs=0.01)
    plain, weighed = tmp_path / "plain", tmp_path / "weighed"
    quantize(tiny, plain, kind("Q3_K_M").ftype, 1)
    quantize(tiny, weighed, kind("Q3_K_M").ftype, 1, matrix)
    assert gguf.read(plain).number("general.file_type") == gguf.read(weighed).number("general.file_type") == 12
    assert plain.read_bytes()[-4096:] != weighed.read_bytes()[-4096:]


def test_types_that_must_be_weighed(tiny: Path, tmp_path: Path) -> None:
    """llama.cpp refuses the coarsest types without a matrix, and says why."""
    with pytest.raises(EngineError, match="requires an imatrix"):
        quantize(tiny, tmp_path / "x", kind("IQ2_XS").ftype, 1)


# --- comparing --------------------------------------------------------------------------------------------------------


class Rows:
    """A model of four tokens that always gives the first half of all chances, and the others a sixth each."""

    ubatch = 64

    def __init__(self) -> None:
        self.read: list[tuple[int, int]] = []

    def forget(self, start: int) -> bool:
        return True

    def decode(self, tokens: list[int], start: int, outputs: int) -> None:
        assert outputs == len(tokens)
        self.read.append((start, len(tokens)))

    def logits(self, row: int) -> Any:
        return np.log(np.array([3, 1, 1, 1], dtype=np.float32))

    def piece(self, token: int) -> bytes:
        return b"ab"


def test_perplexity() -> None:
    """The later half of each window is scored, batch by batch; a last one that is too short is not read."""
    rows: Any = Rows()
    found = foretold(rows, [0] * (WINDOW + LEAST - 1), 50, lambda done, total: None)
    assert (found.tokens, found.size) == (WINDOW // 2, WINDOW)
    assert found.perplexity == pytest.approx(2)
    assert found.bits == pytest.approx(0.5)
    assert sum(count for _, count in rows.read) == WINDOW
    assert max(count for _, count in rows.read) == 50
    assert foretold(rows, [1] * 40, 64, lambda done, total: None).perplexity == pytest.approx(6)
    assert Foretold().perplexity == math.inf


def test_measured(tiny: Path) -> None:
    """A model of random weights over 259 tokens knows nothing: it is about as perplexed as that allows."""
    steps: list[str] = []
    found = comparing.measured(tiny, corpus.standard(corpus.MEASURED, 1500), steps.append, threads=1)
    assert 150 < found.perplexity < 700
    assert (found.size, found.vocabulary) == (tiny.stat().st_size, 259)
    assert found.bits == pytest.approx(math.log2(found.perplexity), rel=0.01)  # a token is a byte
    assert min(found.prefill, found.decode, found.resident) > 0
    assert steps[:2] == ["loading", "speed"]


def test_what_cannot_be_measured(tiny: Path, tmp_path: Path) -> None:
    """Too short a text and a file that is no model are errors in words."""
    with pytest.raises(EngineError, match="too short"):
        comparing.measured(tiny, "x", lambda step: None)
    (tmp_path / "a.gguf").write_bytes(b"no model")
    with pytest.raises(EngineError, match="not a GGUF file"):
        comparing.measured(tmp_path / "a.gguf", "x", lambda step: None)


def test_corpora() -> None:
    """There is code to read on this machine, and a model is not measured with what weighed its weights."""
    read, measured = corpus.standard(corpus.READ, 200_000), corpus.standard(corpus.MEASURED, 100_000)
    assert (len(read), len(measured)) == (200_000, 100_000)
    assert not set(corpus.READ) & set(corpus.MEASURED)
    with pytest.raises(EngineError, match="--on PATH"):
        corpus.standard(("no_such_module",), 10)


# --- processes --------------------------------------------------------------------------------------------------------


def test_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process tells is taken; one that says nothing sensible, dies or takes too long is a reason in words."""
    (tmp_path / "engine").mkdir()
    heard: list[dict[str, Any]] = []
    for code, seconds, why in (
        ("import sys, json; print(json.dumps({'said': sys.stdin.read()}))", 0, ""),
        ('print(\'{"error": "no luck"}\'); raise SystemExit(3)', 0, "no luck"),
        ("print('what?')", 0, "not understood"),
        ("print('[1]')", 0, "not understood"),
        ("import os; os.abort()", 0, "signal 6"),
        ("raise SystemExit(4)", 0, "exit code 4"),
        ("import time; time.sleep(60)", 0.2, "took longer than 0 s"),
    ):
        monkeypatch.setattr(child, "command", lambda module, code=code: [sys.executable, "-c", code])
        found = child.run("x", (), heard.append, said="hello" * 50_000, seconds=seconds)
        assert why in found if why else found == ""
    assert heard == [{"said": "hello" * 50_000}]
