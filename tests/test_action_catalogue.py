"""Prompt files become actions, and a mistake in one is reported with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from glossator.action import VALUES, template
from glossator.action.catalogue import fitting, load, prompts_folder

HEAD = 'title = "Say {{name}}"\nkind = "answer"\napplies = ["function"]\n'


def write(folder: Path, head: str = HEAD, body: str = "# Task\nSay {{name}}.\n", name: str = "say.md") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"+++\n{head}+++\n{body}", encoding="utf-8")
    return path


def test_the_projects_own() -> None:
    """Every prompt file of the project is an action without a problem."""
    actions, problems = load(prompts_folder())
    assert not problems
    assert set(actions) == {
        "explain", "explain_more", "explain_problem", "ask", "document", "annotate", "refactor", "simplify", "fix",
        "find_bugs", "write_tests",
    }  # fmt: skip
    assert len({action.sections["system"] + action.sections["stable"] for action in actions.values()}) == 1


def test_a_users_own_file(tmp_path: Path) -> None:
    """A file in the user's folder is an action, with what it does not say filled in."""
    write(tmp_path / "user", HEAD + 'instruction = "optional"\n')
    actions, problems = load(prompts_folder(), tmp_path / "user")
    assert not problems
    say = actions["say"]
    assert (say.kind, say.offer, say.symbols, say.takes_instruction) == ("answer", "say", ("function",), True)
    assert say.title_for(name="f", kind="function") == "Say f"
    assert len(say.tries) == 1


def test_a_users_file_replaces(tmp_path: Path) -> None:
    """A user's file takes the place of the project's of the same name, and another text has another digest."""
    before = load(prompts_folder())[0]["explain"]
    write(tmp_path / "user", name="explain.md")
    after = load(prompts_folder(), tmp_path / "user")[0]["explain"]
    assert after.path.parent == tmp_path / "user"
    assert after.digest != before.digest


def test_no_user_folder(tmp_path: Path) -> None:
    """A folder that is not there is no problem."""
    assert load(prompts_folder(), tmp_path / "none")[1] == ()


@pytest.mark.parametrize(
    ("head", "body", "line", "field", "words"),
    [
        ('kind = "answer"\napplies = []\n', "# Task\nx\n", 1, "title", "missing"),
        (HEAD.replace('"answer"', '"anser"'), "# Task\nx\n", 3, "kind", "not one of"),
        (HEAD.replace("function", "fnction"), "# Task\nx\n", 4, "applies", "not one of"),
        (HEAD + "thinking = -1\n", "# Task\nx\n", 5, "thinking", "0 to"),
        (HEAD + 'thinking = "much"\n', "# Task\nx\n", 5, "thinking", "whole number"),
        (HEAD + "temprature = 1\n", "# Task\nx\n", 5, "temprature", "no such field"),
        (HEAD + "temperature = 9\n", "# Task\nx\n", 5, "temperature", "0 to 2"),
        (HEAD + "title\n", "# Task\nx\n", 5, "", ""),
        (HEAD + f"thinking = {'9' * 5000}\n", "# Task\nx\n", 1, "", "a number"),
        (HEAD + f"thinking = {'[' * 5000}\n", "# Task\nx\n", 1, "", "a nesting"),
        (HEAD + 'checks = ["magic"]\n', "# Task\nx\n", 5, "checks", "not one of"),
        (HEAD + '[[retry]]\nsection = "later"\n', "# Task\nx\n", 6, "retry.section", "no section"),
        (HEAD + "[[retry]]\nseed = 1\n", "# Task\nx\n", 6, "retry.seed", "no such field"),
        (HEAD, "# Task\n\n{{nme}}\n", 8, "# Task", "no value 'nme'"),
        (HEAD, "# Task\n{{#name}}\n", 7, "# Task", "never closed"),
        (HEAD, "# Task\n{{> nothing}}\n", 7, "# Task", "no shared piece"),
        (HEAD, "# System\nx\n", 0, "section", "no section # Task"),
        (HEAD, "Hello\n# Task\nx\n", 6, "", "before the first section"),
        (HEAD, "# Task\nx\n# Task\ny\n", 8, "", "twice"),
        (HEAD.replace("{{name}}", "{{file}}"), "# Task\nx\n", 2, "title", "no value"),
    ],
)
def test_malformed(  # noqa: PLR0917 - a table has columns
    tmp_path: Path, head: str, body: str, line: int, field: str, words: str
) -> None:
    """A mistake names its line and field, and the other actions are there all the same."""
    path = write(tmp_path / "user", head, body)
    actions, (problem,) = load(prompts_folder(), tmp_path / "user")
    assert (problem.file, problem.line, problem.field) == (path, line, field)
    assert words in problem.message
    assert str(path) in str(problem)
    assert "say" not in actions
    assert "explain" in actions


@pytest.mark.parametrize("content", [b"", b"no head", b"+++\nkind = 1", b"+++\n+++\n\xff"])
def test_no_prompt_file(tmp_path: Path, content: bytes) -> None:
    """What is no prompt file at all is a problem, never an error."""
    (tmp_path / "say.md").write_bytes(content)
    assert len(load(prompts_folder(), tmp_path)[1]) == 1


def test_fitting() -> None:
    """A menu offers what fits the place, and nothing that needs words first."""
    actions, _ = load(prompts_folder())
    names = {action.name for action in fitting(actions, kind="function", language="python")}
    assert {"explain", "refactor", "document", "annotate", "simplify", "write_tests", "find_bugs"} <= names
    assert not {"ask", "fix"} & names
    assert "annotate" not in {action.name for action in fitting(actions, kind="function", language="go")}
    assert "fix" in {action.name for action in fitting(actions, diagnostics=True)}
    assert {"explain", "refactor"} <= {action.name for action in fitting(actions, selection=True)}
    assert fitting(actions, kind="variable") == ()
    typed = {action.name for action in fitting(actions, kind="function", language="python", annotated=True)}
    assert names - typed == {"annotate"}


def test_template_values_are_text() -> None:
    """What looks like a placeholder inside a value stays as it is, and dropped blocks leave no hole."""
    values = dict.fromkeys(VALUES, "") | {"target": "{{name}}\n\n\n{{/file}}", "name": "f"}
    text = "A\n\n{{#facts}}\n{{facts}}\n{{/facts}}\n\n{{target}}\n\n{{^facts}}\nnone for {{name}}\n{{/facts}}\n"
    template.check(text, VALUES)
    assert template.render(text, values) == "A\n\n{{name}}\n\n\n{{/file}}\n\nnone for f"
