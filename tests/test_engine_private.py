"""Folders that hold what was asked and answered are their user's alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from glossator.engine.private import private_folder, temporary_folder
from glossator.lsp.pages import write_page


@pytest.mark.skipif(os.name == "nt", reason="modes of files are Unix's")
def test_whatever_others_may(tmp_path: Path) -> None:
    """Neither an open umask nor a folder that was there lets others in, and a link is no folder."""
    mask = os.umask(0)
    try:
        (tmp_path / "pages").mkdir(mode=0o777)
        write_page(tmp_path / "pages", "1", "# It does")
        private_folder(tmp_path / "new" / "deep" / "folder")
    finally:
        os.umask(mask)
    made = [tmp_path / "pages", *(tmp_path / "new" / part for part in ("", "deep", "deep/folder"))]
    assert [each.stat().st_mode & 0o777 for each in made] == [0o700] * 4
    (tmp_path / "link").symlink_to(tmp_path / "pages")
    with pytest.raises(OSError, match="not a folder"):
        write_page(tmp_path / "link", "1", "# It does")


def test_what_the_killed_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder is the user's alone; those of processes that are gone are removed, those of others are not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f"glossator-ray-{gone.pid}-abc", f"glossator-ray-{os.getpid()}-abc", "glossator-ray-notes"):
        (tmp_path / name).mkdir()
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "inside").mkdir(parents=True)
    (tmp_path / f"glossator-ray-{gone.pid}-link").symlink_to(elsewhere)
    found = temporary_folder("ray")
    assert stat.S_IMODE(found.stat().st_mode) == 0o700 and not any(found.iterdir())
    assert not (tmp_path / f"glossator-ray-{gone.pid}-abc").exists()
    assert (tmp_path / f"glossator-ray-{os.getpid()}-abc").exists() and (tmp_path / "glossator-ray-notes").exists()
    assert (elsewhere / "inside").exists()
