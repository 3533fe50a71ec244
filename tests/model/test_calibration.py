"""Measuring the real 0.5B model, in the process of `glossator doctor` and quietly in the engine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from glossator.cli.survey import survey
from glossator.engine import Chunk, Finished, Message, Request, Sampling, Text
from glossator.engine.calibration import Calibration, Shelf, Speed
from glossator.engine.llama import Model
from glossator.engine.process import Options
from glossator.models import catalogue

pytestmark = pytest.mark.model

CARD = catalogue.card("qwen2.5-coder-0.5b")
QUESTION = Request((Message("user", "What is a list?", stable="x = [1, 2, 3]\n" * 40),), 24, sampling=Sampling(0))


def ask(model: Model) -> str:
    chunks: list[Chunk] = []
    model.generate(QUESTION, chunks.append, lambda: False)
    assert isinstance(chunks[-1], Finished)
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))


@pytest.mark.model(all_cores=True)
def test_survey(model_05b: Path) -> None:
    """The doctor's process tells the build and measures every number of threads, with and without repacking."""
    steps: list[str] = []
    found = survey(Options(str(model_05b), CARD.sha256, CARD, context=2048), steps.append)
    assert (found.error, found.gpu in (True, False)) == ("", True)
    assert found.build
    assert found.calibration is not None
    assert found.calibration.prefill_rate > found.calibration.decode_rate > 0
    assert found.calibration.memory > 200_000_000
    assert found.calibration.repacked is not None
    assert "repacked weights" in steps


def test_survey_of_no_model(tmp_path: Path) -> None:
    """A file that is no model is told of in words."""
    (tmp_path / "a.gguf").write_bytes(b"GGUF and then nothing")
    found = survey(Options(str(tmp_path / "a.gguf"), "", CARD), lambda step: None)
    assert found.build
    assert "a.gguf" in found.error


def test_quiet_measurement(model_05b: Path, tmp_path: Path) -> None:
    """Measuring in between changes no answer, and real requests but the first make the rates known."""
    shelf = Shelf(tmp_path / "calibration", CARD.sha256)
    model = Model(model_05b, CARD, CARD.sha256, context=2048, calibrations=shelf)
    first = ask(model)
    assert model.info.prefill_rate == 0  # it brought the weights into memory, which says nothing of the next one
    model.forget()
    assert ask(model) == first
    assert model.info.prefill_rate > model.info.decode_rate > 0
    assert shelf.load().prefill_rate == model.info.prefill_rate
    model.calibrate(lambda: False)
    assert ask(model) == first
    model.calibrate(lambda: True)  # interrupted at once, or nothing left to do
    assert ask(model) == first
    model.close()


def test_calibrated_load(model_05b: Path, tmp_path: Path) -> None:
    """A model is loaded as its calibration says, and knows its rates before the first request."""
    shelf = Shelf(tmp_path / "calibration", CARD.sha256)
    speeds = (Speed(1, 100.0, 20.0),)
    shelf.store(Calibration(speeds=speeds, repack=True, ubatch=512, prefill_rate=100.0, decode_rate=20.0))
    model = Model(model_05b, CARD, CARD.sha256, context=2048, calibrations=shelf)
    assert (model.info.prefill_rate, model.info.decode_rate) == (100.0, 20.0)
    assert ask(model)
    model.close()
