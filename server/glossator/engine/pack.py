"""A pack of answers: one file to hand on, and how it is read from strangers. Knows no folder of answers.

The file is gzip (RFC 1952, one member) of UTF-8 lines, each one JSON object. The first says what follows:

    {"glossator": "answers", "version": 1, "answers": N, "bytes": B, "sha256": "…", "models": [[digest, name, n], …]}

`bytes` and `sha256` are those of all N lines behind it, ends of lines included. Each of them is an answer:

    {"key": "64 hex digits", "sha256": "…", "answer": "…"}

`key` is `Request.key`'s; `sha256` is that of the key followed by the text `answer`, which is JSON again:

    {"digest": "the model's", "model": "its name", "reason": "stop" or "length",
     "pieces": [["text", tokens], …], "usage": {numbers of `Usage`}}

What is read is text and numbers. No line names a file, nothing in it is run, and every length is bounded before
anything is kept of it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
import re
import stat
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

from . import Finished, PackRefused, Text, Usage
from .remembered_answer import Answer

VERSION = 1
MAX_FILE = 64 << 20  # bytes of the file
MAX_WHOLE = 512 << 20  # bytes that come out of it
MAX_RATIO = 100  # bytes that come out for each that goes in; text has 3 to 10
MAX_LINE = 2 << 20
MAX_ANSWERS = 100_000
MAX_PIECES = 20_000  # of an answer; each takes some hundred bytes of memory, however short it is
MAX_NUMBER = 1e9
_FREE = 1 << 20  # bytes that may come out whatever went in
_BLOCK = 64 << 10

Tree = dict[str, Any]
_HEX = re.compile(r"[0-9a-f]{64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")  # what a terminal would obey
_MAX_NAME = 200  # characters
_COUNTS = {each.name for each in fields(Usage)} - {"approximate"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack says of itself; the numbers and the digest were found to be so, the models' names were not.

    Attributes:
        answers: How many.
        models: Digest, name and number of answers of each.
        left_out: How many were not written, since nobody could import them.
    """

    answers: int
    models: tuple[tuple[str, str, int], ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is no answer, and why."""

    why: str


class _Odd(Exception):
    """A line is no answer; the message says why."""


_NOT_UNDERSTOOD = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What Python raises where JSON is none, or another than was expected."""


class Pack:
    """An opened pack, to be closed. Opening reads it whole: it is sound, or `PackRefused` says what is wrong.

    What happens to the file afterwards changes nothing: a copy is read, in a temporary file without a name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _copied(path)
        try:
            self.manifest = self._checked()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Pack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def answers(self) -> Iterator[tuple[str, Answer] | Refused]:
        """Its answers in order, each by its key."""
        lines = self._lines()
        next(lines)
        seen: set[str] = set()
        for line in lines:
            found = _found(line)
            if isinstance(found, Refused):
                yield found
            elif found[0] in seen:
                yield Refused("its key comes twice")
            else:
                seen.add(found[0])
                yield found

    def _checked(self) -> Manifest:
        lines = self._lines()
        said = _manifest(next(lines, b""), self._path)
        digest, count, size = hashlib.sha256(), 0, 0
        for line in lines:
            digest.update(line)
            count, size = count + 1, size + len(line)
            if count > said["answers"]:
                break
        if (count, size, digest.hexdigest()) != (said["answers"], said["bytes"], said["sha256"]):
            raise PackRefused(f"{self._path} is damaged: it is not what its first line says; have it sent again")
        return Manifest(count, tuple((str(digest), str(name), int(n)) for digest, name, n in said["models"]))

    def _lines(self) -> Iterator[bytes]:
        """All lines with their ends. Raises `PackRefused`."""
        self._file.seek(0)
        unzip = zlib.decompressobj(wbits=31)  # gzip alone
        rest, taken, made = bytearray(), 0, 0
        while not unzip.eof:
            block = self._file.read(_BLOCK)
            if not block:
                raise PackRefused(f"{self._path} is cut off, or no pack of answers; have it sent again")
            taken += len(block)
            more = True
            while more:
                try:
                    out = unzip.decompress(block, _BLOCK)
                except zlib.error:
                    raise PackRefused(f"{self._path} is damaged, or no pack of answers") from None
                block = unzip.unconsumed_tail
                more = bool(block) or len(out) == _BLOCK
                made += len(out)
                if made > min(MAX_WHOLE, _FREE + MAX_RATIO * taken):
                    raise PackRefused(f"{self._path} is larger than any pack of answers once it is unpacked")
                rest += out
                *lines, last = bytes(rest).split(b"\n") if b"\n" in out else (bytes(rest),)
                if len(last) > MAX_LINE or any(len(line) > MAX_LINE for line in lines):
                    raise PackRefused(f"{self._path} has a line that is longer than any answer")
                if lines:
                    rest = bytearray(last)
                    yield from (line + b"\n" for line in lines)
        if unzip.unused_data or self._file.read(1) or rest:
            raise PackRefused(f"{self._path} has something behind its last answer")


def write(path: Path, answers: Iterable[tuple[str, Answer]], *, replace: bool = False) -> Manifest:
    """Write a pack; the same answers give the same bytes. Raises `PackRefused` for too many, and `OSError`.

    What is written can be read again: answers that would be refused are left out. An existing file is left alone
    (`FileExistsError`) unless it shall be replaced, which is done in one step.
    """
    if not replace and os.path.lexists(path):
        raise FileExistsError(17, "it is there already; --force replaces it", str(path))
    lines, models, left_out = [], Counter[tuple[str, str]](), 0
    for key, answer in sorted(answers, key=lambda each: each[0]):
        line = _line(key, answer)
        if len(line) > MAX_LINE or isinstance(_found(line), Refused):
            left_out += 1
            continue
        lines.append(line)
        models[answer.digest, answer.finished.model] += 1
    size = sum(map(len, lines))
    if len(lines) > MAX_ANSWERS or size > MAX_WHOLE - MAX_LINE:
        raise PackRefused(
            f"{len(lines)} answers of {size >> 20} MB are more than a pack may hold; export a --workspace"
        )
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    manifest = Manifest(len(lines), tuple((*model, count) for model, count in sorted(models.items())), left_out)
    said = {
        "glossator": "answers",
        "version": VERSION,
        "answers": len(lines),
        "bytes": size,
        "sha256": digest.hexdigest(),
        "models": manifest.models,
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("xb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped:
            zipped.write(_json(said) + b"\n")
            zipped.writelines(lines)
        _readable(temporary, len(lines))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return manifest


def _readable(written: Path, count: int) -> None:
    try:
        Pack(written).close()
    except PackRefused:
        raise PackRefused(
            f"{count} answers make a file of {written.stat().st_size / 1e6:.1f} MB, more than a pack may be or hold; "
            "export a --workspace"
        ) from None


def _line(key: str, answer: Answer) -> bytes:
    tree = {
        "digest": answer.digest,
        "model": answer.finished.model,
        "reason": answer.finished.reason,
        "pieces": [[piece.text, piece.tokens] for piece in answer.pieces if piece.text],
        "usage": {name: value for name, value in asdict(answer.finished.usage).items() if name in _COUNTS},
    }
    text = _json(tree).decode()
    return _json({"key": key, "sha256": _digest(key, text), "answer": text}) + b"\n"


def _found(line: bytes) -> tuple[str, Answer] | Refused:
    try:
        return answer_of(line)
    except _Odd as error:
        return Refused(str(error))
    except _NOT_UNDERSTOOD:
        return Refused("it is not understood")


def answer_of(line: bytes) -> tuple[str, Answer]:
    """An answer from its line, and its key. Raises `_Odd` with a reason, and what Python raises for odd values."""
    tree = json.loads(line)
    if tree.keys() != {"key", "sha256", "answer"} or not all(isinstance(each, str) for each in tree.values()):
        raise _Odd("it is not understood")
    key, text = tree["key"], tree["answer"]
    if not _HEX.fullmatch(key) or tree["sha256"] != _digest(key, text):
        raise _Odd("its digest is not its own")
    inner = json.loads(text)
    if inner.keys() != {"digest", "model", "reason", "pieces", "usage"}:
        raise _Odd("it is of another version")
    if inner["reason"] not in ("stop", "length"):
        raise _Odd("it is not whole")
    if not _is_name(inner["digest"]) or not _is_name(inner["model"]):
        raise _Odd("it does not say whose it is")
    if len(inner["pieces"]) > MAX_PIECES:
        raise _Odd("it has too many pieces")
    pieces = tuple(_piece(each) for each in inner["pieces"])
    usage = _usage(inner["usage"])
    return key, Answer(pieces, Finished(inner["reason"], usage, inner["model"]), time.time(), inner["digest"])


def _piece(parts: Any) -> Text:
    text, tokens = parts
    if not isinstance(text, str) or type(tokens) is not int or not 0 <= tokens <= MAX_LINE:
        raise _Odd("it is not understood")
    if not text:
        raise _Odd("it has a piece without text")
    text.encode()  # halves of characters are an error
    if _CONTROL.search(text):
        raise _Odd("its text has control characters")
    return Text(text, tokens)


def _is_name(value: Any) -> bool:
    """Whether it shows as what it is: no halves of characters, no marks that turn the direction of what follows."""
    return isinstance(value, str) and 1 <= len(value) <= _MAX_NAME and value.isprintable()


def _usage(tree: Any) -> Usage:
    if tree.keys() != _COUNTS:
        raise _Odd("it is of another version")
    for name, value in tree.items():
        whole = name.endswith("_tokens")
        if type(value) not in ((int,) if whole else (int, float)) or not 0 <= value <= MAX_NUMBER:
            raise _Odd("what it cost is no number")
        if not math.isfinite(value):
            raise _Odd("what it cost is no number")
    return Usage(**tree)


def _manifest(line: bytes, path: Path) -> Tree:
    try:
        tree = json.loads(line)
        if tree["glossator"] != "answers":
            raise ValueError
        if tree["version"] != VERSION:
            raise PackRefused(f"{path} is a pack of version {str(tree['version'])[:9]}; this Glossator reads {VERSION}")
        numbers = (tree["answers"], tree["bytes"], *(n for _, _, n in tree["models"]))
        if any(type(each) is not int or each < 0 for each in numbers) or not _HEX.fullmatch(tree["sha256"]):
            raise ValueError
        if tree["answers"] > MAX_ANSWERS:
            raise PackRefused(f"{path} has more than {MAX_ANSWERS} answers")
        named = [text for digest, name, _ in tree["models"] for text in (digest, name)]
        if not all(map(_is_name, named)):
            raise ValueError
    except _NOT_UNDERSTOOD:
        raise PackRefused(f"{path} is no pack of answers: its first line is not that of one") from None
    found: Tree = tree
    return found


def _copied(path: Path) -> IO[bytes]:
    """A copy of a regular file; of nothing that could make one wait. Raises `PackRefused` and `OSError`."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise PackRefused(f"{path} is no file, so no pack of answers")
    with path.open("rb") as file:
        if (size := os.fstat(file.fileno()).st_size) > MAX_FILE:
            raise PackRefused(f"{path} has {size >> 20} MB; a pack of answers has {MAX_FILE >> 20} at most")
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked closes it
        try:
            while size > 0 and (block := file.read(min(size, _BLOCK))):
                size -= copy.write(block)
        except BaseException:
            copy.close()
            raise
    return copy


def _digest(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}{text}".encode()).hexdigest()


def _json(tree: object) -> bytes:
    return json.dumps(tree, separators=(",", ":"), sort_keys=True).encode()
