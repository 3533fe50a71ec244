"""Files of source text are opened without waiting for anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glossator.code import regular
from glossator.code.regular import opened


def test_a_file(tmp_path: Path) -> None:
    """A regular file is opened, and a link to one where links are followed."""
    path, link = tmp_path / "a.py", tmp_path / "b.py"
    path.write_bytes(b"x = 1\n")
    link.symlink_to(path)
    for each, links in ((path, True), (path, False), (link, True)):
        file = opened(each, links=links)
        assert file is not None
        with file:
            assert file.read() == b"x = 1\n"
    assert opened(link, links=False) is None


@pytest.mark.parametrize("links", [True, False])
def test_what_is_no_file(tmp_path: Path, links: bool) -> None:
    """A pipe, a folder, a device, nothing, and a name that is on no disk are no file, and are not waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "round").symlink_to(tmp_path / "nowhere")
    for name in ("pipe", "zero", "round", "gone", "gone/a.py", "a\0b", ""):
        assert opened(tmp_path / name, links=links) is None, name


def test_exchanged_for_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes a pipe after the first look is not waited for, and is no file."""
    path = tmp_path / "a.py"
    path.write_bytes(b"")
    before = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "stat", lambda self: before)
    assert opened(path) is None


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why a file cannot be opened is told."""
    path = tmp_path / "a.py"
    path.write_bytes(b"")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(regular.os, "open", refuse)
    with pytest.raises(PermissionError):
        opened(path)
