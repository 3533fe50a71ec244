"""Opens a file of source text so that nothing can make it wait. A model's file is opened in `models/regular.py`, which
imports nothing from here and tells a user what it is instead."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

# O_NONBLOCK: opening a pipe that nobody writes to would wait for ever; regular files do not mind.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def opened(path: Path, *, links: bool = True) -> BinaryIO | None:
    """`path` opened for reading; None where no regular file is, or (without `links`) a link to one.

    Raises `OSError` for a file that may not be read.
    """
    try:
        about = path.stat() if links else path.lstat()  # first of all: opening a device can have effects
        if not stat.S_ISREG(about.st_mode):
            return None
        handle = os.open(path, _FLAGS | (0 if links else getattr(os, "O_NOFOLLOW", 0)))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a NUL is part of no file's name
        return None
    file = os.fdopen(handle, "rb")
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return file
    file.close()  # exchanged since the first look
    return None
