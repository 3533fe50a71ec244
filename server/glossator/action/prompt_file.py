"""One prompt file -> one action. `prompts/README.md` describes the format for those who write one.

Every mistake is found here, with its line and field, and none later: an action that was read can be rendered.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ..answer.verify import RUNGS
from . import FACTS, VALUES, Action, Kind, Reply, Strategy, Try, template
from .front_matter import Fields, Wrong

KINDS = ("answer", "edit", "new_file", "findings")
STRATEGIES = ("tries", "search")
REPLIES = ("text", "code", "lines", "docstring", "header")
PLACES = (
    "function",
    "method",
    "class",
    "interface",
    "struct",
    "enum",
    "trait",
    "module",
    "variable",
    "type",
    "selection",
    "diagnostic",
    "file",
)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEADING = re.compile(r"^# ([A-Za-z]+)[ \t]*$")
_FENCE = re.compile(r"^\s*(```|~~~)")


def read(path: Path, text: str, shared: Mapping[str, str]) -> Action:
    name = path.stem.replace("-", "_")
    if not _NAME.fullmatch(name):
        raise Wrong(f"the file's name must be like write_tests.md, not {path.name}")
    front, body, body_line = _parts(text)
    sections = _sections(body, body_line, shared)
    fields = Fields(front, text)
    kind = cast(Kind, fields.choice("kind", KINDS))
    instruction = fields.choice("instruction", ("none", "optional", "required"), "none")
    first = _try(fields, Try(reply="code" if kind in ("edit", "new_file") else "text"), sections)
    retries = [Fields(table, text, "retry.") for table in fields.tables("retry")]
    action = Action(
        name=name,
        title=fields.text("title"),
        help=fields.text("help", fields.text("title")),
        kind=kind,
        offer=fields.text("offer", "refactor.rewrite" if kind == "edit" else name),
        applies=fields.names("applies", PLACES),
        languages=fields.names("languages", (), ()),
        needs_instruction=instruction == "required",
        takes_instruction=instruction != "none",
        tries=(first, *(_try(each, first, sections) for each in retries)),
        checks=fields.names("checks", (FACTS,) if kind == "answer" else tuple(RUNGS), ()),
        strategy=cast(Strategy, fields.choice("strategy", STRATEGIES, "tries")),
        sections=sections,
        digest=hashlib.sha256("\0".join([text, *sections.values()]).encode()).hexdigest(),
        path=path,
    )
    for each in [fields, *retries]:
        each.finish()
    try:
        template.check(action.title, ("name", "kind"))
    except template.TemplateError as error:
        raise fields.wrong("title", str(error)) from error
    return action


def _try(fields: Fields, base: Try, sections: Mapping[str, str]) -> Try:
    """One way to ask; a retry takes what it does not set from the first way."""
    found = Try(
        section=fields.text("section", base.section).lower(),
        reply=cast(Reply, fields.choice("reply", REPLIES, base.reply)),
        thinking=fields.number("thinking", base.thinking, 8192),
        reasoning=fields.number("reasoning", base.reasoning, 8192),
        temperature=fields.temperature("temperature", base.temperature),
        prefix=fields.text("prefix", base.prefix),
        stop=fields.names("stop", (), base.stop),
        max_tokens=fields.number("max_tokens", base.max_tokens, 32768),
        further=fields.flag("further"),
    )
    if not sections.get(found.section, "").strip():
        raise fields.wrong("section", f"there is no section # {found.section.capitalize()}, or it is empty")
    try:
        template.check(found.prefix, VALUES)
    except template.TemplateError as error:
        raise fields.wrong("prefix", str(error)) from error
    return found


def _parts(text: str) -> tuple[dict[str, Any], str, int]:
    """Front matter, body, and the line (from 1) at which the body begins."""
    rows = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    marks = [at for at, row in enumerate(rows) if row.rstrip() == "+++"]
    if len(marks) < 2 or any(row.strip() for row in rows[: marks[0]]):
        raise Wrong("the file must begin with TOML between two lines `+++`", line=1)
    try:
        front = tomllib.loads("\n".join(rows[marks[0] + 1 : marks[1]]))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        raise Wrong(str(error), line=marks[0] + 1 + int(at[1]) if at else marks[1]) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and what is nested as deep
        raise Wrong("is more than can be read: a number or a nesting", line=marks[0] + 1) from error
    return front, "\n".join(rows[marks[1] + 1 :]), marks[1] + 2


def _sections(body: str, first_line: int, shared: Mapping[str, str]) -> dict[str, str]:
    """The text of each section by its name in lower case, shared pieces in place; headings inside fences are text."""
    rows: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    name, fenced = "", False
    for line, row in enumerate(body.split("\n"), first_line):
        fenced ^= _FENCE.match(row) is not None
        heading = None if fenced else _HEADING.match(row)
        if heading:
            name = heading[1].lower()
            if name in rows:
                raise Wrong(f"section # {heading[1]} is there twice", line=line)
            rows[name], lines[name] = [], line + 1
        elif name:
            rows[name].append(row)
        elif row.strip():
            raise Wrong("text before the first section; a section begins with a line like: # Task", line=line)
    sections = {}
    for name, line in lines.items():
        try:
            template.check(whole := template.included("\n".join(rows[name]), shared), VALUES)
        except template.TemplateError as error:
            raise Wrong(str(error), f"# {name.capitalize()}", line + error.line - 1) from error
        sections[name] = whole.strip("\n")
    return sections
