"""`glossator gloss` as a person types it: the site, going on, being stopped, and what is refused."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from glossator.cli.main import glossator
from glossator.cli.meter import Meter, duration
from glossator.cluster import on_ray

SHOP = Path(__file__).parent / "repos" / "shop"
MODEL = '[model]\ndigest = "fixed"\n'
ANSWERS = f'{MODEL}[[answer]]\ntext = "It **sells** <b>things</b>."\n'


class Shell:
    """A copy of the shop, a home of its own, and written answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        (self.home / "config").mkdir(parents=True)
        shutil.copytree(SHOP, folder / "shop")
        self.answers(ANSWERS)

    def answers(self, script: str) -> None:
        (self.home / "script.toml").write_text(script)
        config = f"backend = 'scripted'\nscript = '{self.home / 'script.toml'}'\n"
        (self.home / "config" / "config.toml").write_text(config)

    def start(self, *arguments: str, error: int = subprocess.PIPE) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "glossator", *arguments],
            stdout=subprocess.PIPE,
            stderr=error,
            text=True,
            env=os.environ | {"GLOSSATOR_HOME": str(self.home), "COLUMNS": "100", "TERM": "xterm"},
            cwd=self.folder,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        return self.ended(self.start(*arguments))

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str, str]:
        out, error = process.communicate(timeout=120)
        assert "Traceback" not in error
        return process.returncode, out, error

    def until(self, count: int) -> None:
        """Wait until so many answers are on the disk."""
        end = time.monotonic() + 60
        while f"{count} answers" not in self.run("cache", "status")[1]:
            assert time.monotonic() < end

    def pages(self, out: str = "out") -> dict[str, str]:
        return {each.name: each.read_text() for each in (self.folder / out).glob("*.html")}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_site(shell: Shell) -> None:
    """A site with a page for each file; a second run asks nothing, starts nothing and writes the same bytes."""
    code, out, error = shell.run("gloss", "shop", "--html", "out")
    assert (code, out.strip()) == (0, "out/index.html"), error
    assert "3 of 3 definitions explained by scripted" in error
    made = shell.pages()
    names = {"index.html", "shop~__init__.py.html", "shop~checkout.py.html", "shop~rules.py.html", "shop~till.py.html"}
    assert set(made) == names
    page = made["shop~checkout.py.html"]
    assert "<strong>sells</strong> &lt;b&gt;things" in page
    assert '<a href="shop~rules.py.html#d.reduced">reduced</a>' in page  # from the call
    assert '<a href="shop~till.py.html#d.ring_up" title="shop/till.py">ring_up</a>' in page  # called by
    shell.answers(f'{MODEL}[[answer]]\nerror = "it was asked again"\n')
    for options in (["--remembered"], []):
        code, _, error = shell.run("gloss", "shop", "--html", "again", *options)
        assert code == 0, error
        assert shell.pages("again") == made
    assert shell.run("explain", "shop/shop/rules.py:reduced")[:2] == (
        0,
        "It **sells** &lt;b>things&lt;/b>.\n",
    )


def test_dry_run(shell: Shell) -> None:
    """The plan names files, definitions, what is remembered and what the rest costs; nothing is asked or written."""
    shell.run("gloss", "shop", "--limit", "1")
    shell.answers(f'{MODEL}prefill_rate = 50.0\ndecode_rate = 10.0\n[[answer]]\nerror = "asked"\n')
    code, out, _ = shell.run("gloss", "shop", "--dry-run", "--html", "out")
    assert code == 0
    assert "shop/rules.py  1 definitions, 1 remembered, 0 to ask" in out
    assert "4 files, 3 definitions, 1 remembered, 2 to ask" in out
    assert "at 50 and 10 a second on this machine: about " in out
    assert not (shell.folder / "out").exists()


