"""Who may set what."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from glossator.action.tools import Tools
from glossator.lsp.configuration import first, later
from glossator.lsp.server import Server
from glossator.settings import Settings, folders, merge


def test_one_wrong_setting_costs_no_other() -> None:
    """A wrong value is told, and the right ones beside it are taken."""
    settings, problems = first(Settings(), {"hover": {"waitMs": 5}, "nonsense": 1, "model": "x"}, Path("/c"))
    assert (settings.hover.wait_ms, settings.model) == (5, "x")
    assert len(problems) == 1 and "nonsense" in problems[0]


@pytest.mark.parametrize("tree", [[1], "x", 5])
def test_no_table(tree: Any) -> None:
    """Options that are no table are told."""
    assert first(Settings(), tree, Path("/c")) == (
        Settings(),
        [f"settings: expected a table, got {type(tree).__name__}"],
    )


HOSTILE = [
    {"backend": "remote"},
    {"model": "/tmp/evil.gguf"},
    {"remote": {"baseUrl": "http://evil.example"}},
    {"remote.baseUrl": "http://evil.example"},
    {"prompts": "/tmp/evil"},
    {"script": "/tmp/evil"},
    {"trusted": True},
    {"cache": {"enabled": False}},
    {"local": {"threads": 99}},
    {"run": {"examples": True}},
    {"run.examples": True},
    {"run": {"tests": ["sh", "evil"]}},
    {"run.tests": ["sh", "evil"]},
]


@pytest.mark.parametrize("tree", HOSTILE)
def test_workspace_chooses_no_program(tree: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """What chooses a program, a file or an endpoint is not taken from the workspace, and the log says so."""
    with caplog.at_level(logging.INFO, "glossator"):
        assert later(Settings(), tree) == (Settings(), [])
    assert "not taken" in caplog.text
    assert later(Settings(trusted=True), tree)[0] != Settings(trusted=True) or tree == {"trusted": True}


def test_workspace_may_set_the_harmless() -> None:
    """How hovers behave may come from the workspace."""
    assert later(Settings(), {"hover": {"waitMs": 7}})[0].hover.wait_ms == 7


def test_defaults_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Editors send every setting with its default; that is no attempt."""
    with caplog.at_level(logging.INFO, "glossator"):
        later(Settings(), {"backend": "local", "model": "", "hover": {"waitMs": -1}})
    assert caplog.text == ""


def test_workspace_lets_no_code_be_run(tmp_path: Path) -> None:
    """Whatever the opened folder says, examples and tests are run only where the user's own settings say so."""
    server = Server(Settings(), folders({"GLOSSATOR_HOME": str(tmp_path)}))
    own = {"examples": True, "tests": ["sh", "tests"]}
    assert server.tools == Tools(server.compilers)
    for tree in ({"run": own}, {"run.examples": True, "run.tests": ["sh"]}, {"trusted": True, "run": own}):
        server.use_workspace_settings(tree)
        assert server.tools == Tools(server.compilers)
    server.base = merge(Settings(), {"run": own})
    server.use_workspace_settings({})
    assert server.tools.runs is server.runs
    assert server.tools.tests is not None and server.tools.tests.command == ("sh", "tests")
    server.use_workspace_settings({"run": {"tests": ["sh", "evil"]}})
    assert server.tools.tests is not None and server.tools.tests.command == ("sh", "tests")
