"""An editor without a screen: pytest-lsp's client, a buffer for each document, and the answers an editor gives.

It applies edits as editors do, by lines and code units of the negotiated encoding, and refuses an edit whose version is
not its own. `open_editor` starts a server with a home of its own and, by default, written answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import pytest_asyncio
from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.protocol import JsonRPCNotification, JsonRPCResponseMessage, default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import register_lsp_features
from pytest_lsp.protocol import LanguageClientProtocol

UNIT = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}

SCRIPT = """
[[answer]]
match = ''
text = "Adds **numbers**."
"""


class Protocol(LanguageClientProtocol):
    """Hands code actions and our own notifications over as they came."""

    def get_result_type(self, method: str) -> Any:
        return None if method == types.TEXT_DOCUMENT_CODE_ACTION else super().get_result_type(method)


def converter() -> Any:
    """pytest-lsp's, but values of unknown types stay plain dictionaries."""
    found = default_converter()
    for kind in (JsonRPCResponseMessage, JsonRPCNotification):
        found.register_structure_hook(kind, lambda value, cls: cls(**value))
    return found


class Buffer:
    """A document in the editor."""

    def __init__(self, uri: str, text: str, encoding: str) -> None:
        self.uri, self.text, self.version, self.encoding = uri, text, 1, encoding

    def offset(self, place: Any) -> int:
        lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", self.text)
        if place.line >= len(lines):
            return len(self.text)
        name, width = UNIT[self.encoding]
        raw = lines[place.line].rstrip("\r\n").encode(name)
        return sum(map(len, lines[: place.line])) + len(raw[: place.character * width].decode(name))

    def position(self, offset: int) -> types.Position:
        head = re.split(r"\r\n|\r|\n", self.text[:offset])
        name, width = UNIT[self.encoding]
        return types.Position(len(head) - 1, len(head[-1].encode(name)) // width)

    def apply(self, edits: list[Any]) -> None:
        ordered = sorted(edits, key=lambda edit: self.offset(edit.range.start), reverse=True)
        spans = [(self.offset(edit.range.start), self.offset(edit.range.end)) for edit in ordered]
        assert all(later[0] >= earlier[1] for later, earlier in itertools.pairwise(spans)), "overlapping edits"
        for (start, end), edit in zip(spans, ordered, strict=True):
            self.text = self.text[:start] + edit.new_text + self.text[end:]
        self.version += 1


class Editor:
    """The editor: what the tests say to the server, and what the server said."""

    def __init__(self, client: LanguageClient, home: Path, encoding: str) -> None:
        self.client, self.home, self.encoding = client, home, encoding
        self.buffers: dict[str, Buffer] = {}
        self.jobs: list[dict[str, Any]] = []
        self.edits: list[types.ApplyWorkspaceEditParams] = []
        self.before_apply: Callable[[], None] = lambda: None
        self.choice: str | None = None  # what the user presses in a question
        self.questions: list[str] = []
        self.shown: list[str] = []
        self.created: list[str] = []
        self.registered: list[types.Registration] = []
        register_lsp_features(client)
        for method, handler in {
            types.WORKSPACE_APPLY_EDIT: self._apply,
            types.WINDOW_SHOW_DOCUMENT: self._show,
            types.WINDOW_SHOW_MESSAGE_REQUEST: self._ask,
            types.CLIENT_REGISTER_CAPABILITY: lambda params: self.registered.extend(params.registrations),
            "glossator/job": self.jobs.append,
        }.items():
            client.protocol.fm._features.pop(method, None)
            client.feature(method)(_plain(handler))

    # --- the server asks --------------------------------------------------------------------------------------------

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        self.before_apply()
        self.edits.append(params)
        for change in params.edit.document_changes or []:
            if isinstance(change, types.CreateFile):
                self.created.append(change.uri)
                self.buffers[change.uri] = Buffer(change.uri, "", self.encoding)
                continue
            buffer = self.buffers[change.text_document.uri]
            if change.text_document.version not in (None, buffer.version):
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="the version is another")
            buffer.apply(list(change.edits))
            if buffer.uri not in self.created:
                self._changed(buffer, [types.TextDocumentContentChangeWholeDocument(buffer.text)])
        for uri, edits in (params.edit.changes or {}).items():
            self.buffers[uri].apply(list(edits))
        return types.ApplyWorkspaceEditResult(applied=True)

    def _show(self, params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        with contextlib.suppress(OSError):
            self.shown.append(Path(params.uri.removeprefix("file://")).read_text(encoding="utf-8"))
        return types.ShowDocumentResult(success=True)

    def _ask(self, params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
        self.questions.append(params.message)
        return next((each for each in params.actions or [] if each.title == self.choice), None)

    # --- the user acts ----------------------------------------------------------------------------------------------

    def open(self, name: str, text: str, language: str = "python") -> Buffer:
        path = self.home / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        buffer = self.buffers[path.as_uri()] = Buffer(path.as_uri(), text, self.encoding)
        item = types.TextDocumentItem(uri=buffer.uri, language_id=language, version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return buffer

    def close(self, buffer: Buffer) -> None:
        del self.buffers[buffer.uri]
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(buffer.uri)))

    def type(self, buffer: Buffer, at: int, text: str, until: int | None = None) -> None:
        """Replace `text[at:until]` (offsets) by `text`, as one incremental change."""
        where = types.Range(buffer.position(at), buffer.position(at if until is None else until))
        buffer.text = buffer.text[:at] + text + buffer.text[at if until is None else until :]
        buffer.version += 1
        self._changed(buffer, [types.TextDocumentContentChangePartial(range=where, text=text)])

    def _changed(self, buffer: Buffer, changes: list[Any]) -> None:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(buffer.version, buffer.uri), changes
            )
        )

    async def hover(self, buffer: Buffer, word: str) -> str:
        """The hover's text on the first `word`; empty without one."""
        place = buffer.position(buffer.text.index(word))
        found = await self.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(buffer.uri), place)
        )
        return found.contents.value if found else ""

    async def menu(
        self, buffer: Buffer, at: str, *, select: bool = False, only: list[str] | None = None, diagnostics: Any = ()
    ) -> list[dict[str, Any]]:
        """The code actions at the first `at`, as they came over the wire."""
        start = buffer.text.index(at)
        where = types.Range(buffer.position(start), buffer.position(start + len(at) if select else start))
        context = types.CodeActionContext(diagnostics=list(diagnostics), only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(buffer.uri), where, context)
        answer = await self.client.protocol.send_request_async(types.TEXT_DOCUMENT_CODE_ACTION, params)
        return list(answer or [])

    def choose(self, buffer: Buffer, entry: dict[str, Any]) -> None:
        """Apply the edit that an entry of the menu holds."""
        edits = [get_converter().structure(each, types.TextEdit) for each in _edits(entry)]
        buffer.apply(edits)
        self._changed(buffer, [types.TextDocumentContentChangeWholeDocument(buffer.text)])

    async def command(self, name: str, *arguments: Any) -> Any:
        return await self.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command=name, arguments=list(arguments))
        )

    async def run(self, action: str, buffer: Buffer, word: str, **more: Any) -> str:
        """Start a job at the first `word`; its id."""
        place = get_converter().unstructure(buffer.position(buffer.text.index(word)))
        answer = await self.command("glossator.run", {"action": action, "uri": buffer.uri, "position": place, **more})
        return str(answer["job"])

    async def status(self) -> dict[str, Any]:
        return dict(await self.client.protocol.send_request_async("glossator/status", {}))

    async def until(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        """Wait for something that the server will do; its value."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                pytest.fail(f"waited in vain; jobs {self.jobs[-3:]}, messages {self.messages}")
            await asyncio.sleep(0.01)
        return found

    async def over(self, job: str, seconds: float = 10.0) -> dict[str, Any]:
        """The last notification of a job (the editor must have asked for them)."""
        ends = ("done", "refused", "failed", "stopped")
        return dict(
            await self.until(
                lambda: next((each for each in self.jobs if each["job"] == job and each["state"] in ends), None),
                seconds,
            )
        )

    @property
    def messages(self) -> list[str]:
        return [each.message for each in self.client.messages]

    @property
    def progress(self) -> list[Any]:
        """All progress values, in order of their tokens."""
        return [each for values in self.client.progress_reports.values() for each in values]


def _edits(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The text edits of an entry that holds the edit of one document, with versions or without."""
    edit = entry["edit"]
    if "documentChanges" in edit:
        return list(edit["documentChanges"][0]["edits"])
    (edits,) = edit["changes"].values()
    return list(edits)


def _plain(handler: Any) -> Any:
    """A handler without a server argument, which pygls would fill in by its own rules."""

    def plain(params: Any) -> Any:
        return handler(params)

    return plain


def capabilities(encoding: str, **changes: Any) -> types.ClientCapabilities:
    """What a modern editor can do; `changes` as dotted paths with `_` names, e.g. `window__show_document=None`."""
    can = types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind(encoding)]),
        window=types.WindowClientCapabilities(
            work_done_progress=True, show_document=types.ShowDocumentClientCapabilities(support=True)
        ),
        workspace=types.WorkspaceClientCapabilities(
            apply_edit=True,
            configuration=False,
            workspace_edit=types.WorkspaceEditClientCapabilities(
                document_changes=True,
                resource_operations=[types.ResourceOperationKind.Create],
                change_annotation_support=types.ChangeAnnotationsSupportOptions(),
            ),
        ),
        text_document=types.TextDocumentClientCapabilities(
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
            code_action=types.CodeActionClientCapabilities(
                code_action_literal_support=types.ClientCodeActionLiteralOptions(
                    code_action_kind=types.ClientCodeActionKindOptions(value_set=[])
                )
            ),
        ),
    )
    for path, value in changes.items():
        *parents, name = path.split("__")
        place: Any = can
        for parent in parents:
            place = getattr(place, parent)
        assert name in {field.name for field in attrs.fields(type(place))}
        setattr(place, name, value)
    return can