def test_what_is_not_analysed(shell: Shell) -> None:
    """Files that are left out are named with the reason, three of them, and the others are counted."""
    for name in "abcde":
        (shell.folder / "shop" / f"{name}.py").write_text("x = " + "(" * 2000 + "1" + ")" * 2000 + "\n")
    code, _, error = shell.run("gloss", "shop", "--dry-run")
    assert code == 0
    assert "left out: a.py: the code nests deeper than 1,000 levels, which is not analysed" in error
    assert error.count("not analysed") == 3 and "left out: 2 more files" in error


def test_only_what_is_remembered(shell: Shell) -> None:
    """`--remembered` and `--only` show the rest as missing, quietly."""
    code, _, error = shell.run("gloss", "shop", "--html", "out", "--only", "*rules.py")
    assert code == 0 and "1 of 3 definitions explained" in error
    shell.answers(f'{MODEL}[[answer]]\nerror = "asked"\n')
    code, _, error = shell.run("gloss", "shop", "--remembered", "--html", "out")
    assert code == 0 and "1 of 3 definitions explained" in error
    assert "not explained yet" in shell.pages()["shop~till.py.html"]
    assert "not explained yet" not in shell.pages()["shop~rules.py.html"]


HELD = f"""{MODEL}
[[answer]]
once = true
text = "It is first."
[[answer]]
once = true
text = "It is second."
[[answer]]
text = "It is half"
hold = true
"""
REST = f"""{MODEL}
[[answer]]
once = true
text = "It is last."
[[answer]]
error = "it was asked again"
"""


def test_killed_in_the_middle(shell: Shell) -> None:
    """A run that was killed goes on where it was: only the rest is asked."""
    shell.answers(HELD)
    process = shell.start("gloss", "shop", "--html", "out")
    shell.until(2)
    process.kill()
    process.communicate()
    assert not (shell.folder / "out").exists()
    shell.answers(REST)
    code, _, error = shell.run("gloss", "shop", "--html", "out")
    assert code == 0 and "3 of 3 definitions explained" in error
    assert "It is last." in shell.pages()["shop~till.py.html"]


def test_stopped_by_a_person(shell: Shell) -> None:
    """Ctrl-C ends cleanly: the site is written with what there is, and the command goes on another time."""
    shell.answers(HELD)
    process = shell.start("gloss", "shop", "--html", "out")
    shell.until(2)
    process.send_signal(signal.SIGINT)
    code, out, error = shell.ended(process)
    assert code == 130 and "the same command goes on" in error and "2 of 3" in error
    assert out.strip() == "out/index.html"
    assert "It is second." in shell.pages()["shop~checkout.py.html"]
    assert "half" not in shell.pages()["shop~till.py.html"]
    shell.answers(REST)
    assert shell.run("gloss", "shop", "--html", "out")[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_progress(shell: Shell) -> None:
    """In a terminal a bar tells what is worked on, how far it is and what it cost; in a pipe there is none."""
    shell.answers(ANSWERS.replace("text =", "wait_ms = 400\ntext ="))
    ours, theirs = os.openpty()
    process = shell.start("gloss", "shop", error=theirs)
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 4096):
            seen += piece
    os.close(ours)
    assert process.wait(60) == 0
    assert all(word in seen for word in (b"shop/till.py:ring_up", b"2/3", b" tokens", b"3 of 3 definitions"))
    assert b"2/3" not in shell.run("gloss", "shop")[2].encode()


def test_trouble_with_the_engine(shell: Shell) -> None:
    """An engine that fails is exit code 3 and a sentence; what was explained before it is in the site."""
    shell.answers(HELD.replace("hold = true", 'error = "the engine process ended"'))
    code, _, error = shell.run("gloss", "shop", "--html", "out")
    assert code == 3 and "shop/till.py:ring_up: the engine process ended" in error
    assert "It is second." in shell.pages()["shop~checkout.py.html"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "no such file or folder"),
        (["home/script.toml"], "not a source file"),
        (["home"], "no source file"),
        (["shop", "--html", "home"], "holds other files"),
        (["shop", "--html", "shop/pyproject.toml"], "not a folder"),
        (["shop", "--limit", "-1"], "--limit"),
        (["shop", "--workers", "2"], "--ray"),
        ([], "PATH"),
    ],
)
def test_wrong_usage(shell: Shell, arguments: list[str], words: str) -> None:
    """Wrong usage is exit code 2 and a sentence, before anything is asked."""
    code, out, error = shell.run("gloss", *arguments)
    assert (code, out) == (2, "") and words in error
    assert not (shell.home / "cache" / "answers").exists()


