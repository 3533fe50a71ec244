"""The SHA-256 of a model's file, remembered so that it costs nothing the second time. Knows nothing of catalogues.

It is kept beside the file (`.NAME.digest.json`; a link's target counts as the file) with the size, time of change and
inode that it was computed for; where the folder is read-only, nothing is remembered.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from . import ModelError
from .regular import open_regular

BLOCK = 4 << 20


@dataclass(frozen=True, slots=True)
class Memo:
    """What is remembered of a file.

    Attributes:
        size, mtime_ns, inode: The file that `sha256` was computed for.
        sha256: Its digest, lower-case hex.
        promised: The digest that its source gave when it was fetched; empty for a file that was not fetched.
    """

    size: int
    mtime_ns: int
    inode: int
    sha256: str
    promised: str = ""


def digest(path: Path, before: Callable[[], None] | None = None) -> str:
    """The SHA-256 of `path`; `before` is called if it has to be computed (1–3 s a gigabyte). Raises `ModelError`."""
    memo = recall(path)
    status = _stat(path)
    if memo and (memo.size, memo.mtime_ns, memo.inode) == (status.st_size, status.st_mtime_ns, status.st_ino):
        return memo.sha256
    if before:
        before()
    sha256 = compute(path)
    remember(path, sha256)
    return sha256


def compute(path: Path, progress: Callable[[int, int], None] | None = None) -> str:
    """The SHA-256 of `path`, read anew. `progress` gets bytes done and in all, and may raise to stop."""
    hasher = hashlib.sha256()
    with open_regular(path) as file:
        before = os.fstat(file.fileno())
        done = 0
        try:
            while block := file.read(BLOCK):
                hasher.update(block)
                done += len(block)
                if progress:
                    progress(done, before.st_size)
        except OSError as error:
            raise ModelError(f"{path} cannot be read to its end: {error.strerror or error}") from error
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or done != after.st_size:
        raise ModelError(f"{path} was changed while it was read; try again when it is complete")
    return hasher.hexdigest()


def recall(path: Path) -> Memo | None:
    """What is remembered of `path`, for this or an earlier state of it; `None` if nothing or if it is unreadable."""
    place = _place(path)
    try:
        if not place.is_file() or place.stat().st_size > 4096:
            return None
        memo = Memo(**json.loads(place.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    numbers = isinstance(memo.size, int) and isinstance(memo.mtime_ns, int) and isinstance(memo.inode, int)
    return memo if numbers and _hex(memo.sha256) and (memo.promised == "" or _hex(memo.promised)) else None


def remember(path: Path, sha256: str, promised: str = "") -> None:
    """Remember the digest of `path` as it is now; an earlier promise is kept. A read-only folder is no error."""
    earlier = recall(path)
    status = _stat(path)
    memo = Memo(
        status.st_size,
        status.st_mtime_ns,
        status.st_ino,
        sha256,
        promised or (earlier.promised if earlier else ""),
    )
    with contextlib.suppress(OSError):
        write_whole(_place(path), json.dumps(asdict(memo)).encode())


def forget(path: Path) -> None:
    """Remember nothing of `path` any more."""
    with contextlib.suppress(OSError):
        _place(path).unlink()


def write_whole(place: Path, data: bytes) -> None:
    """Put `data` at `place` in one step: a reader sees the old file or the new one. Raises `OSError`."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _place(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name.lstrip('.')}.digest.json")


def _stat(path: Path) -> os.stat_result:
    with open_regular(path) as file:
        return os.fstat(file.fileno())


def _hex(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")
