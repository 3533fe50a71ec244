"""`glossator context`, and shell commands that know the other files of a workspace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHOP = Path(__file__).parent / "repos" / "shop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop")
    home = tmp_path / "home" / "config"
    home.mkdir(parents=True)
    (home.parent / "script.toml").write_text('[[answer]]\ntext = "It sells."\n')
    (home / "config.toml").write_text(f"backend = 'scripted'\nscript = '{home.parent / 'script.toml'}'\n")
    return tmp_path / "shop"


def shell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"GLOSSATOR_HOME": str(folder.parent / "home")}
    command = [sys.executable, "-m", "glossator", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr
    return done


def test_context(shop: Path) -> None:
    """It prints what would be shown, from where, why and how many tokens; the index is kept."""
    done = shell(shop, "context", "shop/checkout.py:price_after")
    assert done.returncode == 0, done.stderr
    assert "shop/rules.py:4  reduced  (calls; imported; " in done.stdout and "    return 4321" in done.stdout
    assert "shop/till.py:7  ring_up  (called by; imported; " in done.stdout
    assert "from 2 other files" in done.stderr
    assert len(list((shop.parent / "home" / "cache" / "index").glob("*.jsonl"))) == 1


def test_context_json(shop: Path) -> None:
    """`--json` prints one object with a row for each piece."""
    found = json.loads(shell(shop, "context", "shop/checkout.py:4-5", "--json").stdout)
    assert found["tokens"] > 0
    assert [(each["path"], each["name"], each["why"]) for each in found["beyond"]][:1] == [
        ("shop/rules.py", "reduced", "calls")
    ]
    assert all(each["tokens"] > 0 and each["code"] and each["fingerprint"] for each in found["beyond"])


def test_where_there_is_nothing(shop: Path) -> None:
    """A file alone has nothing in other files, and a place must be named."""
    alone = shop.parent / "alone.py"
    alone.write_text("def f(): return g()\n")
    done = shell(shop.parent, "context", "alone.py:f")
    assert (done.returncode, done.stdout) == (0, "") and "nothing in other files" in done.stderr
    assert shell(shop, "context", "shop/checkout.py").returncode == 2


def test_actions_use_it(shop: Path) -> None:
    """An action shows the model the other file, unless the index is switched off."""
    done = shell(shop, "explain", "shop/checkout.py:price_after", "--show-prompt")
    assert "from `shop/rules.py`" in done.stdout and "return 4321" in done.stdout
    config = shop.parent / "home" / "config" / "config.toml"
    config.write_text(config.read_text() + "[index]\nenabled = false\n")
    done = shell(shop, "explain", "shop/checkout.py:price_after", "--show-prompt")
    assert done.stdout and "4321" not in done.stdout
