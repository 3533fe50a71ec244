"""A diskcache database in which nothing can run and nothing damaged is believed.

diskcache pickles by default and follows file names that rows hold; here values are raw bytes inside the database, each
bound to its key by length and SHA-256, and a file is looked at before diskcache believes what it says of itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diskcache
import filelock

NAME: str = diskcache.core.DBNAME
_MAGIC = b"glossator 1\n"
_CHECK_SECONDS = 3.0  # at most this long for SQLite's own check when opening; each value is checked anyway
_TABLES = {"Settings", "Cache"}
_SETTINGS: dict[str, Any] = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "least-recently-stored",  # reading writes nothing; what is used is stored anew now and then
    "cull_limit": 10,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 2**9,
    "sqlite_cell_size_check": 1,
    "sqlite_journal_mode": "truncate",  # no memory-mapped index that could be truncated under the process (SIGBUS)
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 0,  # a power cut may cost the file, which the checks then find out; kill -9 costs nothing
    "sqlite_trusted_schema": 0,
    "disk_min_file_size": 2**62,
    "disk_pickle_protocol": 0,
}


class Damaged(Exception):
    """What was read is not what was written."""


class _Disk(diskcache.Disk):  # type: ignore[misc]
    """Raw bytes in the database and nothing else, whatever a row says."""

    def put(self, key: object) -> tuple[str, bool]:
        if not isinstance(key, str):
            raise TypeError("keys are text")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if not isinstance(key, str) or not raw:
            raise Damaged("a key is not text")
        return key

    def store(self, value: object, read: object, key: object = None) -> tuple[int, int, None, memoryview]:
        if not isinstance(value, bytes) or read:
            raise TypeError("values are bytes")
        return 0, diskcache.core.MODE_RAW, None, memoryview(value)

    def fetch(self, mode: object, filename: object, value: object, read: object) -> bytes:
        if mode != diskcache.core.MODE_RAW or filename is not None or not isinstance(value, bytes) or read:
            raise Damaged("a row is not of ours")
        return value

    def filename(self, key: object = None, value: object = None) -> tuple[str, str]:
        raise TypeError("no files")

    def remove(self, file_path: object) -> None:
        """A row's file name is never followed."""


def seal(key: str, payload: bytes) -> bytes:
    """`payload` with its length and a digest that binds it to `key`."""
    head = _MAGIC + len(payload).to_bytes(8, "big")
    return head + hashlib.sha256(head + key.encode() + payload).digest() + payload


def unseal(key: str, sealed: bytes) -> bytes:
    """The payload. Raises `Damaged`."""
    head, digest, payload = sealed[: len(_MAGIC) + 8], sealed[len(_MAGIC) + 8 :][:32], sealed[len(_MAGIC) + 40 :]
    if head != _MAGIC + len(payload).to_bytes(8, "big"):
        raise Damaged("length")
    if digest != hashlib.sha256(head + key.encode() + payload).digest():
        raise Damaged("digest")
    return payload


def passing(error: BaseException) -> bool:
    """Whether the trouble lies with the machine (locked, full, read-only), not with the file's content."""
    if isinstance(error, (OSError, filelock.Timeout, diskcache.Timeout)):
        return True
    words = ("locked", "busy", "full", "readonly", "read-only", "unable to open")
    return isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in words)


def open_cache(place: Path, megabytes: int, *, timeout: float) -> Any:
    """The diskcache in the folder `place`, waiting at most `timeout` seconds for another process's lock per operation.

    Opening itself may wait a minute for a lock. Raises what SQLite raises.
    """
    settings = _SETTINGS | {"size_limit": megabytes << 20}
    return diskcache.Cache(place, timeout=timeout, disk=_Disk, **settings)


def keys(cache: Any) -> Iterator[str]:
    """All keys, in order; rows whose keys are no text are passed over. Raises what SQLite raises.

    diskcache's own iteration ends at the first such row, or without a word before all others at one without a key.
    """
    last = ""
    select = "SELECT key FROM Cache WHERE typeof(key) = 'text' AND raw = 1 AND key > ? ORDER BY key LIMIT 100"
    while rows := cache._sql(select, (last,)).fetchall():
        yield from (key for (key,) in rows)
        ((last,),) = rows[-1:]


def inspect(database: Path) -> None:
    """Look at a database before diskcache believes what it says. Raises `Damaged` or `sqlite3.Error`."""
    if not database.exists():
        return
    if not stat.S_ISREG(database.lstat().st_mode):
        raise Damaged("not a file")
    limit = time.monotonic() + _CHECK_SECONDS
    with contextlib.closing(sqlite3.connect(database, timeout=5, isolation_level=None)) as con:
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
            con.execute(f"PRAGMA {pragma}")
        con.set_progress_handler(lambda: time.monotonic() > limit, 20_000)
        try:
            if con.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
                raise Damaged("SQLite's check found damage")
        except sqlite3.OperationalError as error:
            if "interrupt" not in str(error):
                raise
        con.set_progress_handler(None, 0)
        tables = con.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        if not {name for (name,) in tables} <= _TABLES:
            raise Damaged("tables that are not of ours")
        if tables:
            known = _SETTINGS.keys() | {"size_limit"} | set(diskcache.core.METADATA)
            if not {name for (name,) in con.execute("SELECT key FROM Settings")} <= known | set(
                diskcache.DEFAULT_SETTINGS
            ):
                raise Damaged("settings that are not of ours")
