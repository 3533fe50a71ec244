"""Nineteen ways to spoil a folder of remembered answers. Knows where the files are, and not what reads them."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, random.Random], None]


def database(folder: Path) -> Path:
    """The file of the generation that is in use."""
    return folder / (folder / "current").read_text().strip() / "cache.db"


def _bits(folder: Path, chance: random.Random) -> None:
    _change(folder, lambda data: [_flip(data, chance) for _ in range(200)])


def _bit(folder: Path, chance: random.Random) -> None:
    _change(folder, lambda data: _flip(data, chance))


def _shorter(folder: Path, chance: random.Random) -> None:
    file = database(folder)
    os.truncate(file, chance.randrange(file.stat().st_size))


def _empty(folder: Path, chance: random.Random) -> None:
    os.truncate(database(folder), 0)


def _garbage(folder: Path, chance: random.Random) -> None:
    database(folder).write_bytes(chance.randbytes(chance.choice([1, 100, 5000, 200_000])))


def _page(folder: Path, chance: random.Random) -> None:
    def blank(data: bytearray) -> None:
        at = 4096 * chance.randrange(len(data) // 4096)
        data[at : at + 4096] = bytes(4096)

    _change(folder, blank)


def _pages(folder: Path, chance: random.Random) -> None:
    def swap(data: bytearray) -> None:
        one, other = (4096 * chance.randrange(len(data) // 4096) for _ in range(2))
        data[one : one + 4096], data[other : other + 4096] = data[other : other + 4096], data[one : one + 4096]

    _change(folder, swap)


def _header(folder: Path, chance: random.Random) -> None:
    def blank(data: bytearray) -> None:
        data[:100] = chance.choice([bytes(100), chance.randbytes(100)])

    _change(folder, blank)


def _tail(folder: Path, chance: random.Random) -> None:
    with database(folder).open("ab") as file:
        file.write(chance.randbytes(chance.randint(1, 9000)))


def _journal(folder: Path, chance: random.Random) -> None:
    """What another program's crash would leave: a journal that is not of this database."""
    file = database(folder)
    junk = bytes.fromhex("d9d505f920a163d7") + chance.randbytes(9000)
    file.with_name(file.name + chance.choice(["-journal", "-wal"])).write_bytes(junk)


def _folder(folder: Path, chance: random.Random) -> None:
    file = database(folder)
    file.unlink()
    file.mkdir()


def _pipe(folder: Path, chance: random.Random) -> None:
    file = database(folder)
    file.unlink()
    os.mkfifo(file)


def _link(folder: Path, chance: random.Random) -> None:
    file = database(folder)
    file.unlink()
    file.symlink_to(folder.parent / "elsewhere")


def _swapped(folder: Path, chance: random.Random) -> None:
    """Each answer under another's question."""
    _sql(folder, "UPDATE Cache SET key = 'x' || key")
    _sql(folder, "UPDATE Cache SET key = 'key' || ((substr(key, 5) + 1) % 20)")


def _cut(folder: Path, chance: random.Random) -> None:
    _sql(folder, "UPDATE Cache SET value = substr(value, 1, ?)", chance.randint(0, 60))


def _modes(folder: Path, chance: random.Random) -> None:
    where = str(folder.parent / "elsewhere")
    _sql(folder, "UPDATE Cache SET mode = ?, filename = ?", chance.choice([0, 2, 3, 4]), chance.choice([None, where]))


def _schema(folder: Path, chance: random.Random) -> None:
    statements = [
        "DROP TABLE Cache",
        "DROP TABLE Settings",
        "CREATE TABLE Other (a)",
        "CREATE TRIGGER t AFTER UPDATE ON Cache BEGIN DELETE FROM Cache; END",
        "UPDATE Settings SET value = 'x'",
        "INSERT INTO Settings VALUES ('sqlite_foo; x', 1)",
        "UPDATE Settings SET value = -1 WHERE key = 'size'",
        "ALTER TABLE Cache DROP COLUMN tag",
        "PRAGMA user_version = 99",
        "DROP INDEX Cache_key_raw",
    ]
    with contextlib.suppress(sqlite3.Error):  # not every one is possible on every version
        _sql(folder, chance.choice(statements))


def _names(folder: Path, chance: random.Random) -> None:
    """The small files beside the database."""
    junk = chance.choice([b"", b"\x00", b"../../../etc\xff" * 99, b"f" * 16 + b"\n", chance.randbytes(50)])
    (folder / chance.choice(["current", "lock"])).write_bytes(junk)


def _removed(folder: Path, chance: random.Random) -> None:
    shutil.rmtree(chance.choice([folder, database(folder).parent]))


KINDS: dict[str, Damage] = {
    "a bit": _bit,
    "many bits": _bits,
    "shorter": _shorter,
    "empty": _empty,
    "garbage": _garbage,
    "a page of zeros": _page,
    "two pages swapped": _pages,
    "no header": _header,
    "longer": _tail,
    "a foreign journal": _journal,
    "a folder in its place": _folder,
    "a pipe in its place": _pipe,
    "a link in its place": _link,
    "answers swapped": _swapped,
    "answers cut": _cut,
    "rows of another mode": _modes,
    "another schema": _schema,
    "small files": _names,
    "removed": _removed,
}


def _change(folder: Path, change: Callable[[bytearray], object]) -> None:
    file = database(folder)
    data = bytearray(file.read_bytes())
    change(data)
    file.write_bytes(data)


def _flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _sql(folder: Path, statement: str, *values: object) -> None:
    with contextlib.closing(sqlite3.connect(database(folder), timeout=10)) as con, con:
        con.execute(statement, values)
