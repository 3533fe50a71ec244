"""Questions spread over a real Ray on this machine: killed in the middle, gone on with, heard by nobody else."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from glossator.cluster import on_ray

pytestmark = [
    pytest.mark.skipif(not on_ray.installed(), reason='the extra is not installed: uv pip install "glossator[ray]"'),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are found and killed as on POSIX"),
    pytest.mark.timeout(600),
]
FILES = 10
SCRIPT = """[model]
digest = "fixed"
[[answer]]
text = "It gives a number."
wait_ms = 2000
"""
_MOST_SECONDS = 240.0


class Shell:
    """A folder of small files, a home of its own, and written answers that take a while."""

    def __init__(self, top: Path) -> None:
        self.top = top
        (top / "home" / "config").mkdir(parents=True)
        (top / "home" / "script.toml").write_text(SCRIPT)
        config = f"backend = 'scripted'\nscript = '{top / 'home' / 'script.toml'}'\n"
        (top / "home" / "config" / "config.toml").write_text(config)
        (top / "src").mkdir()
        for at in range(FILES):
            (top / "src" / f"f{at}.py").write_text(f"def f{at}():\n    return {at}\n")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "glossator", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.top,
            env=os.environ | {"GLOSSATOR_HOME": str(self.top / "home")},
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, error = process.communicate(timeout=_MOST_SECONDS)
        return process.returncode, out, error

    def answers(self) -> int:
        found = self.run("cache", "status")[1].partition(" answers")[0]
        return int(found.split()[-1])

    def requests(self) -> int:
        return int(json.loads(self.run("stats", "--json")[1])["total"]["requests"])


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + _MOST_SECONDS
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.3)


def workers(process: psutil.Process) -> list[psutil.Process]:
    return [each for each in process.children(recursive=True) if "MapWorker" in each.name()]


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """What it started, but for Ray's agents: these hold nothing of ours, and take a minute to see that all is over."""
    return [each for each in psutil.Process(process.pid).children(recursive=True) if "Agent" not in each.name()]


def listening(process: psutil.Process) -> set[str]:
    """The addresses at which a process and its children can be reached."""
    return {
        connection.laddr.ip.removeprefix("::ffff:")
        for each in [process, *process.children(recursive=True)]
        for connection in each.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def test_a_worker_is_killed(shell: Shell) -> None:
    """It costs its portion, which is asked about again, and nothing is asked twice that was brought. Ray listens on the
    loopback alone, and what it has to say is not among ours."""
    process = shell.start("gloss", "src", "--ray", "local", "--workers", "2")
    driver = psutil.Process(process.pid)
    until(lambda: workers(driver) and shell.answers() >= 1, "nobody answers")
    found = listening(driver)
    workers(driver)[0].kill()
    out, error = process.communicate(timeout=_MOST_SECONDS)
    assert found and all(ipaddress.ip_address(each).is_loopback for each in found), found
    assert (process.returncode, out) == (0, ""), error
    assert f"{FILES} of {FILES} definitions explained" in error
    assert not any(word in error for word in ("Traceback", "raylet", "logging.cc", "core_worker")), error
    assert shell.requests() == FILES


def test_killed_and_gone_on(shell: Shell) -> None:
    """Whoever is killed in the middle has lost what was under way; the rest is asked without Ray as well, once. Nothing
    of Ray is left."""
    process = shell.start("gloss", "src", "--ray", "local", "--workers", "2")
    until(lambda: shell.answers() >= 2, "nobody answers")
    family = family_of(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = shell.answers()
    assert 2 <= kept < FILES
    (shell.top / "home" / "script.toml").write_text(SCRIPT.replace("2000", "1"))
    before = shell.requests()
    code, _, error = shell.run("gloss", "src")
    assert code == 0 and f"{FILES} of {FILES} definitions explained" in error, error
    assert shell.requests() - before == FILES - kept
    until(lambda: not any(each.is_running() for each in family), "Ray outlives its driver")


def test_stopped_by_a_person(shell: Shell) -> None:
    """Ctrl-C ends workers and Ray, keeps what was brought, and says that the command goes on."""
    process = shell.start("gloss", "src", "--ray", "local", "--workers", "2")
    until(lambda: shell.answers() >= 1, "nobody answers")
    family = family_of(process)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=_MOST_SECONDS)
    assert process.returncode == 130 and "the same command goes on" in error and not out
    assert "Traceback" not in error
    until(lambda: not any(each.is_running() for each in family), "Ray outlives its driver")
