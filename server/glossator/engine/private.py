"""Folders that are one user's alone. Knows nothing of what is kept in them."""

from __future__ import annotations

import os
import stat
from pathlib import Path


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
