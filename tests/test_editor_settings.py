"""The settings that the VS Code extension declares are those that the server reads: names, types, defaults, scope."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from glossator.settings import MACHINE_ONLY, Settings, merge

MANIFEST = json.loads((Path(__file__).parents[1] / "editors/vscode/package.json").read_text(encoding="utf-8"))
CLIENTS_OWN = {"path", "trace.server"}
NOT_A_USERS = {"jobs", "trusted"}
"""`jobs` is what the extension says of itself; VS Code takes nothing from the folder that would need `trusted`."""

NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def declared() -> dict[str, dict[str, Any]]:
    return {
        name.removeprefix("glossator."): entry
        for group in MANIFEST["contributes"]["configuration"]
        for name, entry in group["properties"].items()
    }


def read(kind: type[Any] = Settings, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Dotted camelCase name, type and default of everything that can be set."""
    hints, base = get_type_hints(kind), kind()
    for field in fields(kind):
        head, *rest = field.name.split("_")
        name = where + head + "".join(part.capitalize() for part in rest)
        if is_dataclass(hint := hints[field.name]):
            assert isinstance(hint, type)
            yield from read(hint, f"{name}.")
        elif name not in NOT_A_USERS:
            yield name, hint, getattr(base, field.name)


SETTINGS = {name: (kind, default) for name, kind, default in read()}


def test_the_same_names() -> None:
    """The extension declares each setting of the server's, and of its own only the program and the trace."""
    assert set(declared()) == set(SETTINGS) | CLIENTS_OWN


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_type_and_default(name: str) -> None:
    """Type, choices and default are the server's, and the server takes the default."""
    kind, default = SETTINGS[name]
    entry = declared()[name]
    if get_origin(kind) is Literal:
        assert (entry["type"], entry["enum"]) == ("string", list(get_args(kind)))
    elif get_origin(kind) is tuple:
        assert (entry["type"], entry["items"]) == ("array", {"type": "string"})
    else:
        assert entry["type"] == NAMES[kind]
    assert entry["default"] == (list(default) if isinstance(default, tuple) else default)
    assert merge(Settings(), {name: entry["default"]}) == Settings()


@pytest.mark.parametrize("name", sorted(declared()))
def test_scope(name: str) -> None:
    """What an opened folder may not choose has machine scope and is restricted; so have index and preview."""
    guarded = name.partition(".")[0] in MACHINE_ONLY or name in ("path", "index.enabled", "preview")
    assert (declared()[name]["scope"] == "machine") == guarded
    assert (f"glossator.{name}" in RESTRICTED) == guarded


RESTRICTED = MANIFEST["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]


def test_descriptions() -> None:
    """Each setting says what it is, each choice too; none is listed twice."""
    orders = [entry["order"] for entry in declared().values()]
    assert len(set(orders)) == len(orders)
    for name, entry in declared().items():
        text = entry.get("description") or entry.get("markdownDescription")
        assert text and text.endswith("."), name
        if "enumDescriptions" in entry:
            assert len(entry["enumDescriptions"]) == len(entry["enum"]), name
