"""`glossator logs`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from glossator.cli.main import glossator


def test_no_logs_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was logged the place is told."""
    monkeypatch.setenv("GLOSSATOR_HOME", str(tmp_path))
    said = CliRunner().invoke(glossator, ["logs"])
    assert (said.exit_code, said.output.strip()) == (0, str(tmp_path / "logs"))


def test_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lines of each log that there is are printed under its name, whatever bytes are in it."""
    monkeypatch.setenv("GLOSSATOR_HOME", str(tmp_path))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "server.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "logs" / "engine.log").write_bytes(b"\xff\xfe\nlast\n")
    said = CliRunner().invoke(glossator, ["logs", "--lines", "2"]).output
    assert "server.log, 14 bytes\ntwo\nthree\n" in said and "one" not in said
    assert "last" in said and "crash" not in said


@pytest.mark.skipif(os.name == "nt", reason="an interrupt as POSIX sends it")
def test_follow(tmp_path: Path) -> None:
    """What is written later is printed as it comes, also after the log was begun anew; Ctrl+C ends it."""
    log = tmp_path / "logs" / "server.log"
    log.parent.mkdir()
    log.write_text("first line\n")
    command = [sys.executable, "-P", "-m", "glossator", "logs", "--follow"]
    environment = {**os.environ, "GLOSSATOR_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr
        try:
            while "first line" not in process.stdout.readline():
                pass
            with log.open("a") as file:
                file.write("second line\n")
            assert process.stdout.readline() == "second line\n"
            log.write_text("new\n")
            assert process.stdout.readline() == "new\n"
            time.sleep(0.1)
            process.send_signal(2)
            assert process.wait(10) == 130
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()
