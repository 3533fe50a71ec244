"""A workspace's index over its life: built, kept, renewed, asked; and what that does to remembered answers."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from glossator.action import indexers
from glossator.action.catalogue import load, prompts_folder
from glossator.action.run import Explanation, prompt_for, recall, run
from glossator.action.target import Target, target_at
from glossator.action.workspace import Workspace, root_of, sensible
from glossator.code.languages import language_of
from glossator.code.tree import parse
from glossator.engine import Finished, Request
from glossator.engine.remembered import Remembered
from glossator.engine.scripted import Rule, Scripted

SHOP = Path(__file__).parent / "repos" / "shop"
EXPLAIN = load(prompts_folder())[0]["explain"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "shop"
    shutil.copytree(SHOP, root)
    return root


def opened(root: Path) -> Workspace:
    space = Workspace(root, root.parent / "kept")
    space.open()
    space.refresh()
    return space


def target(root: Path, name: str = "price_after", file: str = "shop/checkout.py") -> Target:
    return target_at((root / file).read_text(), str(root / file), name=name)


def names(of: Target) -> list[str]:
    return [f"{each.why} {each.path}:{each.name}" for each in of.beyond]


def test_what_a_target_leans_on(shop: Path) -> None:
    """What it calls in another file comes first, then who calls it."""
    found = opened(shop).completed(target(shop))
    assert names(found) == ["calls shop/rules.py:reduced", "called by shop/till.py:ring_up"]
    assert "return 4321" in found.beyond[0].code


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no time of change that a program cannot set")
def test_a_time_that_was_set_back(shop: Path) -> None:
    """A file of the same size whose time of change was set to what it was is read anew all the same."""
    space, file = opened(shop), shop / "shop/rules.py"
    before = file.stat()
    assert "return 4321" in space.completed(target(shop)).beyond[0].code
    file.write_text(file.read_text().replace("return 4321", "return 1234"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "return 1234" in space.completed(target(shop)).beyond[0].code


def test_outside_of_the_workspace(shop: Path, tmp_path: Path) -> None:
    """A file elsewhere, a whole file and an unknown language are left as they are."""
    other = tmp_path / "checkout.py"
    shutil.copy(shop / "shop/checkout.py", other)
    space = opened(shop)
    whole = target_at((shop / "shop/till.py").read_text(), str(shop / "shop/till.py"))
    for each in (target_at(other.read_text(), str(other), name="price_after"), whole, target_at("x", "a.txt")):
        assert space.completed(each) is each


def test_kept_and_opened_again(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start parses only what changed meanwhile, and forgets what is gone; the folder is the user's alone."""
    opened(shop).close()
    assert (shop.parent / "kept").stat().st_mode & 0o077 == 0
    read: list[str] = []
    real = indexers.entry_at
    monkeypatch.setattr(indexers, "entry_at", lambda root, path: read.append(path) or real(root, path))
    again = opened(shop)
    assert read == [] and names(again.completed(target(shop)))[0] == "calls shop/rules.py:reduced"
    again.close()
    (shop / "shop/rules.py").write_text("def reduced(a, b): return 1\n")
    (shop / "shop/till.py").unlink()
    third = opened(shop)
    assert read == ["shop/rules.py"]
    assert names(third.completed(target(shop))) == ["calls shop/rules.py:reduced"]
    assert third.status().files == 3 and third.status().state == "ready"


def test_what_changes_on_disk(shop: Path) -> None:
    """A file that changed is shown as it is now, told of or not; new and deleted ones are noticed when told of."""
    space = opened(shop)
    space.completed(target(shop))
    (shop / "shop/rules.py").write_text("import os\n\n\ndef reduced(price, discount):\n    return price // 2\n")
    assert "price // 2" in space.completed(target(shop)).beyond[0].code
    (shop / "shop/till.py").unlink()
    assert names(space.completed(target(shop))) == ["calls shop/rules.py:reduced"]
    (shop / "more.py").write_text("from shop.checkout import price_after\nX = price_after(3)\n")
    space.look([str(shop / "more.py"), str(shop / "gone.py"), "/elsewhere/x.py"])
    assert names(space.completed(target(shop)))[-1] == "called by more.py:more.py"


