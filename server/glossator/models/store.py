"""Which model files are on this machine, and whether they are sound. Fetches nothing and loads nothing.

The user's choice is one line in the file `model` of the configuration folder: a name of the catalogue or the absolute
path of a GGUF file.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from . import Card, ModelAbsent, ModelDamaged, ModelError, catalogue, gguf
from . import digest as digests
from .describe import card_of
from .digest import digest
from .regular import open_regular

__all__ = ["Installed", "chosen", "digest", "expected", "installed", "is_path", "remove", "resolve", "use", "verify"]

_log = logging.getLogger(__name__)

Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installed:
    """A model file of the models folder. `trouble` is empty, or says why it cannot be used."""

    card: Card
    path: Path
    bytes: int
    trouble: str = ""


def resolve(name_or_path: str, models: Path, notice: Notice = _log.info) -> tuple[Card, Path]:
    """The model that a name or a path means (empty: the default), and its file, checked.

    A file's digest is compared with the catalogue's, or with the one that its source promised when it was fetched.
    Computing it takes 1–3 s a gigabyte, the first time only; `notice` is then told. Raises `ModelError`.
    """
    name = name_or_path.strip() or catalogue.DEFAULT
    if (path := _as_path(name, models)) is not None:
        return _by_path(path, notice)
    card = catalogue.card(name)
    path = models / card.file
    if not os.path.lexists(path):
        raise ModelAbsent(
            f"the model {card.name} is not on this machine; fetch it with `glossator model pull {card.name}` "
            f"({_gigabytes(card.bytes or card.about)}, to {models})"
        )
    _check(card, path, notice)
    return card, path


def verify(card: Card, path: Path, progress: Callable[[int, int], None] | None = None) -> str:
    """Read `path` whole and compare it with what `card` or its source promised; returns the SHA-256.

    Raises `ModelDamaged` if it is another file. `progress` gets bytes done and in all.
    """
    header = gguf.read(path)
    if card.bytes and header.size != card.bytes:
        raise _wrong_size(card, path, header.size)
    wanted = expected(card, path)
    sha256 = digests.compute(path, progress)
    digests.remember(path, sha256)
    if wanted and sha256 != wanted:
        raise _wrong_digest(card, path, sha256, wanted)
    return sha256


def expected(card: Card, path: Path) -> str:
    """The SHA-256 that the catalogue or the file's source promised; empty if neither did."""
    memo = digests.recall(path)
    return card.sha256 or (memo.promised if memo else "")


def installed(models: Path) -> tuple[Installed, ...]:
    """What is in the models folder: the catalogue's models first, then other GGUF files by name. Digests nothing."""
    found: list[Installed] = []
    known = {card.file: card for card in catalogue.cards()}
    try:
        names = {path.name for path in models.glob("*.gguf")}
    except OSError as error:
        raise ModelError(f"the models folder {models} cannot be read: {error.strerror or error}") from error
    for name in [*(name for name in known if name in names), *sorted(names - known.keys())]:
        path = models / name
        card = known.get(name, Card(name=path.stem, file=str(path)))
        size, trouble = 0, ""
        try:
            header = gguf.read(path)
            size = header.size
            if card.bytes and size != card.bytes:
                raise _wrong_size(card, path, size)
            if name not in known:
                card = card_of(header, path)
        except ModelError as error:
            trouble = str(error)
        found.append(Installed(card, path, size, trouble))
    return tuple(found)


def chosen(config: Path) -> str:
    """What the user chose with `use`; empty if nothing. Raises `ModelError` if the choice cannot be read."""
    place = config / "model"
    try:
        with open_regular(place) as file:
            return file.read(4096).decode("utf-8").strip()
    except ModelAbsent:
        return ""
    except (OSError, UnicodeDecodeError, ModelError) as error:
        raise ModelError(f"the choice of a model in {place} cannot be read ({error}); remove that file") from error


