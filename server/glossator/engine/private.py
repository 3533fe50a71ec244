"""Folders that are one user's alone. Knows nothing of what is kept in them."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

import psutil


def private_folder(folder: Path) -> None:
    """Make `folder` the user's alone (0700). Raises `OSError` where it is someone else's, a link or not a folder.

    Folders above it that are missing are made so, too, whatever the umask lets others do.
    """
    for each in [*reversed([above for above in folder.parents if not above.exists()]), folder]:
        each.mkdir(mode=0o700, exist_ok=True)
    if os.name == "nt":
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{folder} is not a folder")
    if found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def temporary_folder(kind: str) -> Path:
    """A new one, named by `kind` and this process. Those that processes left which were killed are removed."""
    name = re.compile(rf"glossator-{kind}-(\d+)-\w+")
    for each in Path(tempfile.gettempdir()).glob(f"glossator-{kind}-*"):
        found = name.fullmatch(each.name)
        if found and not psutil.pid_exists(int(found[1])):
            shutil.rmtree(each, ignore_errors=True)  # no link is followed, and other users' are not ours to remove
    return Path(tempfile.mkdtemp(prefix=f"glossator-{kind}-{os.getpid()}-"))
