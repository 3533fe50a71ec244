"""The folder that a site is written to: ours alone, or empty before. Knows bytes and names, not what is in them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .frame import MARK
from .names import INDEX

_LOOKED_AT = 4_000
_PART = ".page."


class NotOurs(ValueError):
    """The folder holds what Glossator did not write; the message names it and says what to do."""


def check(folder: Path) -> None:
    """Raises `NotOurs` where a site must not be written to `folder`."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotOurs(f"{folder}: not a folder; name a new one for the pages")
    # The first page is written last: without it all that is there must be what an earlier run came to write.
    if not _ours(folder / INDEX) and not all(each.name.startswith(_PART) or _ours(each) for each in folder.iterdir()):
        raise NotOurs(f"{folder}: holds other files, and nothing is written between them; name a new or empty folder")


def write(folder: Path, pages: Iterable[tuple[str, bytes]]) -> int:
    """Write the pages, each at once or not at all, and take out those of ours that are not among them any more.

    What is the same already is left alone. Returns the number of pages. Raises `NotOurs` and `OSError`.
    """
    check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    for name, written in pages:
        names.add(name)
        place = folder / name
        if not (_ours(place) and place.read_bytes() == written):
            _replace(place, written)
    for place in sorted(folder.glob("*.html")):
        if place.name not in names and _ours(place):
            place.unlink()
    for place in folder.glob(f"{_PART}*"):
        place.unlink()
    return len(names)


def _ours(place: Path) -> bool:
    if place.is_symlink() or not place.is_file():
        return False
    with place.open("rb") as file:
        return MARK.encode() in file.read(_LOOKED_AT)


def _replace(place: Path, written: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=_PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(written)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
