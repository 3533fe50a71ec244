"""Which engine answers: the shared local process, a remote server or a written script.

Takes plain values and imports an engine only when it is chosen; there is no silent switch from one to another.
"""

from __future__ import annotations

from pathlib import Path

from ..settings import Folders, Settings
from . import Engine, EngineError
from .ledger import Ledger
from .recorded import Recorded


def open_ledger(settings: Settings, folders: Folders) -> Ledger:
    """Where what answers cost is entered, if that is wanted."""
    return Ledger(folders.stats if settings.stats.enabled else None)


def open_engine(settings: Settings, folders: Folders, ledger: Ledger | None = None) -> Engine:
    """The engine that `settings` name, with remembered answers in front of it unless the cache is off.

    What it computes is entered in `ledger`; None: nowhere. Nothing is started and no model is loaded here; a remote
    server is asked only for its model's name, where the settings do not say it. Raises `EngineError` when what is named
    cannot be had.
    """
    engine = _backend(settings, folders)
    if ledger is not None:
        engine = Recorded(engine, ledger)
    if not settings.cache.enabled:
        return engine
    from .remembered import Remembered

    return Remembered(engine, folders.cache / "answers", settings.cache.megabytes)


def open_apart(settings: Settings, folders: Folders) -> Engine:
    """A worker's engine (`apart.py`): nothing is remembered, entered, measured or kept. Raises `EngineError`."""
    return _backend(settings, folders, apart=True)


def _backend(settings: Settings, folders: Folders, *, apart: bool = False) -> Engine:
    if settings.backend == "scripted":
        from .scripted import Scripted

        if not settings.script:
            raise EngineError('the scripted backend needs "script": the path of a file of written answers')
        return Scripted.from_file(Path(settings.script).expanduser())
    if settings.backend == "remote":
        from .remote import Remote

        return Remote(settings.remote)
    return _local(settings, folders, apart)


def _local(settings: Settings, folders: Folders, apart: bool) -> Engine:
    from ..models import ModelDamaged, ModelError, store
    from . import ModelBroken, ModelMissing
    from .client import SharedEngine

    try:
        card, path = store.resolve(settings.model or store.chosen(folders.config), folders.models)
        digest = card.sha256 or store.digest(path)
    except ModelDamaged as error:
        raise ModelBroken(str(error)) from error
    except ModelError as error:
        raise ModelMissing(str(error)) from error
    return SharedEngine(
        card,
        path,
        digest,
        runtime=folders.runtime,
        logs=folders.logs,
        states=None if apart else folders.cache / "states",
        calibrations=None if apart else folders.cache / "calibration",
        context=settings.local.context,
        threads=settings.local.threads,
        gpu_layers=settings.local.gpu_layers,
        idle_seconds=settings.local.idle_seconds,
        reasoning=settings.local.reasoning,
    )
