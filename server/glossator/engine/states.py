"""KV states in files, so that a file read before a restart is not read again. Knows bytes and tokens, no llama.cpp.

A state is worth nothing when it is wrong: every file carries what made it (model, build, parameters), its tokens and a
SHA-256 of all. Whatever does not fit is a miss, and the file is removed. Files hold source text in another form, so
the folder is private to the user.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

from .prefixes import common
from .private import private_folder

Read = Callable[[int], bytes]

_MAGIC = b"GLOSKV1\n"
_HEAD = struct.Struct("<8s32sI")  # magic, SHA-256 of what follows up to the blob, length of the JSON header
_LONGEST_HEADER = 1 << 16
_MOST_TOKENS = 1 << 20
SETTLE_SECONDS = 15.0  # a state is written this long after it was made, unless a newer one of the same file came
SPARE_BYTES = 1 << 30  # disk space that is left to others


class States:
    """The states of one model in one folder, `limit` bytes for the states of all models together.

    Writing is done by a thread of its own, which gives up silently where the disk does not let it: a lost state costs
    time, never an answer.
    """

    def __init__(self, folder: Path, identity: str, limit: int, settle: float = SETTLE_SECONDS) -> None:
        """`identity` names everything that a state depends on but its tokens. Raises `OSError`."""
        private_folder(folder)
        self._folder = folder
        self._identity = identity
        self._prefix = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._limit = limit
        self._settle = settle
        self._wake = threading.Condition()
        self._waiting: dict[tuple[int, ...], tuple[bytes, float]] = {}
        self._closing = False
        for piece in folder.glob("*.part"):
            if not _being_written(piece):
                _remove(piece)
        self._index = dict(self._scan())
        self._writer = threading.Thread(target=self._write_all, name="glossator-states", daemon=True)
        self._writer.start()

    def longest(self, tokens: Sequence[int]) -> tuple[int, str]:
        """How many tokens the best file has in common with `tokens`, and its name."""
        return max(((common(held, tokens), name) for name, held in list(self._index.items())), default=(0, ""))

    def load(self, name: str) -> tuple[list[int], bytes] | None:
        """The tokens and the state of a file; None when it is gone or damaged (it is removed then)."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                header, tokens = self._header(file.read)
                blob = file.read()
            if len(blob) != header["bytes"] or hashlib.sha256(blob).hexdigest() != header["sha256"]:
                raise ValueError("damaged")
            os.utime(path)
        except FileNotFoundError:
            self._index.pop(name, None)
            return None
        except (OSError, ValueError, KeyError, TypeError):
            self.discard(name)
            return None
        return tokens, blob

    def discard(self, name: str) -> None:
        """Remove a file that proved useless."""
        self._index.pop(name, None)
        _remove(self._folder / name)

    def store(self, tokens: Sequence[int], blob: bytes) -> None:
        """Write a state soon. One of which this is a newer version (half in common) need not be written any more."""
        key = tuple(tokens)
        if self._name(key) in self._index or len(blob) > self._limit:
            return
        with self._wake:
            for other in [each for each in self._waiting if common(each, key) * 2 > len(each)]:
                del self._waiting[other]
            self._waiting[key] = (blob, time.monotonic() + self._settle)
            self._wake.notify()

    def state(self) -> dict[str, int]:
        """How many states of this model there are, and the bytes of all models' states."""
        sizes = 0
        with suppress(OSError):
            sizes = sum(path.stat().st_size for path in self._folder.glob("*.state"))
        return {"files": len(self._index), "file_bytes": sizes}

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits and stop; gives up after `timeout` seconds."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._writer.join(timeout)

    # --- files -------------------------------------------------------------------------------------------------------

    def _name(self, tokens: Sequence[int]) -> str:
        digest = hashlib.sha256(np.asarray(tokens, dtype="<i4").tobytes()).hexdigest()[:32]
        return f"{self._prefix}-{digest}.state"

    def _scan(self) -> Iterator[tuple[str, list[int]]]:
        for path in self._folder.glob(f"{self._prefix}-*.state"):
            try:
                with path.open("rb") as file:
                    header, tokens = self._header(file.read)
                    if path.stat().st_size - file.tell() != header["bytes"]:
                        raise ValueError("cut off")
            except (OSError, ValueError, KeyError, TypeError):
                _remove(path)
                continue
            yield path.name, tokens

    def _header(self, read: Read) -> tuple[dict[str, object], list[int]]:
        """The header and the tokens. Raises `ValueError` when they are not ours or not whole."""
        magic, digest, length = _HEAD.unpack(_exactly(read, _HEAD.size))
        if magic != _MAGIC or length > _LONGEST_HEADER:
            raise ValueError("not a state")
        text = _exactly(read, length)
        header = json.loads(text)
        count = header["tokens"]
        if not isinstance(count, int) or not 0 < count <= _MOST_TOKENS:
            raise ValueError("no tokens")
        raw = _exactly(read, count * 4)
        if hashlib.sha256(text + raw).digest() != digest or header["identity"] != self._identity:
            raise ValueError("damaged, or of another model or build")
        return header, np.frombuffer(raw, dtype="<i4").tolist()

    # --- the writing thread ------------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        while True:
            with self._wake:
                due = [key for key, (_, at) in self._waiting.items() if self._closing or at <= time.monotonic()]
                if not due:
                    if self._closing:
                        return
                    times = [at for _, at in self._waiting.values()]
                    self._wake.wait(max(0.01, min(times) - time.monotonic()) if times else None)
                    continue
                blob, _ = self._waiting.pop(due[0])
            with suppress(OSError):
                self._write(due[0], blob)

    def _write(self, tokens: tuple[int, ...], blob: bytes) -> None:
        name = self._name(tokens)
        self._make_room(len(blob))
        if shutil.disk_usage(self._folder).free < len(blob) + SPARE_BYTES:
            return
        raw = np.asarray(tokens, dtype="<i4").tobytes()
        header = {
            "identity": self._identity,
            "tokens": len(tokens),
            "bytes": len(blob),
            "sha256": hashlib.sha256(blob).hexdigest(),
        }
        text = json.dumps(header).encode()
        part = self._folder / f"{name}.{os.getpid()}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_HEAD.pack(_MAGIC, hashlib.sha256(text + raw).digest(), len(text)) + text + raw)
                file.write(blob)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._folder / name)
        except OSError:
            _remove(part)
            raise
        self._index[name] = list(tokens)

    def _make_room(self, size: int) -> None:
        files = []
        for path in self._folder.glob("*.state"):
            with suppress(OSError):
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        total = sum(each for _, each, _ in files) + size
        for _, each, path in sorted(files):
            if total <= self._limit:
                return
            self.discard(path.name)
            total -= each


def _exactly(read: Read, count: int) -> bytes:
    data = read(count)
    if len(data) != count:
        raise ValueError("cut off")
    return data


def _being_written(piece: Path) -> bool:
    """Whether the process that a piece is named after lives, and wrote lately."""
    number = piece.name.split(".")[-2]
    with suppress(OSError):
        return number.isdecimal() and psutil.pid_exists(int(number)) and time.time() - piece.stat().st_mtime < 3600
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
