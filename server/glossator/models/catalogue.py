"""The models that are known by name, read from `catalogue.toml`. Knows nothing of what is on this machine."""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources
from typing import Any

from . import Advice, Card, ModelError

DEFAULT = "qwen2.5-coder-1.5b"


@functools.cache
def cards() -> tuple[Card, ...]:
    """All models of the catalogue, in its order."""
    text = resources.files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tuple(_card(table) for table in tomllib.loads(text)["model"])


def card(name: str) -> Card:
    """The model called `name` (case does not matter). Raises `ModelError` with the nearest names."""
    wanted = name.strip().lower()
    known = {entry.name: entry for entry in cards()}
    if wanted in known:
        return known[wanted]
    near = [entry for entry in known if wanted and wanted in entry] or difflib.get_close_matches(wanted, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}."
    raise ModelError(f"no model is called {name!r}: {hint} A GGUF file of your own is named by its path.")


def _card(table: dict[str, Any]) -> Card:
    fields = dict(table)
    fields["advice"] = Advice(**fields.get("advice", {}))
    fields["plain"] = Advice(**fields["plain"]) if "plain" in fields else None
    fields["sources"] = tuple(fields["sources"])
    return Card(**fields)
