"""The language server: all state that requests share, and the table of what is registered.

Knows nothing of what a request does: that is in the file of its name.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from .. import __version__
from ..action import Action, catalogue
from ..action.tools import Tools
from ..answer.compiling import Compilers
from ..answer.quoted import quoted
from ..answer.running import Runs
from ..answer.testing import Suite
from ..settings import Folders, Settings, folders
from . import commands, configuration, handlers, life, logs, paths, transport
from .client import Client, client_of
from .convert import encoding_of
from .documents import Documents, Snapshot
from .hover import Hovers
from .idle import Idle
from .indexes import Indexes
from .jobs import Jobs
from .opening import Opening
from .protocol import Protocol
from .trees import Trees

log = logging.getLogger(__name__)

SWITCH_SECONDS = 0.001  # that the loop waits for a thread with work, each time that it has something to do

FEATURES: Mapping[str, tuple[Any, Any]] = {
    types.INITIALIZE: (handlers.initialize, None),
    types.INITIALIZED: (handlers.initialized, None),
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: (configuration.changed, None),
    types.TEXT_DOCUMENT_HOVER: (handlers.hover, None),
    types.TEXT_DOCUMENT_CODE_ACTION: (handlers.code_action, handlers.CODE_ACTION_OPTIONS),
    types.CODE_ACTION_RESOLVE: (handlers.code_action_resolve, None),
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: (handlers.watched_files, None),
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: (handlers.workspace_folders, None),
    "glossator/status": (handlers.status, None),
    "glossator/sent": (handlers.sent_to_model, None),
    "glossator/proposal": (handlers.proposal, None),
}
"""What is answered: method -> handler, options. Commands are registered at `initialize`, when the actions are known."""


class Server(LanguageServer):
    """All state that requests share.

    Attributes:
        numbers: Gives each of our requests, tokens and jobs a number of its own.
        folders: Where this user's files are.
        base: The settings before the client said anything, then with its initialization options.
        settings: The settings as they are now.
        actions: What can be asked, by name.
        client: What the client can do.
        documents: The open documents.
        trees: Their syntax trees.
        indexes: What is known of the other files of each workspace folder.
        opening: The engine, or the way to it.
        compilers: What compiles edits; programs of the opened folders are not trusted with it.
        runs: What runs examples, and ran; asked only through `tools`.
        jobs: What runs and what ran lately.
        hovers: The explanation that hovers wait for.
        idle: What is done in quiet moments.
        interest: Where the client last asked something: for commands that come without arguments.
        problems: What is wrong with settings and prompt files, told once when the client is ready.
        log_file: Where the log is; None when it cannot be written.
    """

    protocol: Protocol

    def __init__(self, settings: Settings, where: Folders | None = None) -> None:
        super().__init__("glossator", __version__, protocol_cls=Protocol)
        self.numbers = itertools.count(1)
        self.folders = where or folders()
        self.base = self.settings = settings
        self.actions: dict[str, Action] = {}
        self.client = Client()
        self.documents = Documents()
        self.trees = Trees()
        self.indexes = Indexes(self)
        self.opening = Opening(settings, self.folders, self.spawn)
        self.compilers = Compilers(lambda: paths.local(self.workspace_folders), place=self.folders.cache / "checks")
        self.runs = Runs()
        self.jobs = Jobs(self)
        self.hovers = Hovers(self)
        self.idle = Idle(self)
        self.interest: tuple[str, types.Range] | None = None
        self.problems: list[str] = []
        self.log_file: Path | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._told: set[str] = set()  # problems of prompt files are told once
        for method, (handler, options) in FEATURES.items():
            self.feature(method, options)(handler)

    # --- settings ---------------------------------------------------------------------------------------------------

    def begin(self, params: types.InitializeParams) -> None:
        """Take over what the client says of itself."""
        self.client = client_of(params)
        encoding = encoding_of(self.protocol.workspace.position_encoding)
        self.documents = Documents(encoding)
        self.base, problems = configuration.first(self.base, params.initialization_options, self.folders.config)
        self.problems += problems
        self._use(self.base)
        for name in commands.names(self.actions):
            self.command(name)(commands.placeholder)
        life.watch_process(params.process_id, lambda: self.protocol.on_exit(1))

    def use_workspace_settings(self, tree: Any) -> None:
        """Follow what the client has configured for us."""
        settings, problems = configuration.later(self.base, tree)
        self._use(settings)
        problems += self.problems
        self.problems.clear()
        for problem in problems:
            self.say(f"Glossator: {problem}", types.MessageType.Warning)

    def _use(self, settings: Settings) -> None:
        self.opening.choose(settings)
        user = Path(settings.prompts).expanduser() if settings.prompts else self.folders.config / "prompts"
        self.actions, problems = catalogue.load(catalogue.prompts_folder(), user)
        self.problems += [text for problem in problems if (text := str(problem)) not in self._told]
        self._told |= set(self.problems)
        self.settings = settings
        self.indexes.choose()

    @property
    def tools(self) -> Tools:
        """What edits are checked with, of code that is run only what the user wants to be run."""
        command = self.settings.run.tests
        suite = Suite(command, lambda: paths.local(self.workspace_folders)) if command else None
        return Tools(self.compilers, self.runs if self.settings.run.examples else None, suite)

    # --- documents --------------------------------------------------------------------------------------------------

    @property
    def workspace_folders(self) -> list[str]:
        """The URIs of the folders that are open."""
        workspace = self.protocol.workspace
        found = list(workspace.folders)
        found = found or ([workspace.root_uri] if workspace.root_uri else [])
        return [uri for uri in found if "\0" not in paths.path_of(uri)]  # no folder of any disk

    def current(self, uri: str) -> Snapshot | None:
        """The document as it is now: as the client has it open, else None."""
        return self.documents.get(uri)

    # --- towards the user -------------------------------------------------------------------------------------------

    @property
    def crowded(self) -> bool:
        """Whether the client is slow to read, so that progress is better left out."""
        return bool(getattr(self.protocol.writer, "crowded", False))

    def say(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Show a message: one line, whatever is in it."""
        self.window_show_message(types.ShowMessageParams(type=kind, message=quoted(message)))

    def say_page(self, markdown: str) -> None:
        """Show markdown that is safe already, where there is no better place for it."""
        self.window_show_message(types.ShowMessageParams(type=types.MessageType.Info, message=markdown))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in the background; a failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned)
        return task

    def _spawned(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.report(error, "background work")

    def report(self, error: BaseException, where: str) -> None:
        """Log an error that nobody expected, without what may hold source text."""
        log.error("%s failed", where, exc_info=(type(error), error, error.__traceback__))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """What pygls meets by itself goes to the log, not to the user."""
        self.report(error, getattr(source, "__name__", "the protocol"))

    async def close(self) -> None:
        """End all work and let go of the engine."""
        self.jobs.stop_all()
        for task in tuple(self._tasks):
            task.cancel()
        await self.indexes.close()
        await self.opening.close()


def serve(settings: Settings) -> int:
    """Serve one client on the standard streams until it is done; returns the exit code of the process."""
    streams = transport.take_standard_streams()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what was imported stays: no pause is longer for looking through it
    server = Server(settings)
    server.log_file = logs.start(server.folders.logs)
    return asyncio.run(_serve(server, *streams))


async def _serve(server: Server, incoming: int, outgoing: int) -> int:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    def end_from_thread(code: int) -> None:
        life.end_at_last(code)
        loop.call_soon_threadsafe(end, code)

    writer = transport.Writer(outgoing, lambda: end_from_thread(1))
    server.protocol.set_writer(writer)
    server.protocol.on_exit = end_from_thread
    life.on_signals(lambda: end(1))
    transport.read_in_thread(incoming, writer, loop, server.protocol.receive, server.protocol.on_end)
    code = await ended
    life.end_at_last(code)
    await server.close()
    writer.close()
    return code