def test_what_an_editor_holds(shop: Path) -> None:
    """An open document counts instead of the file; once closed the file does again, whatever comes too late."""
    space, path = opened(shop), str(shop / "shop/rules.py")
    language = language_of(path)
    assert language is not None
    space.follow(path, parse("def reduced(price, discount): return 'typed'\n", language), 1)
    assert "typed" in space.completed(target(shop)).beyond[0].code
    space.refresh()
    assert "typed" in space.completed(target(shop)).beyond[0].code
    space.let_go(path, 2)
    assert "4321" in space.completed(target(shop)).beyond[0].code
    space.follow(path, parse("def reduced(price, discount): return 'late'\n", language), 1)
    assert "4321" in space.completed(target(shop)).beyond[0].code, "an edit from before the closing came after it"
    space.follow(path, parse("def reduced(price, discount): return 'opened anew'\n", language), 3)
    assert "opened anew" in space.completed(target(shop)).beyond[0].code
    ignored = shop / "node_modules" / "x.py"
    ignored.parent.mkdir()
    ignored.write_text("def reduced(): pass\n")
    before = space.status().files
    space.follow(str(ignored), parse("def reduced(): pass\n", language), 4)
    assert space.status().files == before


def test_processes_read_many_files(tmp_path: Path) -> None:
    """Many files are read by other processes, with the same result; one on which a process dies costs only itself."""
    root = tmp_path.resolve()
    for number in range(60):
        (root / f"m{number}.py").write_text(f"def f{number}(): return {number}\n")
    (root / "bad.py").write_bytes(b"\xff\xfe")
    listed = [(path.name, path.stat().st_size) for path in root.glob("*.py")]
    found = dict(indexers.entries(root, listed, threading.Event()))
    assert len(found) == 61 and found.pop("bad.py") is None
    assert all(entry == indexers.entry_at(root, path) for path, entry in found.items())
    stopped = threading.Event()
    stopped.set()
    assert len(list(indexers.entries(root, listed, stopped))) == 0


def test_a_process_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where processes cannot live, reading ends and nothing hangs."""
    root = tmp_path.resolve()
    for number in range(30):
        (root / f"m{number}.py").write_text("x = 1\n")
    monkeypatch.setattr(sys, "executable", shutil.which("false") or "/bin/false")
    listed = [(f"m{number}.py", 6) for number in range(30)]
    assert all(entry is None for _, entry in indexers.entries(root, listed, threading.Event()))


def test_roots(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace is the nearest folder that looks like a project's top, and never a home folder or a whole disk."""
    assert root_of(shop / "shop" / "rules.py") == shop
    (shop / "shop" / "go.mod").touch()
    assert root_of(shop / "shop" / "rules.py") == shop / "shop"
    monkeypatch.setattr(Path, "home", lambda: shop / "shop")
    assert root_of(shop / "shop" / "rules.py") is None
    assert not sensible(Path("/")) and not sensible(tmp_path / "none")


class Kept(Remembered):
    """Waits for its writer, so that a test need not."""

    def recall(self, request: Request) -> tuple[str, Finished] | None:
        self._shelf.flush(5.0)
        return super().recall(request)


async def test_remembered_answers(shop: Path, tmp_path: Path) -> None:
    """An answer holds while a definition in another file means the same, however it is laid out, and no longer."""
    space = opened(shop)
    engine = Kept(Scripted([Rule(text="It returns a price.")]), tmp_path / "answers", 8)
    assert await engine.opened(10)
    found = space.completed(target(shop))
    assert recall(EXPLAIN, found, engine) is None
    outcome = await run(EXPLAIN, found, engine)
    assert isinstance(outcome, Explanation) and not outcome.remembered
    rules = shop / "shop/rules.py"
    rules.write_text("import os\n\n\n" + rules.read_text().replace("return 4321", "return (4321)  # always"))
    assert recall(EXPLAIN, space.completed(target(shop)), engine) is not None
    assert recall(EXPLAIN, target(shop), engine) is None  # asked without an index it is another question
    rules.write_text(rules.read_text().replace("4321", "4322"))
    assert recall(EXPLAIN, space.completed(target(shop)), engine) is None
    await run(EXPLAIN, target(shop), engine)
    assert recall(EXPLAIN, target(shop), engine) is not None
    await engine.close()


async def test_the_shared_part_stays(shop: Path) -> None:
    """What all questions about a file share is the same with and without an index; other files come behind it."""
    engine = Scripted([Rule(text="x")])
    plain = await prompt_for(EXPLAIN, target(shop), engine)
    full = await prompt_for(EXPLAIN, opened(shop).completed(target(shop)), engine)
    shared = plain.index("def price_after", plain.index("def price_after") + 1)
    assert "4321" in full and "4321" not in plain
    assert full.index("The function `reduced` that it calls, from `shop/rules.py`:") > full.index("File `checkout.py`")
    assert full.startswith(plain[: plain.index("The function `price_after`")].rstrip())
    assert shared > 0
