"""The actions that there are, and which of them fit a place in a file. Knows nothing of engines and answers."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from . import Action, Problem
from .front_matter import Wrong
from .prompt_file import read

__all__ = ["Action", "Problem", "fitting", "load", "prompts_folder"]


def prompts_folder() -> Path:
    """The project's own prompt files: beside the package where it is installed, at the top of a checkout."""
    packaged = Path(str(files("glossator") / "prompts"))
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "prompts"


def load(prompts: Path, user: Path | None = None) -> tuple[dict[str, Action], tuple[Problem, ...]]:
    """The actions of both folders by name; a user's file replaces one of the same name. Malformed ones are reported."""
    actions: dict[str, Action] = {}
    problems: list[Problem] = []
    shared = _pieces(prompts / "shared", problems)
    places = [prompts / "actions"]
    if user is not None:
        shared = shared | _pieces(user / "shared", problems)
        places += [user, user / "actions"]
    for path in [path for place in places for path in _files(place, problems)]:
        if path.name.lower() == "readme.md":
            continue
        try:
            action = read(path, path.read_text(encoding="utf-8"), shared)
            actions[action.name] = action
        except Wrong as wrong:
            problems.append(Problem(path, wrong.line, wrong.field, str(wrong)))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(path, 0, "", f"cannot be read: {error}"))
    return actions, tuple(problems)


def fitting(
    actions: Mapping[str, Action],
    *,
    kind: str = "",
    language: str = "",
    selection: bool = False,
    diagnostics: bool = False,
    annotated: bool = False,
) -> tuple[Action, ...]:
    """The actions to offer in a menu: at a symbol of `kind` ("": none), for a selection, for diagnostics. Where it is
    `annotated` none that asks for a header, of which only type annotations are taken."""
    here = {kind} - {""} | ({"selection"} if selection else set()) | ({"diagnostic"} if diagnostics else set())
    return tuple(
        action
        for action in actions.values()
        if here & set(action.applies)
        and not action.needs_instruction
        and (not action.languages or language in action.languages)
        and not (annotated and action.tries[0].reply == "header")
    )


def _files(folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.md") if path.is_file())
    except OSError as error:
        problems.append(Problem(folder, 0, "", f"cannot be read: {error}"))
        return []


def _pieces(folder: Path, problems: list[Problem]) -> dict[str, str]:
    pieces = {}
    for path in _files(folder, problems):
        try:
            pieces[path.stem] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(path, 0, "", f"cannot be read: {error}"))
    return pieces
