"""Where the server's settings come from, and who may set what.

The user's own file and environment, then `initializationOptions` (the client's user scope), then what the client
answers to `workspace/configuration` or sends with `didChangeConfiguration`. The last two may have been written by the
opened folder, so what chooses a program, a file or an endpoint is not taken from them unless the user trusted it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..settings import Settings, SettingsError, from_user, from_workspace, merge

if TYPE_CHECKING:
    from .server import Server

log = logging.getLogger(__name__)
SECTION = "glossator"


def first(base: Settings, options: Any, folder: Path) -> tuple[Settings, list[str]]:
    """`base` with the initialization options, and what is wrong with them. `folder`: where relative paths begin."""
    return _each(base, options, lambda settings, part: from_user(settings, part, folder))


def later(base: Settings, tree: Any) -> tuple[Settings, list[str]]:
    """`base` with what the client answered for our section, and what is wrong with it. Refusals are only logged."""

    def take(settings: Settings, part: Mapping[str, Any]) -> Settings:
        changed, refused = from_workspace(settings, part)
        for name in refused:
            try:
                same = merge(settings, part) == settings
            except SettingsError:
                same = False
            if not same:
                log.info("%s: not taken from the workspace's configuration; set it in the user's own", name)
        return changed

    return _each(base, tree, take)


def _each(
    base: Settings, tree: Any, take: Callable[[Settings, Mapping[str, Any]], Settings]
) -> tuple[Settings, list[str]]:
    """Setting by setting, so that one wrong value does not cost the others."""
    if tree is None:
        return base, []
    if not isinstance(tree, Mapping):
        return base, [f"settings: expected a table, got {type(tree).__name__}"]
    problems = []
    for name, value in tree.items():
        try:
            base = take(base, {str(name): value})
        except SettingsError as error:
            problems.append(str(error))
    return base, problems


async def pull(ls: Server) -> None:
    """Ask the client for our section and use it."""
    item = types.ConfigurationItem(section=SECTION)
    answer = await ls.workspace_configuration_async(types.ConfigurationParams(items=[item]))
    ls.use_workspace_settings(answer[0] if answer else None)


async def register(ls: Server) -> None:
    """Ask the client to tell us when our section changes."""
    registration = types.Registration(
        id="glossator-configuration",
        method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
        register_options={"section": SECTION},
    )
    await ls.client_register_capability_async(types.RegistrationParams(registrations=[registration]))


def changed(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    """`workspace/didChangeConfiguration`: ask, where the client can be asked; else take what it sent."""
    if ls.client.configuration:
        ls.spawn(pull(ls))
        return
    if isinstance(params.settings, Mapping) and SECTION in params.settings:
        ls.use_workspace_settings(params.settings[SECTION])
