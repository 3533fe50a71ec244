"""What the header of a GGUF file says, read without trusting it. Loads no weights and knows nothing of llama.cpp.

The format is that of ggml's `docs/gguf.md`: magic, version, counts, key-value pairs, tensor descriptions, then the
tensors' data. Every count and length is checked against a cap and against the file's size before anything is kept, so
that a hostile header costs neither memory nor more than a few seconds.
"""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from . import ModelDamaged, ModelError
from .regular import open_regular

MAX_PAIRS: Final = 4096
MAX_TENSORS: Final = 65_536
MAX_KEY: Final = 4096
MAX_TEXT: Final = 1 << 20  # of a string that is kept; longer ones are skipped
MAX_STRINGS: Final = 4_000_000  # in all arrays; the largest vocabularies have about a million with their merges
MAX_HEADER: Final = 256 << 20

_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

# Elements and bytes of a block of each tensor type (ggml-common.h); of other types only the offset is checked.
_BLOCKS: Final = {
    **{0: (1, 4), 1: (1, 2), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2)},  # plain numbers
    **{2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36)},  # Q4_0 … Q8_1
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292)},  # Q2_K … Q8_K
    **{16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82)},  # IQ
    **{23: (256, 136), 29: (256, 56), 34: (256, 54), 35: (256, 66), 39: (32, 17)},  # IQ4_XS, IQ1_M, TQ1_0, TQ2_0, MXFP4
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says.

    Attributes:
        version: Of the format, 2 or 3.
        values: Scalars and strings by key; arrays are left out.
        tensors: How many there are.
        needed: Bytes that the file must have for all of its tensors to be there.
        size: Bytes that it has.
    """

    version: int
    values: dict[str, str | int | float | bool] = field(repr=False)
    tensors: int
    needed: int
    size: int

    def text(self, key: str) -> str:
        """The string at `key`; empty if there is none."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """The whole number at `key`; 0 if there is none."""
        value = self.values.get(key, 0)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0


def read(path: Path) -> Header:
    """The header of the GGUF file `path`.

    Raises:
        ModelAbsent: There is no such file.
        ModelDamaged: It is not a GGUF file, or it is cut off, or its header makes no sense.
        ModelError: It may not be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            header = _header(_Reader(file, size), path, size)
        except _Short as error:
            raise ModelDamaged(f"{path} is cut off: it ends inside its header; fetch it again") from error
        except _Senseless as error:
            raise ModelDamaged(f"{path} has a damaged header ({error}); fetch it again") from error
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    if header.needed > size:
        raise ModelDamaged(
            f"{path} is cut off: it has {size:,} bytes and its tensors need {header.needed:,}; fetch it again"
        )
    return header


