"""Payloads on disk under keys, in whatever state the disk is. Knows nothing of answers or models.

A database is a generation: `current` names the one in use, and a damaged one is left aside and replaced by a fresh one,
never renamed under another process's feet. One thread opens and writes; reading is quick and waits for no writer long.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import filelock

from . import remembered_database as database
from .private import private_folder
from .remembered_database import Damaged, passing, seal, unseal

log = logging.getLogger(__name__)

MAX_VALUE = 4 << 20  # bytes; an answer is some kilobytes
_RETRY_SECONDS = 20.0  # how long trouble with the folder is left alone before the next try
_GENERATION = re.compile(r"[0-9a-f]{16}")


class Shelf:
    """Keys (text) to payloads (bytes), least recently stored out first. No method raises for trouble with the disk."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self._folder = folder
        self._megabytes = megabytes
        self._todo: queue.Queue[Callable[[], None]] = queue.Queue(maxsize=1000)
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()  # set when the first opening has ended, well or not
        self._reader: Any = None  # the cache as read from any thread
        self._writer: Any = None  # the same database with a longer patience; for the keeper thread
        self._generation = ""
        self._why_off = "not opened yet"
        self._attempted = 0.0
        self._damages: list[float] = []
        self._counted = (0, 0)  # entries, bytes, as the keeper last saw them

    # --- called from anywhere, never waiting ------------------------------------------------------------------------

    def get(self, key: str) -> bytes | None:
        """The payload, or None: not there, not open yet, or in trouble."""
        self.start()
        reader, generation = self._reader, self._generation
        try:
            if reader is None or not self._there():
                if time.monotonic() - self._attempted > (1.0 if reader else _RETRY_SECONDS):
                    self._do(self._reopen)
                return None
            sealed = reader.get(key)
            return None if sealed is None else unseal(key, sealed)
        except Exception as error:
            if not passing(error):
                self._reader = None
                self._do(partial(self._set_aside, generation, error))
            return None

    def put(self, key: str, payload: bytes) -> None:
        """Keep `payload`, soon; dropped where that cannot be."""
        if len(payload) <= MAX_VALUE:
            self._do(lambda: self._write(lambda cache: cache.set(key, seal(key, payload))))

    def drop(self, key: str | None) -> None:
        """Forget one key, or everything, the generations set aside included."""
        if key is not None:
            self._do(lambda: self._write(lambda cache: cache.delete(key)))
        else:
            self._do(self._clear)

    def state(self) -> dict[str, str | int]:
        """`state` (`on`, `opening`, `off: why`), `entries` and `bytes` as last seen."""
        opening = self._thread is not None and not self._tried.is_set()
        state = "opening" if opening else f"off: {self._why_off}" if self._why_off else "on"
        self._do(self._count)
        return {"state": state, "entries": self._counted[0], "bytes": self._counted[1]}

    # --- called where waiting is allowed ----------------------------------------------------------------------------

    def ready(self, seconds: float) -> bool:
        """Wait until the first opening has ended; False: it takes longer."""
        self.start()
        return self._tried.wait(seconds)

    def flush(self, seconds: float) -> bool:
        """Wait until what was put so far is on disk (or given up); False: it takes longer."""
        done = threading.Event()
        return self._thread is None or (self._do(done.set) and done.wait(seconds))

    def each(self) -> Iterator[tuple[str, bytes]]:
        """All keys and payloads, by key; what is damaged is left out. Raises `OSError` or what SQLite raises."""
        with self._patient() as cache:
            for key in database.keys(cache) if cache is not None else ():
                with contextlib.suppress(Damaged):
                    if (sealed := cache.get(key)) is not None:
                        yield key, unseal(key, sealed)

    def held(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that have a payload. Raises as `each`."""
        found = set()
        with self._patient() as cache:
            for key in keys if cache is not None else ():
                with contextlib.suppress(Damaged):
                    if (sealed := cache.get(key)) is not None and unseal(key, sealed):
                        found.add(key)
        return found

    @contextlib.contextmanager
    def _patient(self) -> Iterator[Any]:
        """The database for a caller who waits for other processes; None: it is not open."""
        if self._writer is None:
            yield None
            return
        place = self._folder / self._generation
        with contextlib.closing(database.open_cache(place, self._megabytes, timeout=10)) as cache:
            yield cache

    # --- the keeper thread ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin opening, if not begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="remembered", daemon=True)
            self._thread.start()

    def _do(self, work: Callable[[], None]) -> bool:
        self.start()
        try:
            self._todo.put_nowait(work)
        except queue.Full:
            return False
        return True

    def _keep(self) -> None:
        self._open()
        self._tried.set()
        while True:
            work = self._todo.get()
            try:
                work()
            except Exception as error:  # the keeper must outlive whatever a disk does
                log.warning("remembered answers: %s", error)

    def _off(self, why: str) -> None:
        if why != self._why_off:
            log.warning("remembered answers are off: %s", why)
        self._why_off = why
        self._reader = self._writer = None

    def _open(self) -> None:
        self._attempted = time.monotonic()
        for _ in range(3):
            try:
                private_folder(self._folder)
                with self._lock():
                    generation = self._current() or self._begin()
                    try:
                        self._open_generation(generation)
                    except Exception as error:
                        if passing(error):
                            raise
                        self._note_damage(error)
                        self._open_generation(self._begin())
                    self._tidy()
                self._why_off = ""
                self._count()
                return
            except Exception as error:
                why = str(error) or type(error).__name__
                if not passing(error):
                    continue
                break
        self._off(why)

    def _open_generation(self, generation: str) -> None:
        place = self._folder / generation
        private_folder(place)
        database.inspect(place / database.NAME)
        self._writer = database.open_cache(place, self._megabytes, timeout=10)
        self._writer.get("")  # the first row read is this thread's, not the event loop's
        self._reader = database.open_cache(place, self._megabytes, timeout=0.03)
        self._generation = generation

    def _lock(self) -> filelock.BaseFileLock:
        return filelock.FileLock(self._folder / "lock", timeout=10, mode=0o600)

    def _there(self) -> bool:
        """Whether the open database still has its name; a removed one would still take and give answers."""
        return bool(self._generation) and (self._folder / self._generation / database.NAME).exists()

    def _current(self) -> str:
        try:
            named = (self._folder / "current").read_bytes()[:64].decode("ascii", "replace").strip()
        except OSError:
            return ""
        return named if _GENERATION.fullmatch(named) else ""

    def _begin(self) -> str:
        generation = secrets.token_hex(8)
        temporary = self._folder / f"current.{generation}"
        temporary.write_text(generation + "\n")
        temporary.replace(self._folder / "current")
        return generation

    def _tidy(self, keep: int = 1) -> None:
        """Remove generations that are not in use, but the `keep` newest: they may show what went wrong."""
        old = [p for p in self._folder.iterdir() if _GENERATION.fullmatch(p.name) and p.name != self._generation]
        for place in sorted(old, key=lambda p: p.lstat().st_mtime, reverse=True)[keep:]:
            shutil.rmtree(place, ignore_errors=True)
        for left in self._folder.glob("current.*"):
            left.unlink(missing_ok=True)

    def _note_damage(self, error: BaseException) -> None:
        now = time.monotonic()
        self._damages = [at for at in self._damages if now - at < 60] + [now]
        log.warning("remembered answers: %s was damaged (%s); a fresh one is begun", self._folder, error)

    def _set_aside(self, generation: str, error: BaseException) -> None:
        if generation != self._generation:
            return  # another read has already said so
        self._note_damage(error)
        if len(self._damages) > 10:
            self._off(f"{self._folder} keeps being damaged")
            return
        with contextlib.suppress(OSError, filelock.Timeout), self._lock():
            if self._current() == generation:
                self._begin()
        self._open()

    def _reopen(self) -> None:
        """Where the folder went away, another process began a generation, or a while after trouble."""
        gone = self._current() != self._generation or not self._there()
        if gone or (self._reader is None and time.monotonic() - self._attempted > _RETRY_SECONDS):
            self._open()

    def _write(self, change: Callable[[Any], object]) -> None:
        self._reopen()
        if self._writer is None:
            return
        try:
            change(self._writer)
            self._why_off = ""
        except Exception as error:
            if not passing(error) and "I/O" not in str(error):
                self._set_aside(self._generation, error)
            else:
                self._why_off = f"nothing new can be kept: {error}"
                log.warning("remembered answers: %s", self._why_off)
        self._count()

    def _clear(self) -> None:
        self._write(lambda cache: cache.clear())
        with contextlib.suppress(OSError):
            self._tidy(keep=0)

    def _count(self) -> None:
        with contextlib.suppress(Exception):
            if self._writer is not None:
                self._counted = (len(self._writer), self._writer.volume())
