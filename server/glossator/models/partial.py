"""A file that comes in pieces and survives a kill: a finished piece is on disk, and in a journal with its digest.

Knows nothing of where the pieces come from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from . import Card
from .digest import write_whole

BLOCK = 1 << 20

Stop = Callable[[], None]
"""Raises `PullStopped` when the user wants no more."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a source is asked for.

    Attributes:
        card: The model.
        work: The folder in which the file is put together.
        progress: Gets bytes done, bytes in all (0: unknown) and what is being done.
        stop: Asked some times a second.
        room_for: Raises `ModelError` unless a folder's disk has room for so many more bytes.
    """

    card: Card
    work: Path
    progress: Callable[[int, int, str], None]
    stop: Stop
    room_for: Callable[[Path, int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file whose digest is the promised one."""

    path: Path
    sha256: str


class TooMuch(Exception):
    """More bytes came than the file has; which of them are wrong cannot be told."""


class Partial:
    """The beginning of a file at `path` that will have `size` bytes, with a journal beside it.

    `label` names what the file is going to be; a journal for another label is thrown away with its bytes. After
    `resume()` the file ends with the last sound piece, `done` bytes in `pieces` pieces.
    """

    def __init__(self, path: Path, label: str, size: int) -> None:
        self.path, self.label, self.size = path, label, size
        self.pieces: list[tuple[int, str]] = []
        self._journal = path.with_suffix(".json")
        self._whole, self._before = hashlib.sha256(), hashlib.sha256()  # `_before` the piece that is under way
        self._piece, self._piece_bytes = hashlib.sha256(), 0
        self._file = path.open("r+b" if path.exists() else "w+b")

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if self._piece_bytes and not isinstance(error, OSError):
                with contextlib.suppress(OSError):
                    self.close_piece()
        finally:
            self._file.close()

    @property
    def done(self) -> int:
        """Bytes in the file."""
        return sum(size for size, _ in self.pieces) + self._piece_bytes

    def sha256(self) -> str:
        """Digest of all bytes so far."""
        return self._whole.hexdigest()

    def resume(self, tick: Callable[[int], None]) -> None:
        """Read what an earlier run left and keep the sound beginning of it; `tick` gets the bytes read so far."""
        for size, sha256 in self._recorded():
            piece, whole, left = hashlib.sha256(), self._whole.copy(), size
            while left and (block := self._file.read(min(left, BLOCK))):
                piece.update(block)
                whole.update(block)
                left -= len(block)
                tick(self.done + size - left)
            if left or piece.hexdigest() != sha256:
                break
            self._whole, self._before = whole, whole.copy()
            self.pieces.append((size, sha256))
        self._cut(self.done)

    def write(self, block: bytes) -> None:
        """Append to the piece that is under way. Raises `TooMuch`, and `OSError` of the disk."""
        if self.done + len(block) > self.size:
            raise TooMuch
        self._file.write(block)
        self._whole.update(block)
        self._piece.update(block)
        self._piece_bytes += len(block)

    def close_piece(self) -> None:
        """Make the piece that is under way lasting."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.pieces.append((self._piece_bytes, self._piece.hexdigest()))
        self._piece, self._piece_bytes = hashlib.sha256(), 0
        self._before = self._whole.copy()
        record = {"label": self.label, "pieces": self.pieces}
        write_whole(self._journal, json.dumps(record).encode())

    def drop_piece(self) -> None:
        """Take back the piece that is under way."""
        self._piece, self._piece_bytes = hashlib.sha256(), 0
        self._whole = self._before.copy()
        self._cut(self.done)

    def discard(self) -> None:
        """Take back everything."""
        self.pieces = []
        self._whole, self._before = hashlib.sha256(), hashlib.sha256()
        self._piece, self._piece_bytes = hashlib.sha256(), 0
        self._cut(0)
        self._journal.unlink(missing_ok=True)

    def _cut(self, size: int) -> None:
        self._file.flush()
        self._file.seek(size)
        self._file.truncate()

    def _recorded(self) -> list[tuple[int, str]]:
        try:
            record: Any = json.loads(self._journal.read_bytes())
            if record["label"] != self.label:
                return []
            return [(int(size), str(sha256)) for size, sha256 in record["pieces"] if int(size) > 0]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return []
