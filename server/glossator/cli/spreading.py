"""`glossator gloss --ray`: the questions go to workers on Ray, and this process alone keeps what they bring."""

from __future__ import annotations

from collections.abc import Sequence

import click

from .. import __version__
from ..action import Action
from ..action.budget import prompt_tokens
from ..action.gloss import Part, Place
from ..action.workspaces import Workspaces
from ..cluster import Setup, on_ray
from ..cluster.gathering import gathered
from ..cluster.planning import portions
from ..engine.apart import needed
from ..engine.ledger import Ledger
from ..engine.remembered import Remembered
from ..settings import Settings, folders
from .glossing import Spread, Telling


def spread(address: str, workers: int, settings: Settings, action: Action) -> Spread:
    """Who asks in the place of the engine. Raises `click.UsageError` where Ray is not installed. Starts nothing."""
    if not on_ray.installed():
        raise click.UsageError('--ray needs the package ray: install Glossator as "glossator[ray]"')

    def telling(
        parts: Sequence[Part], places: Sequence[Place], engine: Remembered, around: Workspaces, ledger: Ledger
    ) -> Telling:
        info = engine.model()
        setup = Setup(__version__, needed(settings, folders(), info), action, info, prompt_tokens(info, hover=True))
        spreader = on_ray.OnRay(address, setup, workers=workers)
        return gathered(spreader, portions(parts, places, around), engine, ledger, f"{action.name} (ahead)")

    return telling
