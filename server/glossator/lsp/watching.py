"""Asks the client to tell which source files change outside of the editor, where it can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from ..code.languages import LANGUAGES

if TYPE_CHECKING:
    from .server import Server


async def register(ls: Server) -> None:
    """Ask for the files of all languages that are parsed, and for ignore files."""
    endings = ",".join(ending.removeprefix(".") for language in LANGUAGES for ending in language.extensions)
    patterns = [f"**/*.{{{endings}}}", "**/{.gitignore,.glossatorignore}"]
    options = types.DidChangeWatchedFilesRegistrationOptions(
        watchers=[types.FileSystemWatcher(glob_pattern=pattern) for pattern in patterns]
    )
    registration = types.Registration(
        id="glossator-files", method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES, register_options=options
    )
    await ls.client_register_capability_async(types.RegistrationParams(registrations=[registration]))
