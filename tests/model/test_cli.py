"""The shell with the real 0.5B model: answers, edits that keep the code, and no network."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.model

SOURCE = '''"""Small sums."""


def area(width, height):
    return width * height


def total_area(rooms):
    result = 0
    for width, height in rooms:
        result += area(width, height)
    return result
'''

GUARD = """
import socket, sys
real = socket.socket
class Guarded(real):
    def connect(self, address):
        if self.family != getattr(socket, "AF_UNIX", None):
            raise OSError(f"the network was used: {address}")
        return super().connect(address)
socket.socket = Guarded
sys.argv = ["glossator", *sys.argv[1:]]
from glossator.__main__ import main
main()
"""


class Shell:
    """A folder with a file, and a home of its own that uses the real model."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder, self.model = folder, model
        self.file = folder / "areas.py"
        self.file.write_text(SOURCE)

    def run(self, *arguments: str, before: tuple[str, ...] = (), python: tuple[str, ...] = ()) -> tuple[int, str, str]:
        environment = os.environ | {
            "GLOSSATOR_HOME": str(self.folder / "home"),
            "GLOSSATOR_MODEL": str(self.model),
            "GLOSSATOR_ENGINE_IDLE_SECONDS": "0",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        }
        command = [*before, sys.executable, *(python or ("-m", "glossator")), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=self.folder, timeout=280, check=False
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def shell(tmp_path: Path, model_05b: Path) -> Shell:
    return Shell(tmp_path, model_05b)


def test_explains_and_remembers(shell: Shell) -> None:
    """An explanation names what the code does; moved and reformatted, the function is explained from disk."""
    code, out, err = shell.run("explain", "areas.py:total_area")
    assert code == 0, err
    assert "area" in out.lower()
    shell.file.write_text(
        "import os\n" * 20
        + SOURCE.replace("result += area(width, height)", "result += area(\n            width, height,\n        )")
    )
    code, again, _ = shell.run("explain", "areas.py:total_area", "--json")
    found = json.loads(again)
    assert (code, found["remembered"], found["answer"]) == (0, True, out.strip())


def test_document_changes_no_code(shell: Shell) -> None:
    """`document --apply` adds a docstring, and the syntax tree without docstrings is what it was."""
    code, _, err = shell.run("document", "areas.py:area", "--apply")
    assert code == 0, err
    tree = ast.parse(shell.file.read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "area")
    assert ast.get_docstring(function)
    del function.body[0]
    assert ast.dump(tree) == ast.dump(ast.parse(SOURCE))


def test_no_network_is_tried(shell: Shell) -> None:
    """With every socket but local ones refused, an answer comes all the same."""
    code, out, err = shell.run("explain", "areas.py:area", python=("-c", GUARD))
    assert code == 0, err
    assert out.strip()


@pytest.mark.skipif(
    not shutil.which("unshare")
    or subprocess.run(["unshare", "--net", "--map-root-user", "true"], capture_output=True, check=False).returncode
    != 0,
    reason="this system gives no network namespace to this user",
)
def test_without_any_network(shell: Shell) -> None:
    """In a network namespace without any interface, the engine process included, an answer comes."""
    code, out, err = shell.run("explain", "areas.py:area", before=("unshare", "--net", "--map-root-user"))
    assert code == 0, err
    assert out.strip()
