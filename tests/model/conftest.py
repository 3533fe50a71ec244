"""What tests with the real model or its vocabulary share."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from gguf_family import Workshop

_spec = importlib.util.spec_from_file_location("headless_editor", Path(__file__).parent.parent / "e2e" / "conftest.py")
assert _spec and _spec.loader
_editor = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_editor)
open_editor = _editor.open_editor


@pytest.fixture(scope="session")
def workshop(model_05b: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Makes small models of real families."""
    made = Workshop(model_05b, tmp_path_factory.mktemp("families"))
    yield made
    made.close()
