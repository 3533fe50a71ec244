"""The source files of a workspace, and their text: none that is ignored, secret, linked, binary, huge or generated.

Knows which files there are and nothing of what is in them. Raises nothing: what cannot be read is not there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .ignore import FILES, FOLDERS, MARKS, Rules, secret
from .languages import language_of
from .regular import opened

MOST_BYTES = 400_000
"""Larger files are data or generated."""
MOST_FILES = 20_000
MOST_DEPTH = 40
_MOST_RULES = 200_000
_LOOKED_AT = 8_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path in the workspace (with `/`), its size in bytes, and its time of change in nanoseconds."""

    path: str
    size: int
    changed: int


def files(root: Path) -> Iterator[Found]:
    """The source files below `root`, folders in the order of their names; `MOST_FILES` at most."""
    rules = _outer(root)
    pending: list[tuple[str, Rules]] = [("", rules)]
    count = 0
    while pending:
        folder, above = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        names = {entry.name for entry in listed}
        if folder and names & MARKS:
            continue
        texts = [_read(root / folder / name, _MOST_RULES) or "" for name in FILES if name in names]
        here = above.within(folder, texts)
        below: list[tuple[str, Rules]] = []
        for entry in listed:
            path = folder + entry.name
            if _is_folder(entry):
                kept = entry.name not in FOLDERS and path.count("/") < MOST_DEPTH
                if kept and _sound(path) and not here.leaves_out(path, folder=True):
                    below.append((f"{path}/", here))
            elif (found := _file(entry, path)) is not None and not here.leaves_out(path):
                yield found
                count += 1
                if count >= MOST_FILES:
                    return
        pending += reversed(below)


def _outer(root: Path) -> Rules:
    """What holds before the workspace's own rules: those of the repository that it is, or is a part of."""
    chain = [root, *root.parents]
    top = next((at for at, folder in enumerate(chain) if os.path.lexists(folder / ".git")), None)
    if top is None:
        return Rules()
    rules = Rules()
    for at in range(top, -1, -1):
        folder, inside = chain[at], "".join(f"{each.name}/" for each in reversed(chain[:at]))
        texts = [_read(_git(folder) / "info" / "exclude", _MOST_RULES) or ""] if at == top else []
        if at:  # the workspace's own files are read where it is walked
            texts += [_read(folder / name, _MOST_RULES) or "" for name in FILES]
        rules = rules.around(inside, texts)
    return rules


def _git(folder: Path) -> Path:
    """Where git keeps a repository's settings; of a linked worktree that is told by a file."""
    place = folder / ".git"
    told = "" if place.is_dir() else _read(place, _MOST_RULES) or ""
    if told.startswith("gitdir:"):
        linked = Path(os.path.normpath(folder / told.removeprefix("gitdir:").strip()))
        place = linked.parent.parent if linked.parent.name == "worktrees" else linked
    return place


def wanted(root: Path, path: str) -> Found | None:
    """The file `path` (relative, `/`) if a walk would come to it; for a single file that changed."""
    rules = _outer(root)
    *folders, _ = path.split("/")
    if any(part in FOLDERS or part in {"", ".", ".."} for part in folders) or len(folders) > MOST_DEPTH:
        return None
    at = ""
    for part in [*folders, ""]:
        place = root / at
        if at and (place.is_symlink() or any((place / mark).exists() for mark in MARKS)):
            return None
        texts = [_read(place / name, _MOST_RULES) or "" for name in FILES]
        rules = rules.within(at, texts)
        if part:
            if rules.leaves_out(at + part, folder=True):
                return None
            at += f"{part}/"
    if rules.leaves_out(path):
        return None
    try:
        with os.scandir(root / at) as entries:
            entry = next((each for each in entries if each.name == path[len(at) :]), None)
    except OSError:
        return None
    return _file(entry, path) if entry is not None and not _is_folder(entry) else None


def text_of(root: Path, path: str) -> tuple[bytes, Found] | None:
    """The bytes of a file and what they were when read; None for what is linked, not a file, binary or too large."""
    try:
        folder = Path(os.path.realpath((root / path).parent))
        if not folder.is_relative_to(os.path.realpath(root)):  # a folder on the way became a link
            return None
        source = opened(root / path, links=False)
        if source is None:
            return None
        with source as file:
            about = os.fstat(file.fileno())
            if about.st_size > MOST_BYTES:
                return None
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        return None
    if len(data) > MOST_BYTES or b"\0" in data[:_LOOKED_AT]:
        return None
    return data, Found(path, about.st_size, _changed(about))


def decoded(data: bytes) -> str | None:
    """The text, without a byte order mark; None for what is not UTF-8."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None


def _file(entry: os.DirEntry[str], path: str) -> Found | None:
    if language_of(path) is None or secret(entry.name) or not _sound(path):
        return None
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
        return None
    return Found(path, about.st_size, _changed(about))


def _changed(about: os.stat_result) -> int:
    """When a file was changed. The time that a program may set (`touch -r`, unpacked archives) says less than when that
    was done; Windows has none of the second kind."""
    return about.st_mtime_ns if os.name == "nt" else about.st_ctime_ns


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _sound(path: str) -> bool:
    """Whether a path is text: names on disk may hold any bytes."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\n" not in path


def _read(path: Path, most: int) -> str | None:
    """The text of an ignore file."""
    try:
        source = opened(path, links=False)
        if source is None:
            return None
        with source as file:
            return file.read(most).decode("utf-8", "replace")
    except OSError:
        return None