def use(name_or_path: str, config: Path) -> str:
    """Make a model the user's choice; returns what was written down. The file of a named one need not be here yet.

    Raises `ModelError` for an unknown name, and for a path that holds no model.
    """
    if is_path(name_or_path):
        path = _absolute(name_or_path)
        card_of(gguf.read(path), path)
        choice = str(path)
    else:
        choice = catalogue.card(name_or_path).name
    try:
        config.mkdir(parents=True, exist_ok=True)
        digests.write_whole(config / "model", (choice + "\n").encode())
    except OSError as error:
        raise ModelError(f"the choice cannot be written to {config / 'model'}: {error.strerror or error}") from error
    return choice


def remove(name: str, models: Path) -> tuple[Path, int]:
    """Remove a model's file from the models folder; returns its path and the bytes that it had. Raises `ModelError`."""
    path = _as_path(name, models) or models / catalogue.card(name).file
    if path.parent.resolve() != models.resolve():
        raise ModelError(f"{path} is not in the models folder {models}; only you can remove it")
    try:
        size = path.lstat().st_size
        digests.forget(path)
        path.unlink()
    except FileNotFoundError as error:
        raise ModelAbsent(f"{path} is not there; nothing was removed") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be removed: {error.strerror or error}") from error
    return path, size


def _as_path(name: str, models: Path) -> Path | None:
    """The file that `name` means if it is no name of the catalogue: a path, or a file of the models folder."""
    if is_path(name):
        return _absolute(name)
    with contextlib.suppress(ModelError):
        catalogue.card(name)
        return None
    dropped = models / f"{name}.gguf"
    return dropped if os.path.lexists(dropped) else None


def _absolute(path: str) -> Path:
    """Raises `ModelError` for what can be no path."""
    try:
        if "\0" not in path:
            return Path(path).expanduser().absolute()
    except RuntimeError:  # `~somebody` who has no home here
        pass
    raise ModelError(f"there can be no file {path!r}; write its whole path")


def is_path(name: str) -> bool:
    """Whether `name` means a file by its path, not a model by its name."""
    return name.endswith(".gguf") or name.startswith("~") or "/" in name or os.sep in name


def _by_path(path: Path, notice: Notice) -> tuple[Card, Path]:
    header = gguf.read(path)
    for card in catalogue.cards():  # the same file at another place is still that model
        same = header.size == card.bytes and digest(path, lambda: notice(f"checking {path} …")) == card.sha256
        if same:
            return replace(card, file=str(path)), path
    card = card_of(header, path)
    _check(card, path, notice)
    return card, path


def _check(card: Card, path: Path, notice: Notice) -> None:
    """Raise unless the file is the one that was promised."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
    memo = digests.recall(path)
    if memo is None or memo.size != size:  # never seen so: say what is wrong before reading it all
        gguf.read(path)
    if card.bytes and size != card.bytes:
        raise _wrong_size(card, path, size)
    wanted = expected(card, path)
    if not wanted:
        return
    sha256 = digest(path, lambda: notice(f"checking the {_gigabytes(size)} of {card.name}, once …"))
    if sha256 != wanted:
        raise _wrong_digest(card, path, sha256, wanted)


def _wrong_size(card: Card, path: Path, size: int) -> ModelDamaged:
    fault = "cut off" if size < card.bytes else "another file"
    return ModelDamaged(
        f"{path} is {fault}: it has {size:,} bytes, {card.name} has {card.bytes:,}; "
        f"`glossator model pull {card.name}` fetches it anew"
    )


def _wrong_digest(card: Card, path: Path, sha256: str, wanted: str) -> ModelDamaged:
    by_name = card.name in {known.name for known in catalogue.cards()}
    remedy = f"`glossator model pull {card.name}` fetches it anew" if by_name else "fetch it again"
    return ModelDamaged(
        f"{path} is damaged or another file: its SHA-256 is {sha256}, that of {card.name} is {wanted}; {remedy}"
    )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
