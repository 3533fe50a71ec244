"""A margin edition in a real browser, opened from the disk."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from glossator.action import gloss
from glossator.action.facts_told import facts_told
from glossator.action.sources import sources
from glossator.action.workspaces import Workspaces
from glossator.code.tree import parse
from glossator.site import Edition, Gloss, Source
from glossator.site.build import build
from glossator.site.folder import write

pytestmark = pytest.mark.editor

HERE = Path(__file__).parent
SHOP = HERE.parents[1] / "repos" / "shop"


@pytest.fixture
def edition(tmp_path: Path) -> Path:
    """The pages of the small shop, each definition with an explanation."""
    shutil.copytree(SHOP, tmp_path / "shop")
    found = []
    for part in gloss.survey(sources(tmp_path / "shop").files, Workspaces(tmp_path / "index")):
        tree = parse(part.source.text, part.source.language)
        told = tuple(
            Gloss(each, tuple(facts_told(tree, each, place=False)), f"`{each.name}` is what it *is*.")
            for each in part.symbols
        )
        found.append(Source(part.source.path, part.source.text, told, part.links))
    write(tmp_path / "site", build(Edition("shop", tuple(found), "scripted")))
    return tmp_path / "site"


def test_pages(edition: Path, browser: Any, tmp_path: Path) -> None:
    """A page opens from the disk without a request or an error, search and links lead on, and the switch holds."""
    names = {"PLAYWRIGHT": browser.playwright, "BROWSER": browser.browser, "SITE": edition, "SHOTS": tmp_path}
    names |= {"PAGE": "shop~checkout.py.html", "WORD": "ring", "REPORT": tmp_path / "report.json"}
    driver = HERE / "pages/pages.mjs"
    environment = {name: str(value) for name, value in names.items()}
    done = subprocess.run(
        [browser.node, driver], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n(pictures in {tmp_path})"
    seen = json.loads((tmp_path / "report.json").read_text())
    assert seen["errors"] == []
    assert all(each.startswith("file://") and each.partition("#")[0].endswith(".html") for each in seen["requests"])
    assert seen["count"] == "1 found" and "ring_up" in seen["found"][0] and "ring_up" in seen["focused"]
    assert seen["landed"] == ["shop~till.py.html", "#d.ring_up"]
    assert all(each["right"] and 0 <= each["down"] < 12 for each in seen["beside"]) and seen["beside"]
    assert seen["wide"] and seen["fits"]
    assert seen["jumped"] == ["shop~rules.py.html", "#d.reduced"]
    assert seen["outline"] == "solid"
    assert seen["light"] != seen["dark"] == seen["kept"] and seen["pressed"] == "true"
    assert seen["printed"] == "rgb(255, 255, 255)"
    assert (seen["folded"], seen["unfolded"]) == (0, 1) and seen["under"]
    assert (seen["still"], seen["controls"]) == (1, 0)
