"""The table of contents of the command line: everything is there, and nothing is loaded that was not asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from glossator.cli.main import FIXED, glossator


def test_starting_loads_one_command() -> None:
    """An editor that starts the server waits for no other command's libraries."""
    asks = "from glossator.cli.main import glossator; glossator.get_command(None, 'serve')"
    told = f"{asks}; import sys; print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=120, check=True)
    loaded = set(ran.stdout.split())
    assert "glossator.cli.serve" in loaded
    assert not loaded & {"rich", "rich.console", "httpx2", "llama_cpp", "glossator.cli.act", "glossator.cli.doctor"}


@pytest.mark.parametrize("name", FIXED)
def test_every_command_tells_of_itself(name: str) -> None:
    """Its module has it under its name, with a help text; so have the commands of a group."""
    ran = CliRunner().invoke(glossator, [name, "--help"])
    assert ran.exit_code == 0 and ran.output.startswith(f"Usage: glossator {name} "), ran.output


@pytest.mark.parametrize(("group", "more"), [("cache", "export import"), ("model", "quantize compare")])
def test_groups_are_whole(group: str, more: str) -> None:
    """What other modules add to a group is there."""
    shown = CliRunner().invoke(glossator, [group, "--help"]).output
    assert all(f"  {each} " in shown for each in more.split())


def test_help_names_all() -> None:
    """Fixed commands and actions stand in the help, each list under its title."""
    shown = CliRunner().invoke(glossator, ["--help"]).output
    house = shown[shown.index("Keep the house:") :]
    assert all(f"  {name} " in house for name in FIXED)
    assert "  explain " in shown[: shown.index("Keep the house:")]
