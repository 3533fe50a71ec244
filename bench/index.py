"""What the index of a workspace costs: built anew, opened again, after an edit, and for one question.

`python -m bench.index FOLDER` prints seconds of the clock and of processors. Nothing of the folder is changed; what is
kept goes to a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glossator.action.target import target_at
from glossator.action.workspace import Workspace
from glossator.code.languages import language_of
from glossator.code.symbols import outline
from glossator.code.tree import parse
from glossator.code.walk import files


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the clock, and of this and its ended child processes' processors."""
    clock, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return time.perf_counter() - clock, sum(after[:4]) - sum(before[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    root = parser.parse_args().folder.resolve()
    found = list(files(root))
    lines = sum((root / each.path).read_bytes().count(b"\n") for each in found)
    with tempfile.TemporaryDirectory() as name:
        rows = []
        space = Workspace(root, Path(name) / "index")
        rows.append(("first build", *timed(space.refresh)))
        again = Workspace(root, Path(name) / "index")
        rows.append(("opened again", *timed(again.open)))
        rows.append(("looked at again", *timed(again.refresh)))
        largest = max(found, key=lambda each: each.size if each.size < 60_000 else 0)
        path = str(root / largest.path)
        text = (root / largest.path).read_text(encoding="utf-8")
        language = language_of(path)
        assert language is not None
        tree = parse(text, language)
        again.follow(path, tree)
        edited = tree.edited(text[: len(text) // 2] + "\n" + text[len(text) // 2 :])
        rows.append((f"an edit ({text.count(chr(10)):,} lines)", *timed(lambda: again.follow(path, edited))))
        targets = [
            target_at(text, path, tree=tree, name=symbol.qualified)
            for symbol in outline(tree)
            if symbol.kind in {"function", "method"} and symbol.body is not None
        ][:30]
        for title in ("a question, first time", "a question, again"):
            wall, busy = timed(lambda: [again.completed(each) for each in targets])
            rows.append((f"{title} (mean of {len(targets)})", wall / len(targets), busy / len(targets)))
        status = again.status()
        size = sum(each.stat().st_size for each in (Path(name) / "index").iterdir())
        print(f"{status.files:,} files, {lines:,} lines, {status.symbols:,} symbols, {size / 1e6:.1f} MB kept\n")
        for title, wall, busy in rows:
            print(f"{title:40} {wall * 1000:9.1f} ms  {busy * 1000:9.1f} ms of processors")


if __name__ == "__main__":
    main()
