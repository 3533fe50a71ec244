"""A question whose answer stands in another file, asked of the real 0.5B model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.model

SHOP = Path(__file__).parent.parent / "repos" / "shop"


def answer(folder: Path, model: Path) -> str:
    environment = os.environ | {
        "GLOSSATOR_HOME": str(folder / "home"),
        "GLOSSATOR_MODEL": str(model),
        "GLOSSATOR_ENGINE_IDLE_SECONDS": "0",
    }
    where, question = "shop/shop/checkout.py:price_after", "Which number does price_after(20) return?"
    command = [sys.executable, "-m", "glossator", "ask", where, question]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_file_has_the_answer(tmp_path: Path, model_05b: Path) -> None:
    """With the index the model says the number that another file defines; without it cannot know it."""
    shutil.copytree(SHOP, tmp_path / "shop")
    config = tmp_path / "home" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    assert "4321" in answer(tmp_path, model_05b)
    config.write_text("[index]\nenabled = false\n")
    assert "4321" not in answer(tmp_path, model_05b)
