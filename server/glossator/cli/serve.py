"""`glossator serve`: the language server over standard input and output."""

from __future__ import annotations

import click

from ..settings import load
from .trouble import told


@click.command()
@click.option(
    "--stdio", is_flag=True, hidden=True, help="Accepted because editors send it; standard streams are always used."
)
def serve(stdio: bool) -> None:
    """Run the language server; an editor starts this."""
    from ..lsp.server import serve as run

    with told():
        settings = load()
        raise SystemExit(run(settings))
