"""Runs the checker of a language on a copy of a file, before and after an edit, and remembers what came of it.

Never waits for it in the event loop's thread. The copy lies in a private folder, which is also where the checker runs:
no configuration of the opened folder is read. A checker that is missing, hangs, floods or fails says nothing. Its
environment is made anew, so that no variable adds an option; a compiler evaluates constants, hence the time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import signal
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ..code.fingerprint import digest
from ..code.languages import Language
from .checkers import Checker, alone, checker_of, file_name, found, search_path
from .compared import Compiled, Printed, compared, errors, fine
from .copied import copied

SECONDS = 8.0  # a run; javac, the slowest, takes one, on a busy machine three
MOST_BYTES = 256 << 10  # of output
KEPT = 256  # results in memory
Value = TypeVar("Value")
_PASSED_ON = ("HOME", "RUSTUP_HOME", "CARGO_HOME", "SYSTEMROOT", "DEVELOPER_DIR", "JAVA_HOME")


@dataclass(frozen=True, slots=True)
class Change:
    """A whole file before and after an edit; `path` is only looked at for its name."""

    language: Language
    path: str
    before: str
    after: str


@dataclass(slots=True)
class Compilers:
    """The checkers of this machine.

    Attributes:
        untrusted: Names the folders whose programs are not run: what is opened.
        environment: Where the search path is taken from.
        seconds: How long one run may take.
        place: The user's own folder in which copies are made: some programs look for their settings in the folders
            above, and in the system's folder for temporary files these may be another's. None: that folder.
    """

    untrusted: Callable[[], Iterable[Path]] = tuple
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    seconds: float = SECONDS
    place: Path | None = None
    _known: OrderedDict[str, Compiled] = field(default_factory=OrderedDict)  # by the digest of all that decides it
    _errors: OrderedDict[str, tuple[str, ...]] = field(default_factory=OrderedDict)  # of a text, by the same
    _places: dict[tuple[str, ...], Path | None] = field(default_factory=dict)  # where a program is, by path and folders

    def works(self, language: Language) -> bool:
        """Whether this machine has a checker of that language."""
        return self._found(language)[1] is not None

    def known(self, change: Change) -> Compiled | None:
        """What is known of `change` already; None: `check` must be asked. Quick; starts nothing."""
        checker, program = self._found(change.language)
        if checker is None or program is None:
            return Compiled()
        return self._known.get(_key(program, change))

    async def check(self, change: Change) -> Compiled:
        """What the checker says of `change`; after this it is known."""
        checker, program = self._found(change.language)
        if checker is None or program is None:
            return Compiled()
        key = _key(program, change)
        if key not in self._known:
            self._known[key] = await self._checked(checker, program, change)
        return _kept(self._known, key)

    def _found(self, language: Language) -> tuple[Checker | None, Path | None]:
        checker = checker_of(language.id)
        if checker is None:
            return None, None
        closed = tuple(self.untrusted())
        place = (checker.program, self.environment.get("PATH", ""), *map(str, closed))
        if place not in self._places:
            self._places[place] = found(checker, self.environment, closed)
        return checker, self._places[place]

    async def _checked(self, checker: Checker, program: Path, change: Change) -> Compiled:
        after = await self._errors_of(checker, program, change, change.after)
        if after is None:
            return Compiled()
        if not after:
            return fine(checker)
        before = await self._errors_of(checker, program, change, change.before)
        return Compiled() if before is None else compared(checker, before, after)

    async def _errors_of(self, checker: Checker, program: Path, change: Change, text: str) -> tuple[str, ...] | None:
        """What the checker finds in a text; remembered, as the code before is the same for all edits of it."""
        language = change.language
        name = file_name(change.path, language.id, language.extensions, change.before, change.after)
        key = digest([str(program), language.id, name, text])
        if key not in self._errors:
            printed = await self._printed(checker, program, name, alone(text, language.id))
            said = None if printed is None else errors(checker, printed)
            if said is None:
                return None
            self._errors[key] = said
        return _kept(self._errors, key)

    async def _printed(self, checker: Checker, program: Path, name: str, text: str) -> Printed | None:
        """What the checker prints about a text; None where it cannot be asked or comes to no end."""
        try:
            folder = await copied(self.place, name, text)
            try:
                return await self._run([str(program), *checker.arguments, name], folder)
            finally:
                await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        except OSError:
            return None

    async def _run(self, command: list[str], folder: Path) -> Printed | None:
        """All that `command` prints; None where it takes too long or prints too much. Raises `OSError`."""
        closed = [each.resolve() for each in self.untrusted()]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env={name: value for name in _PASSED_ON if (value := self.environment.get(name))}
            | {"PATH": os.pathsep.join(map(str, search_path(self.environment, closed)))}
            | {"LC_ALL": "C", "TMPDIR": str(folder), "RUSTUP_AUTO_INSTALL": "0"},
            start_new_session=True,
        )
        _limit(process.pid, self.seconds)
        ended = False
        try:
            async with asyncio.timeout(self.seconds):
                output = await _output(process)
                ended = output is not None
        except TimeoutError:
            return None
        finally:
            if not ended:
                _kill(process)
                # The loop's own bookkeeping; what was killed ends at once.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 1.0)
        if output is None or process.returncode is None:
            return None
        return Printed(process.returncode, output.decode("utf-8", "replace"))


async def _output(process: asyncio.subprocess.Process) -> bytes | None:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    output = b""
    while piece := await process.stdout.read(1 << 16):
        output += piece
        if len(output) > MOST_BYTES:
            return None
    await process.wait()
    return output


def _limit(pid: int, seconds: float) -> None:
    """A checker that outlives this process ends by itself."""
    if sys.platform == "linux":
        import resource

        most = math.ceil(2 * seconds)
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_CPU, (most, most))


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the checker and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _kept(known: OrderedDict[str, Value], key: str) -> Value:
    """What is known under `key`, which is used last; what was not used for longest is dropped."""
    known.move_to_end(key)
    while len(known) > KEPT:
        known.popitem(last=False)
    return known[key]


def _key(program: Path, change: Change) -> str:
    return digest([str(program), change.language.id, Path(change.path).name, change.before, change.after])
