"""A server under `watched.py`, and what that noted. Knows no fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .watched import NETS, is_near

SCRIPT = Path(__file__).with_name("watched.py")


@dataclass(frozen=True)
class Watched:
    """A plan for `watched.py`, and where its log is."""

    file: Path
    log: Path

    def program(self, *arguments: str) -> tuple[str, ...]:
        """For `Server(program=…)`, or after a Python and `-P`."""
        return (str(SCRIPT), str(self.file), *(arguments or ("serve",)))

    def events(self, *names: str) -> Iterator[list[Any]]:
        """What was noted under these names, without them."""
        for line in self.log.read_text(encoding="utf-8").splitlines():
            name, *given = json.loads(line)
            if name in names:
                yield given

    def strangers(self) -> list[Any]:
        """The calls, look-ups and packets that were not for this machine."""
        found = []
        for event in NETS:
            for given in self.events(event):
                told = tuple(tuple(each) if isinstance(each, list) else each for each in given)
                if not is_near(event, told if event.startswith("socket.get") else (None, *told)):
                    found.append((event, given))
        return found

    def walls(self) -> bool:
        """Whether it ran in an empty network."""
        return list(self.events("walls")) == [[True]]


def plan(folder: Path, name: str = "plan", **what: Any) -> Watched:
    """Write a plan into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Watched(folder / f"{name}.json", folder / f"{name}.events")
    found.log.touch()
    found.file.write_text(json.dumps({"log": str(found.log)} | what))
    return found
