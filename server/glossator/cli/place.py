"""`PATH[:SYMBOL|:LINE[-LINE]]` as a person types it, and the file behind it."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from ..action.workspace import root_of

LINES = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """A file and a part of it: `lines` (from 1, both ends included) or `symbol`; with neither, the whole file."""

    path: Path
    symbol: str = ""
    lines: tuple[int, int] | None = None


def parse(text: str) -> Place:
    """Read a place. A file whose own name holds a colon wins over a symbol. Raises `click.UsageError`."""
    with contextlib.suppress(OSError):  # too long for a file's name
        if Path(text).exists():
            return Place(Path(text))
    head, colon, tail = text.rpartition(":")
    if not colon or not head or (len(head) == 1 and tail[:1] in "\\/"):  # no colon, or only a drive's
        return Place(Path(text))
    numbers = LINES.fullmatch(tail)
    if numbers is None:
        return Place(Path(head), symbol=tail)
    first = int(numbers[1])
    last = int(numbers[2] or first)
    if first < 1 or last < first:
        raise click.UsageError(f"{text}: lines count from 1, and the second is not before the first")
    return Place(Path(head), lines=(first, last))


def opened(path: Path) -> list[Path]:
    """The folders that a shell's user works in: this one, the file's, and the projects that they are in.

    One that holds the home is no project.
    """
    home, here = Path.home().resolve(), Path.cwd()
    tops = (root_of(path), root_of(here / "any"))
    every = dict.fromkeys([here, path.resolve().parent, *(top for top in tops if top is not None)])
    return [each for each in every if not home.is_relative_to(each.resolve())]


def workspaces(path: Path) -> list[Path]:
    """The folder that a file's tests are run in: its project's top, else its own."""
    return [root_of(path) or path.absolute().parent]


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: `raw` to notice later changes, `text` with its own line endings, a byte order mark."""

    path: Path
    raw: bytes
    text: str
    mark: bytes = b""

    def whole(self, text: str) -> str:
        """`text` as the file would hold it, the byte order mark included."""
        return self.mark.decode("utf-8") + text

    def span_of(self, lines: tuple[int, int]) -> tuple[int, int]:
        """Offsets of whole lines, without the last line's ending. Raises `click.UsageError` past the end."""
        starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", self.text))]
        if lines[0] > len(starts):
            raise click.UsageError(f"{self.path} has {len(starts)} lines, there is no line {lines[0]}")
        end = starts[lines[1]] if lines[1] < len(starts) else len(self.text)
        return starts[lines[0] - 1], len(self.text[:end].rstrip("\r\n")) if lines[1] < len(starts) else end


def read(path: Path) -> Source:
    """The file's text. Raises `click.UsageError` for what is not a text file in UTF-8."""
    if not path.exists():
        raise click.UsageError(f"{path}: no such file")
    if not path.is_file():
        raise click.UsageError(f"{path}: not a file")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{path}: cannot be read: {error.strerror}") from error
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    try:
        return Source(path, raw, raw[len(mark) :].decode("utf-8"), mark)
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path}: not UTF-8 text (byte {error.start}); convert it first") from error


def write(source: Source, text: str) -> None:
    """Put `text` in the file's place at once, keeping its mode and owner.

    Raises `click.UsageError` when it changed meanwhile, and for a file that is not to be written.
    """
    target = source.path.resolve()
    about = target.stat()
    if not about.st_mode & 0o222 or not os.access(target, os.W_OK):  # the folder's leave is enough to replace it
        raise click.UsageError(f"{source.path} is read-only; nothing was written")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(source.whole(text).encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        mine = Path(name).stat()
        if (about.st_uid, about.st_gid) != (mine.st_uid, mine.st_gid):
            with contextlib.suppress(OSError):  # only root may give files away
                os.chown(name, about.st_uid, about.st_gid)
        Path(name).chmod(about.st_mode & 0o7777)
        if target.read_bytes() != source.raw:
            raise click.UsageError(
                f"{source.path} changed since it was read; nothing was written, run the command again"
            )
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
