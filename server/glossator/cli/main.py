"""The command line's table of contents: the fixed commands, and one command for each action that prompt files define.

Knows no action by name: a user's own prompt file appears here by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import click

from .. import __version__
from .trouble import told

FIXED: Mapping[str, tuple[str, ...]] = {
    "cache": ("packs",),
    "context": (),
    "doctor": (),
    "engine": (),
    "gloss": (),
    "logs": (),
    "model": ("quantize",),
    "serve": (),
    "stats": (),
}
"""Commands by their names, which are those of their modules, and the modules with more commands of a group. One is
loaded when it is asked for: an editor that starts the server waits for nothing else."""


class Commands(click.Group):
    """Fixed commands first; every action of the catalogue after them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Actions in the catalogue's order, then the fixed commands."""
        from . import act

        with told():
            names = [act.command_name(action) for action in act.actions().values()]
        return names + sorted(FIXED)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """A fixed command, or the action of that name."""
        if name in FIXED:
            module = import_module(f".{name}", __package__)
            for more in FIXED[name]:
                import_module(f".{more}", __package__)
            return cast("click.Command", getattr(module, name))
        from . import act

        with told():
            found = {act.command_name(action): action for action in act.actions().values()}
        return act.command(found[name]) if name in found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """`write_tests` is understood as `write-tests`."""
        if args and not args[0].startswith("-"):
            args = [args[0].replace("_", "-"), *args[1:]]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Two lists in the help: what can be asked, and what keeps the house."""
        for title, names in (
            ("Ask about code", [name for name in self.list_commands(ctx) if name not in FIXED]),
            ("Keep the house", sorted(FIXED)),
        ):
            rows: list[tuple[str, Any]] = []
            for name in names:
                command = self.get_command(ctx, name)
                if command is not None:
                    rows.append((name, command.get_short_help_str(80)))
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="glossator %(version)s")
def glossator() -> None:
    """Reason about code with a local model, offline.

    \b
    glossator explain src/tree.py:Tree.insert     what it does
    glossator fix src/tree.py:40-60               a checked edit, as a diff
    glossator refactor src/tree.py:walk "use a comprehension" --apply
    glossator gloss src --html out                all definitions explained, as a site
    glossator serve                               the language server, for editors

    Answers go to standard output; thoughts and progress to standard error.
    Exit codes: 0 answered, 1 refused, 2 wrong usage, 3 trouble with the engine or the model.
    """
