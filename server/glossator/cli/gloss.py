"""`glossator gloss`: the definitions of a file or folder explained, and their margin edition written as a site."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..settings import Settings, asking, folders, load
from . import act, present
from .trouble import ANSWERED, INTERRUPTED, TROUBLE, stop, told

if TYPE_CHECKING:
    from ..action.gloss import Part, Place, Told
    from ..action.sources import Sources
    from ..site import Edition, Source
    from .glossing import Spread, Wish, Work

ACTION = "explain"


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--html", metavar="OUT", type=click.Path(path_type=Path), help="Write a site to the folder OUT.")
@click.option("--only", metavar="PATTERN", multiple=True, help="Ask about NAME, FILE or FILE:NAME that fits.")
@click.option("--limit", metavar="N", type=click.IntRange(min=0), help="Ask about N definitions at most.")
@click.option("--remembered", is_flag=True, help="Ask nothing: only what is remembered. Starts no engine.")
@click.option("--dry-run", is_flag=True, help="Print what there is to do and what it will probably cost, and stop.")
@click.option("--model", metavar="NAME|PATH", help="A model of the catalogue or a GGUF file, for this once.")
@click.option("--pull", is_flag=True, help="Fetch the model first when it is not here.")
@click.option("--pack", metavar="OUT", type=click.Path(path_type=Path), help="Write what is known then to a pack.")
@click.option("--ray", metavar="local|HOST:PORT", default="", help="Have workers on Ray ask: here, or on a cluster.")
@click.option("--workers", metavar="N", type=click.IntRange(min=1), help="How many; each has an engine of its own.")
def gloss(path: Path, *, model: str | None, pull: bool, ray: str, workers: int | None, **options: Any) -> None:
    """Explain all definitions of a file or folder, beside its code.

    Explanations are remembered: a second run asks only what is new, and one that was stopped goes on. With --html they
    stand in the margins of a site that opens from the disk. With --ray many workers ask, docs/GLOSS.md says how.
    """
    from .glossing import Wish

    with told():
        settings = asking(load(), model or "")
        html, pack = options.pop("html"), options.pop("pack")
        wish = Wish(**options)
        if wish.remembered and not settings.cache.enabled:
            raise click.UsageError("--remembered: nothing is remembered, cache.enabled is off in your settings")
        spread = _spread(ray, workers, settings)
        if pack is not None:
            from .packs import check

            check(pack, settings)
        if pull:
            from .model import fetch_if_missing

            fetch_if_missing(settings)
        raise SystemExit(_run(path, wish, settings, html=html, pack=pack, spread=spread))


def _spread(ray: str, workers: int | None, settings: Settings) -> Spread | None:
    """Who asks in the place of the engine, if anybody does."""
    if not ray:
        if workers:
            raise click.UsageError("--workers: of what? --ray local, or --ray HOST:PORT for a cluster")
        return None
    from .spreading import spread

    if not settings.cache.enabled:
        raise click.UsageError("--ray: what workers bring is not remembered, cache.enabled is off in your settings")
    return spread(ray, workers or 0, settings, act.actions()[ACTION])


def _run(
    path: Path, wish: Wish, settings: Settings, *, html: Path | None, pack: Path | None, spread: Spread | None
) -> int:
    from ..action.sources import sources
    from ..action.workspaces import Workspaces
    from ..engine.choose import open_engine, open_ledger
    from .glossing import worked

    if html is not None:
        _check(html)  # better known before an hour of work than after it
    found = sources(path)
    around = Workspaces(folders().cache / "index" if settings.index.enabled else None)
    try:
        ledger = open_ledger(settings, folders())
        engine = open_engine(settings, folders(), ledger)
        done = asyncio.run(worked(wish, found, act.actions()[ACTION], engine, around, ledger=ledger, spread=spread))
    finally:
        around.close()
    if not done.ready:
        stop("stopped", INTERRUPTED)
    if wish.dry_run:
        return ANSWERED
    if html is not None:
        _write(html, _edition(found, done))
    if pack is not None:
        from .packs import export_of

        export_of(pack, path, settings, force=True)
    return _ended(done)


def _check(html: Path) -> None:
    from ..site.folder import NotOurs, check

    try:
        check(html)
    except NotOurs as error:
        raise click.UsageError(str(error)) from error


def _write(html: Path, edition: Edition) -> None:
    from ..site.build import build
    from ..site.folder import write

    _check(html)
    count = write(html, build(edition))
    click.echo(html / "index.html")
    present.note(f"{count} pages")


def _ended(done: Work) -> int:
    """What came of it, in a line, and the exit code."""
    by = f" by {done.model}" if done.explained else ""
    present.note(f"{done.explained} of {done.count} definitions explained{by}")
    if done.stopped:
        stop("stopped; what was explained is remembered, and the same command goes on", INTERRUPTED)
    if done.trouble:
        stop(done.trouble, TROUBLE)
    return ANSWERED


def _edition(found: Sources, done: Work) -> Edition:
    from ..site import Edition

    sources = tuple(_source(part, done.known) for part in done.parts)
    return Edition(found.folder.name or "/", sources, done.model if done.explained else "")


def _source(part: Part, known: Mapping[Place, Told]) -> Source:
    """A file as its page needs it."""
    from ..action.facts_told import facts_told
    from ..code.tree import parse
    from ..site import Gloss, Source

    tree = parse(part.source.text, part.source.language)
    glosses = []
    for place, symbol in sorted(part.places(), key=lambda each: (each[1].span.start, -each[1].span.end)):
        said = known.get(place)
        facts = tuple(facts_told(tree, symbol, place=False))
        glosses.append(Gloss(symbol, facts, said.text, said.why) if said else Gloss(symbol, facts))
    return Source(part.source.path, part.source.text, tuple(glosses), part.links)