def _header(reader: _Reader, path: Path, size: int) -> Header:
    magic = reader.take(min(64, size))
    if magic[:4] != b"GGUF":
        raise ModelDamaged(f"{path} is not a GGUF model: {_guess(magic)}")
    reader.back_to(4)
    version = reader.number("I")
    if version not in (2, 3):
        big_endian = version in (2 << 24, 3 << 24)
        kind = "is for big-endian machines" if big_endian else f"has version {version} of the GGUF format"
        raise ModelDamaged(f"{path} {kind}; versions 2 and 3 for this machine can be read")
    tensors, pairs = reader.number("Q"), reader.number("Q")
    if tensors > MAX_TENSORS or pairs > MAX_PAIRS:
        raise _Senseless(f"{tensors} tensors, {pairs} values")
    values: dict[str, str | int | float | bool] = {}
    for _ in range(pairs):
        key = reader.string(MAX_KEY)
        if key is None:
            raise _Senseless("a name is too long")
        value = reader.value(reader.number("I"))
        if value is not None:
            values[key] = value
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20:
        raise _Senseless(f"alignment {alignment}")
    end = 0
    for _ in range(tensors):
        end = max(end, reader.tensor())
    data = -(-reader.place // alignment) * alignment
    return Header(version, values, tensors, data + end if tensors else reader.place, size)


def _guess(head: bytes) -> str:
    """What a file that is no GGUF seems to be."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "it is a web page (a download was answered with a page); fetch the file again"
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the file itself; run `git lfs pull`"
    if head.startswith(b"PK\x03\x04"):
        return "it is a ZIP archive (PyTorch weights are stored so); a GGUF conversion is needed"
    if head[:4] in (b"lmgg", b"tjgg", b"fmgg", b"algg"):
        return "it is in a format older than GGUF; a newer conversion is needed"
    if len(head) > 10 and head[8:10] == b'{"':
        return "it seems to be a safetensors file; a GGUF conversion is needed"
    if not head.strip(b"\x00"):
        return "it begins with zeros (a download that was not finished?); fetch it again"
    return f"it begins with {head[:4].hex(' ')}"


class _Short(Exception):
    """The file ends before its header does."""


class _Senseless(Exception):
    """The header holds what no model's header holds."""


class _Reader:
    """Takes values from the start of a file, a megabyte at a time."""

    def __init__(self, file: io.FileIO, size: int) -> None:
        self._file, self._limit = file, min(size, MAX_HEADER)
        self._whole = size <= MAX_HEADER
        self._buffer, self._start, self._at = b"", 0, 0
        self._strings = 0

    @property
    def place(self) -> int:
        """Bytes from the start of the file."""
        return self._start + self._at

    def back_to(self, place: int) -> None:
        """Go on at `place`, which is still in the first block."""
        self._at = place - self._start

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        self._need(count)
        self._at += count
        return self._buffer[self._at - count : self._at]

    def skip(self, count: int) -> None:
        """Leave out `count` bytes."""
        self._within(count)
        self._at += count

    def number(self, code: str) -> int:
        """The next whole number, little-endian, of a `struct` format."""
        count = struct.calcsize("<" + code)
        value: int = struct.unpack("<" + code, self.take(count))[0]
        return value

    def string(self, most: int) -> str | None:
        """The next string; `None` (and skipped) if it is longer than `most` bytes."""
        length = self.number("Q")
        if length > most:
            self.skip(length)
            return None
        return self.take(length).decode("utf-8", "replace")

    def value(self, kind: int) -> str | int | float | bool | None:
        """The next value of a type; `None` for arrays (skipped) and overlong strings."""
        if kind == _STRING:
            return self.string(MAX_TEXT)
        if kind in _SCALARS:
            code = "<" + _SCALARS[kind]
            scalar: int | float | bool = struct.unpack(code, self.take(struct.calcsize(code)))[0]
            return scalar
        if kind != _ARRAY:
            raise _Senseless(f"a value of the unknown type {kind}")
        inner, count = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            self.skip(count * struct.calcsize("<" + _SCALARS[inner]))
        elif inner == _STRING:
            self._skip_strings(count)
        else:  # arrays of arrays are in the format, but in no model that llama.cpp loads
            raise _Senseless(f"an array of the type {inner}")
        return None

    def tensor(self) -> int:
        """The next tensor's description; returns where its data ends, from the start of all data."""
        if self.string(MAX_KEY) is None:
            raise _Senseless("a tensor's name is too long")
        dimensions = self.number("I")
        if dimensions > 8:
            raise _Senseless(f"a tensor with {dimensions} dimensions")
        elements = 1
        for _ in range(dimensions):
            elements *= self.number("Q")
        kind, offset = self.number("I"), self.number("Q")
        block, size = _BLOCKS.get(kind, (0, 0))
        return offset + (-(-elements // block) * size if block else 1)

    def _skip_strings(self, count: int) -> None:
        self._strings += count
        if self._strings > MAX_STRINGS:
            raise _Senseless(f"an array of {count} strings")
        unpack = struct.Struct("<Q").unpack_from  # the loop over a vocabulary: 300,000 strings take about 0.1 s
        for _ in range(count):
            if len(self._buffer) - self._at < 8:
                self._need(8)
            self._at += 8 + unpack(self._buffer, self._at)[0]
            if self._at > len(self._buffer):
                self._within(0)

    def _within(self, count: int) -> None:
        if self.place + count > self._limit:
            if self._whole:
                raise _Short
            raise _Senseless("it is larger than any model's header")

    def _need(self, count: int) -> None:
        """Have `count` bytes in the buffer, or raise."""
        if self._at + count <= len(self._buffer):
            return
        self._within(count)
        self._start, self._at = self.place, 0
        self._file.seek(self._start)
        wanted, blocks = max(count, 1 << 20), []
        while wanted > 0 and (block := self._file.read(wanted)):
            blocks.append(block)
            wanted -= len(block)
        self._buffer = b"".join(blocks)
        if len(self._buffer) < count:
            raise _Short
