"""Our values <-> the protocol's: offsets and positions, spans and ranges, edits and text edits.

The only place where offsets of ours meet lines and code units of a client; it knows nothing of jobs or models.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from lsprotocol import types

from ..answer.edit import Edit
from ..code import Span
from . import units
from .documents import Change, Snapshot
from .units import Encoding


def encoding_of(name: str | types.PositionEncodingKind | None) -> Encoding:
    """The negotiated encoding as a plain word."""
    value = str(getattr(name, "value", name))
    return "utf-8" if value == "utf-8" else "utf-32" if value == "utf-32" else "utf-16"


def position(snapshot: Snapshot, offset: int, encoding: Encoding) -> types.Position:
    """The position of an offset; between the two characters of a `\\r\\n` it is the line's end."""
    starts = snapshot.starts
    offset = max(0, min(offset, len(snapshot.raw)))
    line = bisect_right(starts, offset) - 1
    if line + 1 < len(starts) and offset and snapshot.raw[offset - 1 : offset + 1] == "\r\n":
        offset -= 1
    return types.Position(line, units.length(snapshot.raw[starts[line] : offset], encoding))


def offset(snapshot: Snapshot, place: types.Position, encoding: Encoding) -> int:
    """The offset of a position; past a line's end it is the line's end, past the last line the text's end."""
    starts, text = snapshot.starts, snapshot.raw
    if place.line >= len(starts):
        return len(text)
    start = starts[place.line]
    end = starts[place.line + 1] if place.line + 1 < len(starts) else len(text)
    if place.line + 1 < len(starts):
        end -= 2 if text[end - 2 : end] == "\r\n" else 1
    return start + units.index(text[start:end], place.character, encoding)


def range_of(snapshot: Snapshot, span: Span, encoding: Encoding) -> types.Range:
    """The range of a span."""
    return types.Range(position(snapshot, span.start, encoding), position(snapshot, span.end, encoding))


def span_of(snapshot: Snapshot, where: types.Range, encoding: Encoding) -> Span:
    """The span of a range, in order even where the client sent it backwards."""
    ends = sorted((offset(snapshot, where.start, encoding), offset(snapshot, where.end, encoding)))
    return Span(ends[0], ends[1])


def change(event: types.TextDocumentContentChangeEvent) -> Change:
    """One edit of the client's."""
    if isinstance(event, types.TextDocumentContentChangePartial):
        start, end = event.range.start, event.range.end
        return Change(event.text, (start.line, start.character), (end.line, end.character))
    return Change(event.text)


def text_edits(snapshot: Snapshot, edits: Iterable[Edit], encoding: Encoding) -> list[types.TextEdit]:
    """Edits of ours as the client applies them."""
    return [types.TextEdit(range_of(snapshot, edit.span, encoding), edit.text) for edit in edits]


def workspace_edit(
    snapshot: Snapshot, edits: Sequence[Edit], encoding: Encoding, *, versioned: bool
) -> types.WorkspaceEdit:
    """The edit of one document, bound to the version that it was computed for where the client understands that."""
    changes = text_edits(snapshot, edits, encoding)
    if not versioned:
        return types.WorkspaceEdit(changes={snapshot.uri: changes})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=snapshot.uri, version=snapshot.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=document, edits=changes)])


def file_creation(uri: str, text: str, label: str, *, annotated: bool) -> types.WorkspaceEdit:
    """A new file with its text, never over another one; `annotated`: the client asks its user before."""
    name = "glossator" if annotated else None
    nowhere = types.Range(types.Position(0, 0), types.Position(0, 0))
    content: types.TextEdit | types.AnnotatedTextEdit = types.TextEdit(nowhere, text)
    if name:
        content = types.AnnotatedTextEdit(annotation_id=name, range=nowhere, new_text=text)
    options = types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
    return types.WorkspaceEdit(
        document_changes=[
            types.CreateFile(uri=uri, options=options, annotation_id=name),
            types.TextDocumentEdit(
                text_document=types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None), edits=[content]
            ),
        ],
        change_annotations={name: types.ChangeAnnotation(label=label, needs_confirmation=True)} if name else None,
    )
