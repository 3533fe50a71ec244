"""`glossator model list --json`: the models that there are, which of them are here, and which fit this machine.

Measures nothing and reads no file whole: what an earlier measurement of the model in use left is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..engine.calibration import Calibration, Shelf
from ..models import Card, ModelError, catalogue, digest, store
from ..models.store import Installed
from ..settings import Folders, load
from . import fitting, house


def listing(places: Folders, in_use: str) -> dict[str, Any]:
    """`{folder, backend, models}`; of each model `{name, title, bytes, licence, context, reasoning, state, trouble,
    path, in_use, in_catalogue, memory, fits, seconds, best}`. Raises `ModelError`.

    `state` is `here`, `damaged` or `absent`. `memory` are the bytes that it needs (0: not known); `seconds` is what a
    whole explanation takes (None: not known); `best` is the one that fits this machine best.
    """
    settings = load()
    total, free = house.memory()
    free += house.held_by_engines()
    here = {found.card.name: found for found in store.installed(places.models)}
    speed, size = _measured(places, here, in_use)
    fits = {fit.card.name: fit for fit in fitting.fits(total, free, speed, size)}
    best = fitting.best(list(fits.values())).name
    models = []
    for name, card in ({card.name: card for card in catalogue.cards()} | {n: f.card for n, f in here.items()}).items():
        found, fit = here.get(name), fits.get(name)
        memory = fit.memory if fit else _needed(found, settings.local.context, total)
        models.append(
            _told(card, found)
            | {
                "in_use": in_use in (name, card.file),
                "in_catalogue": fit is not None,
                "memory": memory,
                "fits": fit.fits if fit else bool(memory) and memory <= free,
                "seconds": round(fit.seconds, 1) if fit and fit.seconds is not None else None,
                "best": name == best,
            }
        )
    if not any(each["in_use"] for each in models):
        models.append(_by_path(in_use, settings.local.context, total, free))
    return {"folder": str(places.models), "backend": settings.backend, "models": models}


def _told(card: Card, found: Installed | None) -> dict[str, Any]:
    return {
        "name": card.name,
        "title": card.title,
        "bytes": found.bytes if found and found.bytes else card.bytes or card.about,
        "licence": card.licence,
        "context": card.context,
        "reasoning": card.reasoning,
        "state": "absent" if found is None else "damaged" if found.trouble else "here",
        "trouble": found.trouble if found else "",
        "path": str(found.path) if found else "",
    }


def _by_path(in_use: str, context: int, total: int, free: int) -> dict[str, Any]:
    """The model in use, where it is a file outside of the models folder or a name that nobody knows."""
    path = Path(in_use).expanduser()
    found = Installed(Card(in_use, in_use), path, path.stat().st_size if path.is_file() else 0)
    memory = _needed(found, context, total)
    state = {"state": "here" if memory else "damaged" if path.exists() else "absent"}
    fit = {"memory": memory, "fits": bool(memory) and memory <= free, "seconds": None, "best": False}
    return _told(found.card, found) | state | {"in_use": True, "in_catalogue": False} | fit


def _needed(found: Installed | None, context: int, total: int) -> int:
    try:
        return fitting.needed(found.path, context, total) if found and not found.trouble else 0
    except ModelError:
        return 0


def _measured(places: Folders, here: dict[str, Installed], in_use: str) -> tuple[Calibration | None, int]:
    """How fast the model in use was found to be, and its size; speed goes with size."""
    found = next((each for each in here.values() if in_use in (each.card.name, each.card.file)), None)
    memo = digest.recall(found.path) if found else None
    if found is None or memo is None:
        return None, 0
    known = Shelf(places.cache / "calibration", memo.sha256).load()
    return (known, found.bytes) if known.prefill_rate and not known.crowded else (None, 0)
