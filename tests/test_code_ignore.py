"""Rules for what is left alone hold whatever a folder writes into them, and from the top of its repository on."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.code.ignore import Rules
from glossator.code.walk import files, wanted

STARS = "*a" * 14 + "*b"


@pytest.mark.parametrize("rule", [STARS, f"{STARS}/x", "**/" * 30 + "b", "/".join(["**", "a"] * 20) + "/b"])
def test_many_stars(rule: str) -> None:
    """A rule that could be matched in countless ways is matched at once, and leaves out what it was made for."""
    rules = Rules().within("", [rule])
    long = "a" * 240
    began = time.monotonic()
    for path in (long, f"{long}/{long}", "a/" * 60 + "c"):
        rules.leaves_out(path)
    assert time.monotonic() - began < 5
    assert rules.leaves_out("a" * 20 + "b" + "/x" * rule.endswith("/x")) or rule.startswith("**")
    assert rules.leaves_out("a/" * 40 + "b") or not rule.startswith("**")


@pytest.mark.parametrize("rule", ["[z-a]*", "[", "a[", "\\", "!", "[!a-", "***", "!" + STARS])
def test_no_pattern(rule: str) -> None:
    """A line that is no pattern costs neither the others nor an error."""
    rules = Rules().within("", [f"{rule}\nkept.py\n"])
    assert rules.leaves_out("kept.py")
    assert not Rules().within("", [rule]).leaves_out("other.py") or rule == "***"


@given(st.text("a*?[]!/\\z-.# ", max_size=30), st.text("ab/.", min_size=1, max_size=30))
def test_any_rule(rule: str, path: str) -> None:
    """Whatever a rule says, it is answered."""
    assert Rules().within("", [rule]).leaves_out(path) in (True, False)


def test_rules_above(tmp_path: Path) -> None:
    """What a repository ignores stays ignored where only a part of it is opened, by every rule from its top on."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    part = tmp_path / "packages" / "one"
    part.mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("private_*.py\n/packages/one/made.py\n")
    (tmp_path / "packages" / ".glossatorignore").write_text("one/sub/\n")
    (tmp_path / ".git" / "info" / "exclude").write_text("mine.py\n")
    (part / ".gitignore").write_text("!private_but_not.py\n")
    (part / "sub").mkdir()
    names = ["private_keys.py", "private_but_not.py", "made.py", "mine.py", "seen.py", "sub/deep.py"]
    for name in names:
        (part / name).write_text("x = 1\n")
    assert [each.path for each in files(part)] == ["private_but_not.py", "seen.py"]
    assert [name for name in names if wanted(part, name)] == ["private_but_not.py", "seen.py"]
