"""What the client at the other end can do, read once from its `initialize`. Knows nothing of what is done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types

_PATIENT = ("visual studio code", "code - oss", "code-server", "vscodium", "cursor", "windsurf", "theia", "positron")
_SHOWING = ("helix",)  # they open documents and do not say so; where one does not, a message is shown instead


@dataclass(frozen=True, slots=True)
class Client:
    """The client's abilities.

    Attributes:
        name: What it calls itself.
        progress: It shows progress that the server begins.
        apply_edit: It applies edits that the server sends.
        versioned: It checks the version that an edit was made for.
        create: It creates files.
        confirm: It asks its user before it applies an annotated change.
        show_document: It opens a document that the server names.
        configuration: It answers `workspace/configuration`.
        register_configuration: It wants `didChangeConfiguration` registered.
        register_watching: It tells of files that change, once it is asked to.
        literals: It understands code actions, not only commands.
        markdown: It shows markdown in hovers.
        patient: Its hovers load by themselves, so that one may wait longer without holding anybody up.
    """

    name: str = ""
    progress: bool = False
    apply_edit: bool = False
    versioned: bool = False
    create: bool = False
    confirm: bool = False
    show_document: bool = False
    configuration: bool = False
    register_configuration: bool = False
    register_watching: bool = False
    literals: bool = True
    markdown: bool = True
    patient: bool = False


def client_of(params: types.InitializeParams) -> Client:
    """The client that sent `params`."""
    can = params.capabilities
    name = params.client_info.name if params.client_info else ""
    edit = _at(can, "workspace.workspace_edit")
    versioned = bool(_at(edit, "document_changes"))
    formats = _at(can, "text_document.hover.content_format")
    return Client(
        name=name,
        progress=bool(_at(can, "window.work_done_progress")),
        apply_edit=bool(_at(can, "workspace.apply_edit")),
        versioned=versioned,
        create=versioned and types.ResourceOperationKind.Create in (_at(edit, "resource_operations") or ()),
        confirm=versioned and _at(edit, "change_annotation_support") is not None,
        show_document=bool(_at(can, "window.show_document.support")) or name.lower() in _SHOWING,
        configuration=bool(_at(can, "workspace.configuration")),
        register_configuration=bool(_at(can, "workspace.did_change_configuration.dynamic_registration")),
        register_watching=bool(_at(can, "workspace.did_change_watched_files.dynamic_registration")),
        literals=_at(can, "text_document.code_action.code_action_literal_support") is not None,
        markdown=not formats or types.MarkupKind.Markdown in formats,
        patient=name.lower().startswith(_PATIENT),
    )


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = getattr(value, name, None)
    return value
