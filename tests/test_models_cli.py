"""`glossator model …` as a shell sees it: lines, exit codes and sentences."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from glossator.cli import model as command
from glossator.cli.quantize import compared
from glossator.engine import quantizing
from glossator.engine.calibration import Calibration, Shelf, Speed
from glossator.engine.comparing import Measured
from glossator.models import Card, ModelError, catalogue, digest
from glossator.models import pull as pulling
from glossator.settings import Settings, folders

sys.path.insert(0, str(Path(__file__).parent))
import gguf_tiny

Maker = Callable[..., bytes]


class Home:
    """A user's home with a catalogue of one small model."""

    def __init__(self, top: Path, data: bytes) -> None:
        self.top, self.models, self.data = top, top / "models", data
        self.card = Card("tiny", "tiny.gguf", bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), licence="MIT")

    def pull(self, card: Card, models: Path, *_: object, **__: object) -> Path:
        models.mkdir(parents=True, exist_ok=True)
        (models / card.file).write_bytes(self.data)
        return models / card.file

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(command.model, arguments, prog_name="glossator model")


@pytest.fixture
def home(gguf: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GLOSSATOR_HOME", str(tmp_path))
    monkeypatch.delenv("GLOSSATOR_MODEL", raising=False)
    home = Home(tmp_path, gguf())
    monkeypatch.setattr(catalogue, "cards", lambda: (home.card,))
    monkeypatch.setattr(catalogue, "DEFAULT", "tiny")
    monkeypatch.setattr(pulling, "pull", home.pull)
    return home


def test_the_life_of_a_model(home: Home) -> None:
    """Listed, fetched, found, verified and removed; piped output is plain, one line a model, tabs between."""
    assert home.run("list").stdout == "*\ttiny\t0.00 GB\tMIT\t32768\t\t\n"
    path = home.models / "tiny.gguf"
    assert home.run("pull", "tiny").stdout == f"{path}\n"
    assert home.run("list").stdout.endswith("\there\n")
    assert home.run("path").stdout == home.run("path", "tiny").stdout == f"{path}\n"
    assert home.run("verify").stdout == f"tiny\t{home.card.sha256}\tas published\n"
    assert home.run("remove", "tiny").stdout.startswith(f"removed {path}")
    assert not path.exists()


def test_the_list_for_programs(home: Home, gguf: Maker) -> None:
    """`list --json` says what is here, what is in use, what each needs and which fits best."""

    def listed() -> dict[str, dict[str, Any]]:
        tree = json.loads(home.run("list", "--json").stdout)
        assert (tree["folder"], tree["backend"]) == (str(home.models), "local")
        return {each["name"]: each for each in tree["models"]}

    tiny = listed()["tiny"]
    assert (tiny["state"], tiny["in_use"], tiny["in_catalogue"], tiny["best"]) == ("absent", True, True, True)
    assert tiny["fits"] and tiny["memory"] > tiny["bytes"] == len(home.data) and tiny["seconds"] is None
    home.pull(home.card, home.models)
    (home.models / "mine.gguf").write_bytes(gguf(tensors=2))
    (home.models / "broken.gguf").write_bytes(b"<html>")
    models = listed()
    assert {name: each["state"] for name, each in models.items()} == {
        "tiny": "here",
        "mine": "here",
        "broken": "damaged",
    }
    assert models["mine"]["fits"] and not models["mine"]["in_catalogue"] and "web page" in models["broken"]["trouble"]
    elsewhere = home.top / "elsewhere.gguf"
    elsewhere.write_bytes(gguf(tensors=3))
    home.run("use", str(elsewhere))
    used = next(each for each in listed().values() if each["in_use"])
    assert (used["name"], used["state"], used["fits"]) == (str(elsewhere), "here", True)


def test_the_list_says_how_long(home: Home) -> None:
    """Where the model in use was measured, an explanation's seconds are told."""
    path = home.pull(home.card, home.models)
    digest.remember(path, home.card.sha256)
    measured = Calibration(plain=Speed(2, 300.0, 30.0), prefill_rate=300.0, decode_rate=30.0, when=1.0)
    Shelf(folders().cache / "calibration", home.card.sha256).store(measured)
    (tiny,) = json.loads(home.run("list", "--json").stdout)["models"]
    assert tiny["seconds"] == pytest.approx(2 * 300 / 300 + 100 / 30, abs=0.1)


def test_a_pull_for_programs(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pull --json` prints how far it is, what is said on the way, the path at last; trouble is on standard error."""

    def pulled(card: Card, models: Path, progress: Any, *, notice: Any) -> Path:
        for done in range(0, 101, 10):
            progress(done, 100, "fetching")
        notice("the hub does not answer; trying the next source")
        return home.pull(card, models)

    monkeypatch.setattr(pulling, "pull", pulled)
    lines = [json.loads(line) for line in home.run("pull", "tiny", "--json").stdout.splitlines()]
    assert lines[0] == {"done": 0, "total": 100, "what": "fetching"}
    assert [line["done"] for line in lines if "done" in line] == [0, 100]
    assert lines[-2] == {"notice": "the hub does not answer; trying the next source"}
    assert lines[-1] == {"name": "tiny", "path": str(home.models / "tiny.gguf")}
    failed = home.run("pull", "nothing", "--json")
    assert (failed.exit_code, failed.stdout) == (3, "") and failed.stderr.startswith("glossator: ")


def test_trouble_is_a_sentence(home: Home) -> None:
    """What goes wrong is one line on standard error, exit code 3; wrong usage is 2; nothing is a traceback."""
    for arguments in (["path"], ["path", "nothing"], ["pull", "nothing"], ["use", "nothing"], ["remove", "tiny"]):
        result = home.run(*arguments)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.startswith("glossator: ")
        assert result.stderr.count("\n") == 1
    assert home.run("verify").exit_code == 3
    assert home.run("use").exit_code == 2
    assert home.run("nothing").exit_code == 2


def test_a_damaged_model_is_told(home: Home) -> None:
    """`list` shows it, `verify` says why and ends with 3."""
    home.pull(home.card, home.models)
    (home.models / "tiny.gguf").write_bytes(home.data[:-1] + b"x")
    result = home.run("verify", "tiny")
    assert result.exit_code == 3
    assert "SHA-256" in result.stderr
    (home.models / "tiny.gguf").write_bytes(b"<html>")
    assert home.run("list").stdout.endswith("\tdamaged\n")
    assert "web page" in home.run("path").stderr


def test_use(home: Home, gguf: Maker) -> None:
    """A choice holds for later commands, may be a path, and says when its file is not here yet."""
    result = home.run("use", "tiny")
    assert result.exit_code == 0
    assert "glossator model pull tiny" in result.stderr
    mine = home.top / "mine.gguf"
    mine.write_bytes(gguf(tensors=2))
    assert home.run("use", str(mine)).stdout == f"using {mine}\n"
    assert home.run("path").stdout == f"{mine}\n"
    assert f"*\t{mine}\t" in home.run("list").stdout
    assert home.run("verify", str(mine)).exit_code == 0


def test_use_says_what_goes_before(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice that the environment overrides is said to be."""
    monkeypatch.setenv("GLOSSATOR_MODEL", "other")
    assert "names other, which goes before" in home.run("use", "tiny").stderr


def test_interrupted(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during a pull says that what has come is kept."""

    def interrupted(*_: object, **__: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(pulling, "pull", interrupted)
    result = home.run("pull")
    assert result.exit_code == 130
    assert "what has come is kept" in result.stderr


def test_fetch_if_missing(home: Home) -> None:
    """A missing model is fetched, one that is here is not; a missing file named by its path stays an error."""
    command.fetch_if_missing(Settings())
    assert (home.models / "tiny.gguf").read_bytes() == home.data
    command.fetch_if_missing(Settings(model="tiny"))
    command.fetch_if_missing(Settings(backend="scripted", model="nothing"))
    with pytest.raises(ModelError, match="is not there"):
        command.fetch_if_missing(Settings(model=str(home.top / "none.gguf")))


def test_quantize_and_compare(home: Home, tmp_path: Path) -> None:
    """A file is made beside the models and can be used by its path; two are measured side by side."""
    source = gguf_tiny.write(tmp_path / "small-f16.gguf")
    code = tmp_path / "code.py"
    code.write_text("def f(x):\n    return x + 1\n\n\n" * 30)
    done = home.run("quantize", str(source), "--to", "iq4_xs", "--importance", "--on", str(code))
    made = home.models / "small-iq4_xs.gguf"
    assert (done.exit_code, done.stdout) == (0, f"{made}\n"), done.stderr
    assert f"glossator model use {made}" in done.stderr
    assert "is found out with 870 characters" in done.stderr
    assert home.run("use", str(made)).exit_code == 0
    done = home.run("compare", str(source), str(made), "--on", str(code), "--json")
    one, two = json.loads(done.stdout)["models"]
    assert one["size"] > 3 * two["size"] > 0
    assert one["tokens"] == two["tokens"] > 100


def test_quantize_says_what_is_wrong(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Types that there are not and files that are here are sentences; Ctrl-C says that nothing is left; a source that
    is quantized already is warned of."""
    source = gguf_tiny.write(tmp_path / "small-f16.gguf")
    done = home.run("quantize", str(source), "--to", "Q9")
    assert (done.exit_code, done.stderr.count("\n")) == (3, 1)
    assert "there are: Q8_0" in done.stderr
    assert home.run("quantize", str(source)).exit_code == 2
    seen: list[str] = []

    def quantize(plan: quantizing.Plan, progress: object, *, text: str, threads: int) -> Path:
        seen.append(text)
        raise KeyboardInterrupt

    monkeypatch.setattr(quantizing, "quantize", quantize)
    done = home.run("quantize", str(source), "--to", "IQ2_XS")
    assert (done.exit_code, "nothing was left behind" in done.stderr) == (130, True)
    assert len(seen[0]) > 10_000  # types that need to know which weights matter find it out unasked
    home.run("quantize", str(source), "--to", "Q4_K_M")
    assert seen[1] == ""
    quantized = gguf_tiny.write(tmp_path / "old.gguf", file_type=15)
    assert "is quantized already (Q4_K_M)" in home.run("quantize", str(quantized), "--to", "Q3_K_M").stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without a word")
def test_quantize_is_told_to_end(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends it as Ctrl-C does, with nothing left behind, and means what it meant before once it is over."""
    source = gguf_tiny.write(tmp_path / "small-f16.gguf")

    def check(path: Path, progress: object) -> str:
        assert path.exists()
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("it goes on")

    monkeypatch.setattr(digest, "compute", check)
    before = signal.getsignal(signal.SIGTERM)
    done = home.run("quantize", str(source), "--to", "Q4_0")
    assert (done.exit_code, "nothing was left behind" in done.stderr) == (130, True), done.stderr
    assert signal.getsignal(signal.SIGTERM) == before
    assert [each.name for each in home.models.rglob("*")] == [".pull", "quantize-small-q4_0.lock"]


def test_compared() -> None:
    """Each measure has a line: both models', and the second beside the first."""
    rows = [
        ("a", Measured(2 * 10**9, 10**9, 1.0, 100.0, 10.0, 2.0, 0.5, 9, 259)),
        ("b", Measured(10**9, 10**9, 1.0, 150.0, 20.0, 2.5, 0.6, 9, 259)),
    ]
    lines = compared(rows)
    assert lines[0] == ("", "a", "b", "")
    assert lines[1] == ("file, GB", "2.00", "1.00", "×0.50")
    assert lines[4] == ("reads, tokens/s", "100", "150", "×1.50")
    assert lines[6] == ("perplexity", "2.000", "2.500", "×1.25")
