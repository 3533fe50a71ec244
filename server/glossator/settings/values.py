"""How a tree of settings becomes values of frozen classes: names, types and limits are checked, whoever wrote it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

_SHORTEST_KEY = 16  # characters
_LEAST, _MOST = -1, 2**31 - 1  # of a number: clocks, databases and C programs take those


class SettingsError(ValueError):
    """A setting has the wrong name, type or value; the message names the field and what it may be."""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def read(kind: type[Any], tree: Mapping[str, Any], base: Any, where: str = "") -> Any:
    """`base`, a value of the frozen class `kind`, with what `tree` sets in it; `where` it stands in a larger tree.

    Raises `SettingsError`.
    """
    if not isinstance(tree, Mapping):
        raise SettingsError(f"{where or 'settings'}: expected a table, got {type(tree).__name__}")
    hints = get_type_hints(kind)
    known = {_camel(f.name): f.name for f in fields(kind)}
    changes: dict[str, Any] = {}
    for key, value in nested(tree).items():
        place = f"{where}.{key}" if where else key
        if key not in known:
            raise SettingsError(f"{place}: no such setting; there are: {', '.join(sorted(known))}")
        name = known[key]
        if value is None:  # editors send null for "not set"
            continue
        if is_dataclass(hints[name]):
            changes[name] = read(hints[name], value, getattr(base, name), place)
        else:
            changes[name] = _value(hints[name], value, place)
    return dataclasses.replace(base, **changes)


def nested(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys (`hover.waitMs`) as nested tables, so that both spellings meet the same checks."""
    tables: dict[str, Any] = {}
    for key, value in tree.items():
        head, _, rest = str(key).partition(".")
        if rest:
            inner = tables.setdefault(head, {})
            if isinstance(inner, dict):
                inner[rest] = value
        elif isinstance(value, Mapping) and isinstance(tables.get(head), dict):
            tables[head].update(value)
        else:
            tables[head] = dict(value) if isinstance(value, Mapping) else value
    return tables


def _value(kind: Any, value: Any, place: str) -> Any:
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise SettingsError(f"{place}: {shown(value)} is not one of {', '.join(map(repr, get_args(kind)))}")
    if get_origin(kind) is tuple:
        if isinstance(value, list | tuple) and all(
            isinstance(each, str) and each and "\0" not in each for each in value
        ):
            return tuple(value)
        raise SettingsError(f"{place}: expected a list of words, got {shown(value)}")
    if kind in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        if not _LEAST <= value <= _MOST:  # neither is what is no number at all
            raise SettingsError(f"{place}: expected a number from {_LEAST} to {_MOST}")
        if kind is float or value == int(value):
            return kind(value)
    elif kind is str and isinstance(value, str) and "\0" in value:
        raise SettingsError(f"{place}: holds a character that no text of a setting has (U+0000)")
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise SettingsError(f"{place}: expected {kind.__name__}, got {shown(value)}")


def shown(value: Any) -> str:
    """A wrong value as an error may repeat it: not what is long enough to be a key in the wrong place."""
    if isinstance(value, str):
        return repr(value) if len(value) < _SHORTEST_KEY else f"a text of {len(value)} characters"
    return repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"
