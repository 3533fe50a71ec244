"""URIs <-> paths, and which paths belong to the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pygls import uris

from ..code.regular import opened


def path_of(uri: str) -> str:
    """The file's path; for a URI that names none (an unsaved buffer) its last part, so that a suffix is seen."""
    try:
        path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    except ValueError:
        path = None
    return path or uri.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def uri_of(path: Path) -> str:
    """The URI of an absolute path."""
    return path.as_uri()


LARGEST_FILE = 2**20  # bytes of a file that no client has open


def text_on_disk(path: Path) -> str | None:
    """The text of a file, without a byte order mark; None for what is no file, or too large to be worked on.

    Whatever stands there by now, nothing waits for it. Raises `OSError`, and `UnicodeDecodeError` if it is not UTF-8.
    """
    file = opened(path)
    if file is None:
        return None
    with file:
        data = file.read(LARGEST_FILE + 1)
    return data.decode("utf-8").removeprefix("\ufeff") if len(data) <= LARGEST_FILE else None


def local(folders: Iterable[str]) -> list[Path]:
    """The paths of those folders (URIs) that are on this machine."""
    return [Path(path_of(folder)) for folder in folders if folder.startswith("file:")]


def inside(path: Path, folders: Iterable[str]) -> bool:
    """Whether `path`, with every link followed, lies in one of the folders (URIs)."""
    try:
        real = path.resolve()
        return any(real.is_relative_to(folder.resolve()) for folder in local(folders))
    except (OSError, RuntimeError, ValueError):
        return False
