"""`glossator model …` as a shell sees it: lines, exit codes and sentences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from glossator.cli import model as command
from glossator.models import Card, ModelError, catalogue
from glossator.models import pull as pulling
from glossator.settings import Settings

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