OpenEditor = Callable[..., Awaitable[Editor]]


@pytest_asyncio.fixture
async def open_editor(tmp_path: Path) -> AsyncIterator[OpenEditor]:
    """Start a server and initialize it; every server must end well with its test."""
    editors: list[Editor] = []

    async def start(
        script: str = SCRIPT,
        *,
        encoding: str = "utf-16",
        options: dict[str, Any] | None = None,
        name: str = "test",
        configuration: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        **changes: Any,
    ) -> Editor:
        (tmp_path / "answers.toml").write_text(script, encoding="utf-8")
        (tmp_path / "workspace").mkdir(exist_ok=True)
        client = LanguageClient(
            protocol_cls=Protocol, converter_factory=converter, configuration={"": configuration or {}}
        )
        editor = Editor(client, tmp_path, encoding)
        editors.append(editor)
        await client.start_io(
            sys.executable,
            *("-P", "-m", "glossator", "serve"),
            env={**os.environ, "GLOSSATOR_HOME": str(tmp_path / "home"), **(environment or {})},
        )
        initialization = {"backend": "scripted", "script": str(tmp_path / "answers.toml"), "jobs": True}
        await client.initialize_session(
            types.InitializeParams(
                process_id=os.getpid(),
                capabilities=capabilities(encoding, **changes),
                client_info=types.ClientInfo(name=name),
                workspace_folders=[types.WorkspaceFolder((tmp_path / "workspace").as_uri(), "workspace")],
                initialization_options=initialization if options is None else initialization | options,
            )
        )
        return editor

    yield start
    for editor in editors:
        if editor.client._server and editor.client._server.returncode is None:
            await asyncio.wait_for(editor.client.shutdown_session(), 10)
            assert editor.client._server.returncode == 0
        await editor.client.stop()
        log = editor.home / "home" / "logs" / "server.log"
        if log.exists() and (trouble := [row for row in log.read_text().splitlines() if " ERROR " in row]):
            pytest.fail("the server logged errors:\n" + log.read_text()[-4000:] + json.dumps(trouble))
