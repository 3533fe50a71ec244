"""What `glossator doctor` finds: what was looked at, how it is, and what to do where it is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: Its name, one word.
        found: How it is.
        level: `wrong` is what keeps Glossator from working as it should; a `note` is only good to know.
        remedy: What to do about it.
        rows: Details, a table whose first row are the headings.
        facts: The same for programs.
    """

    what: str
    found: str
    level: Level = "ok"
    remedy: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def wrong(what: str, found: str, remedy: str = "") -> Finding:
    """Something is wrong. An error message of ours says after `; ` what to do."""
    if not remedy and "; " in found:
        found, remedy = found.split("; ", 1)
    return Finding(what, found, "wrong", remedy)


def gigabytes(count: float) -> str:
    """Bytes, for people."""
    return f"{count / 1e9:.1f} GB" if count < 20e9 else f"{count / 1e9:.0f} GB"
