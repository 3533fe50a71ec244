"""`glossator context`: what a model would be shown of other files beside a definition, from where and why."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from ..action.target import Target, target_at
from ..code import Span
from ..code.piece import Piece
from ..engine import EngineError
from ..engine.choose import open_engine
from ..settings import Settings, folders, load
from . import place as places
from . import present
from .trouble import ANSWERED, told
from .workspaces import completed

HOW = {
    "import": "imported",
    "package": "same package",
    "include": "included",
    "class": "the receiver's class",
    "name": "nothing else has this name",
}
_LETTERS_A_TOKEN = 3.5  # of code, where there is no model to count


@click.command()
@click.argument("where", metavar="PATH:SYMBOL|PATH:LINE[-LINE]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--language", metavar="ID", default="", help="The language, where the file's name does not tell.")
def context(where: str, as_json: bool, language: str) -> None:
    """What the model is shown of other files, from where and why."""
    with told():
        place = places.parse(where)
        source = places.read(place.path)
        options: dict[str, Any] = {"language_id": language}
        if place.lines:
            options["span"] = Span(*source.span_of(place.lines))
        elif place.symbol:
            options["name"] = place.symbol
        else:
            raise click.UsageError("say which definition or lines: PATH:SYMBOL or PATH:LINE-LINE")
        settings = load()
        (target,) = completed([target_at(source.text, str(place.path), **options)], settings)
        tokens, exact = asyncio.run(_count(settings, [target.code, *(each.code for each in target.beyond)]))
        if as_json:
            click.echo(json.dumps(_json(target, tokens, exact), ensure_ascii=False, indent=2))
        else:
            _show(target, tokens, exact)
        raise SystemExit(ANSWERED)


async def _count(settings: Settings, texts: list[str]) -> tuple[list[int], bool]:
    """Tokens of each, and whether the model counted them: without one they are estimated."""
    try:
        engine = open_engine(settings, folders())
        try:
            return list(await engine.count(texts)), settings.backend != "remote"
        finally:
            await engine.close()
    except (EngineError, OSError):
        return [round(len(text) / _LETTERS_A_TOKEN) for text in texts], False


def _json(target: Target, tokens: list[int], exact: bool) -> dict[str, Any]:
    return {
        "path": target.path,
        "symbol": target.symbol.qualified if target.symbol else None,
        "tokens": tokens[0],
        "exact": exact,
        "beyond": [
            {
                "path": each.path,
                "line": each.line,
                "name": each.name,
                "why": each.why,
                "how": each.how,
                "tokens": count,
                "title": each.title,
                "code": each.code,
                "fingerprint": each.fingerprint,
            }
            for each, count in zip(target.beyond, tokens[1:], strict=True)
        ],
    }


def _show(target: Target, tokens: list[int], exact: bool) -> None:
    about = "" if exact else "about "
    for each, count in zip(target.beyond, tokens[1:], strict=True):
        present.show_plain(
            f"{_place(each)}  {each.name}  ({each.why}; {HOW.get(each.how, each.how)}; {about}{count} tokens)"
        )
        present.show_plain("".join(f"    {row}".rstrip() + "\n" for row in each.code.split("\n")))
    total = sum(tokens[1:])
    files = len({each.path for each in target.beyond})
    present.note(
        f"{target.title}: {about}{tokens[0]} tokens, and {about}{total} from {files} other file{'s' * (files != 1)}"
        if target.beyond
        else f"{target.title}: nothing in other files"
    )


def _place(piece: Piece) -> str:
    return f"{piece.path}:{piece.line}"
