"""The code action menu: what can be asked here. Answered from syntax and prompt files alone, never by the model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from lsprotocol.converters import get_converter

from ..action import Action, candidates, run
from ..action.catalogue import fitting
from ..action.outcome import Proposal
from ..action.target import Target
from ..code.annotations import annotated
from ..code.threads import in_turn
from ..code.tree import Tree
from ..engine import EngineError
from . import convert
from .candidates import turned
from .documents import Snapshot
from .hover import RECALL_SECONDS
from .places import diagnostic_texts, target_of
from .refused import Refused

if TYPE_CHECKING:
    from .server import Server

LLM = types.CodeActionTag.LlmGenerated
_CONVERTER = get_converter()
CHOICE = "refactor.rewrite.glossator"  # the kind of what leads from one repair to the next
STANDARD = ("quickfix", "refactor", "source")


def kind_of(action: Action) -> str:
    """The action's kind in the protocol's hierarchy, ending in our name, or beginning with it."""
    if action.offer.split(".")[0] in STANDARD:
        return f"{action.offer}.glossator"
    return action.offer if action.offer.startswith("glossator") else f"glossator.{action.offer}"


def wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether the client asked for this kind: a kind stands for all below it."""
    return only is None or any(not each or kind == each or kind.startswith(f"{each}.") for each in map(_word, only))


async def menu(ls: Server, snapshot: Snapshot, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The entries for a place."""
    context = params.context
    tree = await ls.trees.of(snapshot)
    try:
        target = await target_of(ls, snapshot, params.range)
    except Refused:  # blanks are selected
        return []
    diagnostics = list(context.diagnostics) or _parse_errors(ls, snapshot, tree, params.range)
    offered = fitting(
        ls.actions,
        kind="" if target.selection else target.kind,
        language=target.language.id if target.language else "",
        selection=target.selection,
        diagnostics=bool(diagnostics),
        annotated=target.tree is not None and target.symbol is not None and annotated(target.tree, target.symbol),
    )
    shown = [
        action
        for action in offered
        if wanted(kind := kind_of(action), context.only) and (diagnostics or not kind.startswith("quickfix"))
    ]
    told = {action.name: diagnostics if "diagnostic" in action.applies else [] for action in shown}
    entries = [_entry(action, target, snapshot.uri, params.range, told[action.name]) for action in shown]
    if not ls.client.apply_edit and ls.client.literals:  # what cannot be sent is held by the entries
        known = await asyncio.gather(
            *(_remembered_edit(ls, action, snapshot, params.range, told[action.name]) for action in shown)
        )
        for entry, found in zip(entries, known, strict=True):
            entry.edit, entry.command = found, None if found else entry.command  # or it would be asked for again
    choices = await _choices(ls, snapshot, tree, params)
    offers = [entry.edit for entry in entries if entry.edit is not None]
    return [choice for choice in choices if choice.edit is None or choice.edit not in offers] + entries


def _entry(
    action: Action, target: Target, uri: str, where: types.Range, diagnostics: list[types.Diagnostic]
) -> types.CodeAction:
    name = "" if target.selection else target.name
    title = action.title_for(name=name, kind=target.kind)
    argument: dict[str, Any] = {"action": action.name, "uri": uri, "range": where}
    if diagnostics:
        argument["diagnostics"] = _plain(diagnostics)
    return types.CodeAction(
        title=title,
        kind=kind_of(action),
        diagnostics=diagnostics or None,
        command=types.Command(title=title, command="glossator.run", arguments=[argument]),
        tags=[LLM],
    )


async def _choices(
    ls: Server, snapshot: Snapshot, tree: Tree | None, params: types.CodeActionParams
) -> list[types.CodeAction]:
    """Ways to the next and the previous of what the last search here found, while one of them is in the text.

    To a client that takes no edits also the edit of a job that found a single one, until it is in the text.
    """
    jobs = ls.jobs.choosable(snapshot.uri, least=2 if ls.client.apply_edit else 1)
    if not jobs or not wanted(CHOICE, params.context.only):
        return []
    where = convert.span_of(snapshot, params.range, ls.documents.encoding)
    ready: list[types.CodeAction] = []
    for job in jobs:
        entries = []
        single = len(candidates.found(job.outcome)) == 1
        for by, word in ((1, "next"), (-1, "previous")):
            turn = await in_turn(len(snapshot.text), turned, job, snapshot.text, tree, by)
            if turn is None or not turn.part.holds(where):
                break
            if single and (by < 0 or not turn.number):  # both ways lead to the same, and back leads undo
                break
            title = f"{job.title}: {word} ({candidates.named(job.outcome, turn.number)})"
            if single:
                title = f"{job.title}: apply the edit"
            entry = types.CodeAction(title=title, kind=CHOICE, tags=[LLM])
            if ls.client.apply_edit:
                entry.command = types.Command(title=title, command=f"glossator.{word}", arguments=[{"job": job.id}])
            else:
                entry.edit = convert.workspace_edit(
                    snapshot, turn.edits, ls.documents.encoding, versioned=ls.client.versioned
                )
            entries.append(entry)
        if entries and not single:
            return ready + entries
        ready += entries
    return ready


def _parse_errors(ls: Server, snapshot: Snapshot, tree: Tree | None, where: types.Range) -> list[types.Diagnostic]:
    """Syntax errors in the lines of the range: for clients that tell a server only of its own diagnostics."""
    if tree is None:
        return []
    lines = range(where.start.line, where.end.line + 1)
    found = []
    for span in tree.errors():
        place = convert.range_of(snapshot, span, ls.documents.encoding)
        if place.start.line in lines or place.end.line in lines:
            found.append(types.Diagnostic(place, "syntax error", types.DiagnosticSeverity.Error, source="glossator"))
    return found[:3]


async def _remembered_edit(
    ls: Server, action: Action, snapshot: Snapshot, where: types.Range, diagnostics: list[types.Diagnostic]
) -> types.WorkspaceEdit | None:
    """A checked answer that is known already, for clients to which edits cannot be sent: to the very question that the
    entry would ask."""
    engine = ls.opening.now
    if action.kind != "edit" or engine is None:
        return None
    said = diagnostic_texts(snapshot, _plain(diagnostics))
    target = await ls.indexes.completed(await target_of(ls, snapshot, where, said))
    recall = partial(run.recall, action, target, engine, tools=ls.tools)
    try:
        outcome = await asyncio.wait_for(in_turn(len(snapshot.text), recall), RECALL_SECONDS)
    except (EngineError, TimeoutError):
        return None
    if not isinstance(outcome, Proposal):
        return None
    return convert.workspace_edit(snapshot, outcome.edits, ls.documents.encoding, versioned=ls.client.versioned)


def _plain(diagnostics: list[types.Diagnostic]) -> list[Any]:
    """As a client sends them back in a command's argument."""
    return [_CONVERTER.unstructure(each) for each in diagnostics]


def _word(kind: Any) -> str:
    return str(getattr(kind, "value", kind))
