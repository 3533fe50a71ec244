"""The TOML at the head of a prompt file, field by field: types, choices, and errors that name line and field."""

from __future__ import annotations

import re
from typing import Any


class Wrong(ValueError):
    def __init__(self, message: str, field: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.field = field
        self.line = line


class Fields:
    """The front matter's fields, taken one by one with their types; what is left over at the end is an error."""

    def __init__(self, table: dict[str, Any], source: str, where: str = "") -> None:
        self._table = dict(table)
        self._asked: set[str] = set()
        self._where = where
        self.source = source

    def wrong(self, name: str, message: str) -> Wrong:
        rows = self.source.split("\n")
        line = next((at for at, row in enumerate(rows, 1) if re.match(rf"\s*(\[+\s*)?{re.escape(name)}\b", row)), 0)
        return Wrong(message, self._where + name, line)

    def _take(self, name: str, kind: type | tuple[type, ...], default: Any, expected: str) -> Any:
        self._asked.add(name)
        if name not in self._table:
            if default is None:
                raise Wrong("is missing", self._where + name, 1)
            return default
        value = self._table[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(name, f"expected {expected}, got {value!r}")
        return value

    def finish(self) -> None:
        """Raise where a field was never asked for."""
        for name in self._table:
            if name not in self._asked:
                raise self.wrong(name, f"no such field; there are: {', '.join(sorted(self._asked))}")

    def text(self, name: str, default: str | None = None) -> str:
        return str(self._take(name, str, default, "a text"))

    def flag(self, name: str) -> bool:
        return bool(self._take(name, bool, False, "true or false"))

    def number(self, name: str, default: int, most: int) -> int:
        value = int(self._take(name, int, default, "a whole number"))
        if not 0 <= value <= most:
            raise self.wrong(name, f"expected 0 to {most}, got {value}")
        return value

    def temperature(self, name: str, default: float | None) -> float | None:
        self._asked.add(name)
        if self._table.get(name) == "model":
            return None
        value = self._take(name, (int, float), -1.0 if default is None else default, 'a number or "model"')
        if name in self._table and not 0 <= value <= 2:
            raise self.wrong(name, f"expected 0 to 2, got {value}")
        return None if value < 0 else float(value)

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise self.wrong(name, f"{value!r} is not one of {', '.join(choices)}")
        return value

    def names(self, name: str, choices: tuple[str, ...], default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        values = self._take(name, list, None if default is None else list(default), "a list of texts")
        for value in values:
            if not isinstance(value, str) or (choices and value not in choices):
                raise self.wrong(name, f"{value!r} is not one of {', '.join(choices)}" if choices else "expected texts")
        return tuple(values)

    def tables(self, name: str) -> list[dict[str, Any]]:
        values = self._take(name, list, [], "tables: [[retry]]")
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(name, "expected tables: [[retry]]")
        return list(values)
