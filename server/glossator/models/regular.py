"""Opens a model's file so that nothing can make it wait. Knows nothing of what a model's file holds."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

from . import ModelAbsent, ModelDamaged, ModelError


def open_regular(path: Path) -> io.FileIO:
    """`path` opened for reading, if it is a regular file or a link to one.

    Raises:
        ModelAbsent: There is no such file.
        ModelDamaged: It is a folder, a pipe, a socket or a device, or it is empty.
        ModelError: It may not be read.
    """
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever; regular files do not mind.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        kind = path.stat().st_mode  # first of all: opening a device can have effects
        if not stat.S_ISREG(kind):
            raise ModelDamaged(f"{path} is {_kind(kind)}, not a model file")
        handle = os.open(path, flags)
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):  # exchanged since the first look
            raise ModelDamaged(f"{path} is {_kind(status.st_mode)}, not a model file")
        if not status.st_size:
            raise ModelDamaged(f"{path} is empty, not a model file; remove it and fetch the model again")
        return io.FileIO(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _refusal(path: Path, error: OSError) -> ModelError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        if path.is_symlink():
            return ModelAbsent(f"{path} is a link to {path.readlink()}, which is not there")
        return ModelAbsent(f"{path} is not there")
    if isinstance(error, PermissionError):
        return ModelError(f"{path} may not be read by this user; change its permissions (or its folder's)")
    if error.errno == errno.ELOOP:
        return ModelDamaged(f"{path} is a link that leads back to itself")
    return ModelError(f"{path} cannot be read: {error.strerror or error}")


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "no regular file"
