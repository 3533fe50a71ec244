"""Which source files a person means by a file or a folder: those that an index would read, and their text.

Nothing that an ignore file names, no secret, nothing linked, binary, huge or generated. Knows nothing of what is in
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..code.languages import Language, language_of
from ..code.walk import decoded, files, text_of, wanted
from .target import TargetError
from .workspace import root_of, sensible


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file as it was read.

    Attributes:
        path: Relative to the folder that is meant, with `/`.
        place: Where it is, absolute.
        text: Its text.
        language: Its language.
    """

    path: str
    place: Path
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a folder (or one file), and the folder."""

    folder: Path
    files: tuple[SourceFile, ...]


def sources(meant: Path) -> Sources:
    """The source files that `meant` is or holds, folder by folder. Raises `TargetError` where there is none."""
    if not meant.exists():
        raise TargetError(f"{meant}: no such file or folder")
    place = meant.resolve()
    if place.is_dir() and not sensible(place):
        raise TargetError(f"{meant} is all that you have; name a project's folder")
    folder = place if place.is_dir() else place.parent
    top = root_of(folder / "any") or folder
    found = tuple(each for path in _paths(place, folder, top) if (each := _read(top, folder, path)) is not None)
    if not found:
        what = "no source file in a language that is parsed" if place.is_dir() else "not a source file that is read"
        raise TargetError(
            f"{meant}: {what}; what .gitignore or .glossatorignore name, secrets, and what is binary, "
            "not UTF-8 or larger than 400 kB are left out"
        )
    return Sources(folder, found)


def _paths(place: Path, folder: Path, top: Path) -> Iterator[str]:
    """Paths in `top`: a walk below it may end before it comes to a folder deep inside, so the walk begins there."""
    inside = "" if folder == top else f"{folder.relative_to(top).as_posix()}/"
    names = [each.path for each in files(folder)] if place.is_dir() else [place.name]
    for name in names:
        if wanted(top, inside + name) is not None:
            yield inside + name


def _read(top: Path, folder: Path, path: str) -> SourceFile | None:
    language, got = language_of(path), text_of(top, path)
    text = decoded(got[0]) if got is not None else None
    if language is None or text is None:
        return None
    place = top / path
    return SourceFile(place.relative_to(folder).as_posix(), place, text, language)
