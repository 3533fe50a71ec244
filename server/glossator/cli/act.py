"""The commands that ask about code: one for each action of the catalogue, made from its prompt file."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..action import Action, catalogue
from ..action.tools import Tools
from ..answer.compiling import Compilers
from ..answer.running import Runs
from ..answer.testing import Suite
from ..settings import Settings, SettingsError, asking, folders, load, merge
from . import place as places
from . import present
from .session import Session
from .trouble import told


@functools.cache
def actions() -> dict[str, Action]:
    """The catalogue by name; problems in the user's own prompt files are said once on standard error."""
    user = Path(load().prompts).expanduser() if load().prompts else folders().config / "prompts"
    found, problems = catalogue.load(catalogue.prompts_folder(), user)
    for problem in problems:
        present.note(f"glossator: {problem}")
    return found


def command_name(action: Action) -> str:
    """`write_tests` is typed `write-tests`."""
    return action.name.replace("_", "-")


OPTIONS = [
    click.option(
        "--model", metavar="NAME|PATH", help="A model of the catalogue (or the server), or a GGUF file; once."
    ),
    click.option("--pull", is_flag=True, help="Fetch the model first when it is not here."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    click.option("--seed", type=int, default=0, help="Another seed may give another answer."),
    click.option("--no-cache", is_flag=True, help="Neither use nor keep a remembered answer."),
    click.option("--show-thinking", is_flag=True, help="Print thoughts even where standard error is no terminal."),
    click.option("--show-prompt", is_flag=True, help="Print what would be sent to the model, and stop."),
    click.option("--language", metavar="ID", default="", help="The language, where the file's name does not tell."),
]
EDIT_OPTIONS = [
    click.option("--diff", is_flag=True, help="Print the edit as a diff (the default)."),
    click.option("--apply", "apply", is_flag=True, help="Write the edit into the file."),
]
CANDIDATE = click.option(
    "--candidate", type=click.IntRange(min=1), default=1, metavar="N", help="Of several edits the N-th likeliest."
)
RUN_OPTIONS = [
    click.option("--run-examples", is_flag=True, help="Run the docstring's examples on edits of Python, in a sandbox."),
    click.option(
        "--run-tests", metavar="COMMAND", help="Run this command on edits, in a sandbox: tests that must pass."
    ),
]


def command(action: Action) -> click.Command:
    """The shell command of `action`; with `--long` where the catalogue has a longer one, as `explain_more`."""
    longer = actions().get(f"{action.name}_more")

    def callback(**values: Any) -> None:
        with told():
            raise SystemExit(ask(longer if longer and values.pop("long") else action, **values))

    wrapped: Callable[..., None] = callback
    options = OPTIONS + (EDIT_OPTIONS if action.kind in ("edit", "new_file") else [])
    options += RUN_OPTIONS if action.kind == "edit" else []
    for option in reversed([*options, CANDIDATE] if action.strategy == "search" else options):
        wrapped = option(wrapped)
    if longer:
        wrapped = click.option("--long", is_flag=True, help=longer.help)(wrapped)
    if action.takes_instruction:
        wrapped = click.argument("instruction", required=action.needs_instruction)(wrapped)
    wrapped = click.argument("where", metavar="PATH[:SYMBOL|:LINE[-LINE]]")(wrapped)
    return click.command(command_name(action), help=action.help, short_help=action.help.split("\n")[0])(wrapped)


def ask(action: Action, *, where: str, instruction: str | None = None, **options: Any) -> int:
    """Run `action` on what `where` names; returns the exit code."""
    place = places.parse(where)
    source = places.read(place.path)
    if options.get("candidate", 1) > 1 and not (place.symbol or place.lines):
        raise click.UsageError(f"--candidate is for one definition: {where}:SYMBOL")
    settings = _settings(options)
    if options["pull"]:
        from .model import fetch_if_missing

        fetch_if_missing(settings)
    session = Session(
        action=action,
        source=source,
        place=place,
        instruction=instruction or "",
        settings=settings,
        language=options["language"],
        seed=options["seed"],
        use_cache=not options["no_cache"],
        as_json=options["as_json"],
        apply=options.get("apply", False),
        candidate=options.get("candidate", 1),
        show_thinking=options["show_thinking"],
        show_prompt=options["show_prompt"],
        tools=_tools(settings, place.path),
    )
    return asyncio.run(session.run())


def _tools(settings: Settings, path: Path) -> Tools:
    """What edits of a file are checked with."""
    command = settings.run.tests
    return Tools(
        Compilers(functools.partial(places.opened, path), place=folders().cache / "checks"),
        Runs() if settings.run.examples else None,
        Suite(command, functools.partial(places.workspaces, path)) if command else None,
    )


def _settings(options: dict[str, Any]) -> Settings:
    settings = asking(load(), options["model"])
    changes: dict[str, Any] = {}
    if options["no_cache"]:
        changes["cache"] = dataclasses.replace(settings.cache, enabled=False)
    if options.get("run_examples"):
        changes["run"] = dataclasses.replace(settings.run, examples=True)
    settings = dataclasses.replace(settings, **changes)
    if (command := options.get("run_tests")) is None:
        return settings
    try:
        return merge(settings, {"run": {"tests": shlex.split(command)}})
    except (ValueError, SettingsError) as error:
        raise click.UsageError(f"--run-tests {command!r} is no command: {error}") from error
