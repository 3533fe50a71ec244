"""`glossator cache export` and `import`: remembered answers as one file, to hand to others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from ..engine import EngineError, PackRefused
from ..engine.choose import open_engine
from ..engine.remembered import Remembered
from ..settings import Settings, folders, load
from . import present
from .cache import answers, cache
from .trouble import REFUSED, told

_READY_SECONDS = 10.0


@cache.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--workspace", metavar="PATH", type=click.Path(path_type=Path), help="Only what is known of a file or folder."
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export(file: Path, workspace: Path | None, force: bool) -> None:
    """Write remembered answers to FILE, a pack for others who use the same model.

    A pack holds what the model wrote, thoughts included: that quotes code, and an edit is code. docs/PACKS.md says what
    else it tells.
    """
    with told():
        export_of(file, workspace, load(), force=force)


def check(file: Path, settings: Settings) -> None:
    """Raise `click.UsageError` where a pack that may replace an older one cannot be written there."""
    from ..engine.pack import Pack

    if not settings.cache.enabled:
        raise click.UsageError("nothing is remembered: cache.enabled is off in your settings")
    if not file.parent.is_dir():
        raise click.UsageError(f"{file.parent}: no such folder")
    if file.is_symlink() or file.exists():
        try:
            Pack(file).close()
        except PackRefused as error:
            raise click.UsageError(f"it is not written over: {error}") from error


def export_of(file: Path, workspace: Path | None, settings: Settings, *, force: bool) -> None:
    """Write what is remembered (of `workspace`: None: all of it) to `file`, and tell of it."""
    from ..engine.remembered_pack import export as written

    keys = None if workspace is None else _of(workspace, settings)
    engine = answers()
    _ready(engine)
    manifest = written(engine, file, keys, force=force)
    click.echo(f"{file}: {manifest.answers} answers, {file.stat().st_size / 1e6:.1f} MB")
    for _, name, count in manifest.models:
        click.echo(f"{count} of {name}")
    if manifest.left_out:
        present.note(f"{manifest.left_out} left out: no import would take them (docs/PACKS.md)")
    elif not manifest.answers:
        present.note("nothing is remembered" + (f" of {workspace}" if workspace else ""))


@cache.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Where there is an answer, take the pack's.")
def import_(file: Path, replace: bool) -> None:
    """Remember the answers of FILE, a pack that someone else exported.

    Nothing in a pack is run and no file that it names is touched. Whether a model really said what is in it nobody can
    check: take packs from people whose explanations you would believe. Exit code 1 when answers were refused.
    """
    from ..engine.pack import Pack
    from ..engine.remembered_pack import take

    with told():
        if not load().cache.enabled:
            raise click.UsageError("nothing is remembered: cache.enabled is off in your settings")
        with Pack(file) as pack, present.Watch(f"import {file.name}", thoughts=False) as watch:
            engine = answers()
            _ready(engine)
            total = pack.manifest.answers
            found = take(engine, pack, over=replace, tell=lambda done: watch.stage("taking", done, total))
        click.echo(f"{found.taken} taken, {found.replaced} replaced, {found.known} known already")
        for why, count in sorted(found.refused.items()):
            present.note(f"{count} refused: {why}")
        _whose(pack.manifest.models)
        raise SystemExit(REFUSED if found.refused else 0)


def _whose(models: tuple[tuple[str, str, int], ...]) -> None:
    """Say so where the answers are of another model than the one in use: they are found only with that one."""
    try:
        engine = open_engine(load(), folders())
        digest = engine.model().digest
    except EngineError:
        return
    if models and all(each != digest for each, _, _ in models):
        names = ", ".join(sorted({name for _, name, _ in models}))
        present.note(f"they are of {names}, and found only with that model, not with {engine.model().name}")


def _of(workspace: Path, settings: Settings) -> frozenset[str]:
    """The keys of what is remembered of the definitions there, with the model in use."""
    from ..action.known import keys
    from ..action.sources import sources
    from ..action.workspaces import Workspaces
    from . import act

    engine = open_engine(settings, folders())
    if not isinstance(engine, Remembered):
        raise click.UsageError("nothing is remembered: cache.enabled is off in your settings")
    _ready(engine)
    actions = act.actions()
    asked = [*actions.values(), actions["explain"].brief(settings.hover.max_tokens)]
    around = Workspaces(folders().cache / "index" if settings.index.enabled else None)
    try:
        return keys(sources(workspace).files, asked, engine, around)
    finally:
        around.close()


def _ready(engine: Remembered) -> None:
    asyncio.run(engine.opened(_READY_SECONDS))
    if (state := engine.state()["state"]) != "on":
        raise EngineError(f"the remembered answers cannot be opened: {state}")
