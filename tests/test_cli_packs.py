"""`glossator cache export` and `import` as people meet them: from one home to another."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from glossator.cli.main import glossator

SOURCE = "def total(items):\n    return sum(items)\n\n\ndef mean(items):\n    return total(items) / len(items)\n"
SCRIPT = '[[answer]]\nmatch = ""\ntext = "It gives a number."\n'


class Homes:
    """Two homes that use one written model, and a project."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.top, self._patch = top, monkeypatch
        self.pack = top / "team.pack"
        (top / "src").mkdir()
        (top / "src" / "sums.py").write_text(SOURCE)
        (top / "other.py").write_text("def first(items):\n    return items[0]\n")
        (top / "script.toml").write_text(SCRIPT)
        for name in ("mine", "theirs"):
            (top / name / "config").mkdir(parents=True)
            settings = f"backend = 'scripted'\nscript = '{top / 'script.toml'}'\n"
            (top / name / "config" / "config.toml").write_text(settings)

    def run(self, home: str, *arguments: str | Path) -> Result:
        self._patch.setenv("GLOSSATOR_HOME", str(self.top / home))
        return CliRunner().invoke(glossator, list(map(str, arguments)), prog_name="glossator")

    def remembers(self, home: str, path: str) -> bool:
        return "0 to ask" in self.run(home, "gloss", self.top / path, "--dry-run").stdout.splitlines()[-1]


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homes:
    return Homes(tmp_path, monkeypatch)


def test_a_workspace(homes: Homes) -> None:
    """What is known of a folder, and nothing else, is known on the other machine."""
    for path in ("src", "other.py"):
        assert homes.run("mine", "gloss", homes.top / path).exit_code == 0
    done = homes.run("mine", "cache", "export", homes.pack, "--workspace", homes.top / "src")
    assert (done.exit_code, done.stdout.splitlines()[1]) == (0, "2 of scripted")
    assert not homes.remembers("theirs", "src")
    done = homes.run("theirs", "cache", "import", homes.pack)
    assert (done.exit_code, done.stdout) == (0, "2 taken, 0 replaced, 0 known already\n")
    assert homes.remembers("theirs", "src")
    assert not homes.remembers("theirs", "other.py")
    shown = homes.run("theirs", "explain", f"{homes.top / 'src' / 'sums.py'}:mean")
    assert shown.stdout == "It gives a number.\n"
    assert "scripted (from a pack) · remembered" in shown.stderr


def test_all_of_it(homes: Homes) -> None:
    """Without a workspace all is exported, once; the second time the file is left alone."""
    for path in ("src", "other.py"):
        homes.run("mine", "gloss", homes.top / path)
    assert "3 answers" in homes.run("mine", "cache", "export", homes.pack).stdout
    again = homes.run("mine", "cache", "export", homes.pack)
    assert (again.exit_code, "--force" in again.stderr) == (3, True)
    assert homes.run("mine", "cache", "export", homes.pack, "--force").exit_code == 0
    assert homes.run("mine", "cache", "import", homes.pack).stdout == "0 taken, 0 replaced, 3 known already\n"


def test_another_model(homes: Homes) -> None:
    """Answers of another model are taken, cannot be found, and that is said."""
    homes.run("mine", "gloss", homes.top / "src")
    homes.run("mine", "cache", "export", homes.pack)
    (homes.top / "script.toml").write_text(SCRIPT + "[model]\nname = 'another'\n")
    done = homes.run("theirs", "cache", "import", homes.pack)
    assert "found only with that model, not with another" in done.stderr
    assert not homes.remembers("theirs", "src")


def test_trouble_is_a_sentence(homes: Homes) -> None:
    """What is no pack, is not there or cannot be remembered is one line, with the right exit code."""
    homes.pack.write_text("no pack")
    cases = {"no pack of answers": 3, "No such file": 3, "cache.enabled is off": 2}
    for (why, code), name in zip(cases.items(), (homes.pack, homes.top / "none", homes.pack), strict=True):
        if code == 2:
            with (homes.top / "mine" / "config" / "config.toml").open("a") as file:
                file.write("[cache]\nenabled = false\n")
        done = homes.run("mine", "cache", "import", name)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
        assert why in done.stderr