def test_nothing_is_remembered(shell: Shell) -> None:
    """Without a memory `--remembered` has nothing to tell, and says so."""
    config = shell.home / "config" / "config.toml"
    config.write_text(config.read_text() + "[cache]\nenabled = false\n")
    code, _, error = shell.run("gloss", "shop", "--remembered")
    assert code == 2 and "cache.enabled" in error


def test_pack(shell: Shell) -> None:
    """`--pack` writes what is known then, over a pack of an earlier run and over nothing else."""
    for limit in ("1", "3"):
        code, out, error = shell.run("gloss", "shop", "--limit", limit, "--pack", "shop.pack")
        assert code == 0, error
        assert f"shop.pack: {limit} answers" in out
    shell.answers(f'{MODEL}[[answer]]\nerror = "asked"\n')
    shell.run("cache", "clear")
    assert "3 taken" in shell.run("cache", "import", "shop.pack")[1]
    assert "**sells**" in shell.run("explain", "shop/shop/rules.py:reduced")[1]
    (shell.folder / "notes.txt").write_text("mine")
    code, _, error = shell.run("gloss", "shop", "--pack", "notes.txt")
    assert code == 2 and "not written over" in error and (shell.folder / "notes.txt").read_text() == "mine"
    assert shell.run("gloss", "shop", "--pack", "nowhere/shop.pack")[0] == 2


@pytest.mark.parametrize("installed", [True, False])
def test_ray_is_wanted(shell: Shell, installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Ray, or without a memory for what workers bring, that is said before anything is asked."""
    monkeypatch.setattr(on_ray, "installed", lambda: installed)
    monkeypatch.setenv("GLOSSATOR_HOME", str(shell.home))
    arguments = ["gloss", str(shell.folder / "shop"), "--ray", "local"]
    if installed:
        config = shell.home / "config" / "config.toml"
        config.write_text(config.read_text() + "[cache]\nenabled = false\n")
    found = CliRunner().invoke(glossator, arguments)
    assert found.exit_code == 2 and ("cache.enabled" if installed else '"glossator[ray]"') in found.stderr


def test_no_such_cluster(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that is not there is exit code 3 and a sentence that names it."""
    monkeypatch.setattr(on_ray, "installed", lambda: True)
    monkeypatch.setenv("GLOSSATOR_HOME", str(shell.home))
    found = CliRunner().invoke(glossator, ["gloss", str(shell.folder / "shop"), "--ray", "127.0.0.1:1"])
    assert found.exit_code == 3 and "there is no Ray at 127.0.0.1:1" in found.stderr and not found.stdout


def test_room(shell: Shell) -> None:
    """Where what is explained has no room, that is known beforehand."""
    config = shell.home / "config" / "config.toml"
    config.write_text(config.read_text() + "[cache]\nmegabytes = 1\n")
    many = "\n".join(f"def f{at}():\n    return {at}\n" for at in range(1200))
    (shell.folder / "many.py").write_text(many)
    assert "cache.megabytes" in shell.run("gloss", "many.py")[2]
    assert "cache.megabytes" not in shell.run("gloss", "shop")[2]


def test_time_left() -> None:
    """Before anything is done the measured rates tell; unknown ones tell nothing; then what was done does."""
    meter = Meter(4, 40.0, measured=True)
    assert meter.seconds_left() == 40.0
    meter.done(10.0, 5)
    assert meter.seconds_left() == 30.0
    assert Meter(4, 40.0, measured=False).seconds_left() is None
    meter.done(30.0, 5)
    assert meter.seconds_left() == 0.0 and meter.tokens == 10
    assert [duration(each) for each in (3.2, 600, 12_000)] == ["3 s", "10 min", "3 h 20 min"]
