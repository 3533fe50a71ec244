"""The shell: places as people type them, answers, diffs, exit codes, and nothing lost or overwritten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n"
SUMMED = "```python\ndef total(items):\n    return sum(items)\n```"

HAIKU = """+++
title = "Haiku"
kind = "answer"
help = "Say it in a haiku."
applies = ["function"]
+++
# Task
Write a haiku: {{target}}
"""


class Shell:
    """A folder with `lists.py`, a home of its own, and written answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        (self.home / "config").mkdir(parents=True)
        self.file = folder / "lists.py"
        self.file.write_text(SOURCE)
        self.answers("It adds the items up.")

    def answers(self, *texts: str) -> None:
        script = self.home / "script.toml"
        rules = [
            f"[[answer]]\nonce = {str(text is not texts[-1]).lower()}\ntext = {json.dumps(text)}\n" for text in texts
        ]
        script.write_text("\n".join(rules))
        (self.home / "config" / "config.toml").write_text(f"backend = 'scripted'\nscript = '{script}'\n")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"GLOSSATOR_HOME": str(self.home), "COLUMNS": "100"}
        command = [sys.executable, "-m", "glossator", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=self.folder, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_explain(shell: Shell) -> None:
    """An explanation is all that stands on standard output; exit code 0."""
    done = shell.run("explain", "lists.py:total")
    assert (done.returncode, done.stdout) == (0, "It adds the items up.\n")


def test_explain_long_and_lines(shell: Shell) -> None:
    """`--long` asks for the longer form; lines are explained as a selection."""
    script = shell.home / "script.toml"
    script.write_text(
        '[[answer]]\nmatch = \'Side effects\'\ntext = """**Purpose:** `total` adds.\n\n**Raises:** `OddError`."""\n'
        "[[answer]]\nmatch = 'The selection'\ntext = 'It goes through the items.'\n"
    )
    assert shell.run("explain", "--long", "lists.py:total").stdout == "**Purpose:** `total` adds.\n"
    assert shell.run("explain", "lists.py:3-4").stdout == "It goes through the items.\n"


def test_facts_and_what_they_contradict(shell: Shell) -> None:
    """Facts stand on standard error, and what contradicts them is not in the answer, but counted."""
    shell.answers("`total` adds the items up. It calls itself for each item. It returns the sum.")
    shell.file.write_text(SOURCE + "\n\ndef mean(items):\n    return total(items) / len(items)\n")
    done = shell.run("explain", "lists.py:total")
    assert done.stdout == "`total` adds the items up. It returns the sum.\n"
    assert "called by mean" in done.stderr
    assert "left out, as the code says otherwise: 1" in done.stderr
    found = json.loads(shell.run("explain", "lists.py:total", "--json").stdout)
    assert (found["facts"], found["dropped"]) == (["called by `mean`"], ["`total` does not call itself"])


def test_thoughts_stay_apart(shell: Shell) -> None:
    """Thoughts are never on standard output, and on standard error of a pipe only when asked for."""
    shell.answers("<think>A loop.</think>It adds.")
    assert "loop" not in shell.run("explain", "lists.py:total").stderr
    done = shell.run("explain", "lists.py:total", "--show-thinking", "--no-cache")
    assert "A loop." in done.stderr
    assert done.stdout == "It adds.\n"


def test_second_time_is_remembered(shell: Shell) -> None:
    """The same question is answered from disk, also after lines were added above."""
    shell.run("explain", "lists.py:total")
    shell.file.write_text("# moved\n" * 20 + SOURCE)
    found = json.loads(shell.run("explain", "lists.py:total", "--json").stdout)
    assert found["remembered"]
    assert found["answer"] == "It adds the items up."


def test_diff_applies(shell: Shell) -> None:
    """The diff of an edit is taken by `git apply`, and gives what `--apply` writes."""
    shell.answers(SUMMED)
    done = shell.run("refactor", "lists.py:total", "use sum", "--diff")
    assert done.returncode == 0
    assert shell.file.read_text() == SOURCE
    subprocess.run(["git", "init", "-q"], cwd=shell.folder, check=True)
    subprocess.run(["git", "apply"], input=done.stdout, text=True, cwd=shell.folder, check=True)
    applied = shell.file.read_text()
    assert applied == "def total(items):\n    return sum(items)\n"
    shell.file.write_text(SOURCE)
    assert shell.run("refactor", "lists.py:total", "use sum", "--apply").returncode == 0
    assert shell.file.read_text() == applied


def test_options_before_words(shell: Shell) -> None:
    """Options may stand anywhere: `refactor --diff "use sum" …` is the user's choice."""
    shell.answers(SUMMED)
    assert shell.run("refactor", "--diff", "lists.py:total", "use sum").returncode == 0


def test_line_endings_and_mark_stay(shell: Shell) -> None:
    """CRLF and a byte order mark survive an edit."""
    shell.file.write_bytes(b"\xef\xbb\xbf" + SOURCE.replace("\n", "\r\n").encode())
    shell.answers(SUMMED)
    shell.run("refactor", "lists.py:total", "use sum", "--apply")
    assert shell.file.read_bytes() == b"\xef\xbb\xbfdef total(items):\r\n    return sum(items)\r\n"


TWO = '''def upto(n):
    """The numbers from 1 to n."""
    return list(range(1, n))


def three():
    """Always three."""
    return 3
'''


def two_proposals(shell: Shell, right: float, wrong: float) -> None:
    """Each of two functions has a proposal; they are this much likelier than what is there."""
    shell.file.write_text(TWO)
    lines = {"upto": ("return list(range(1, n))", "return list(range(1, n + 1))"), "three": ("return 3", "return 4")}
    tables = [
        ("answer", {"match": f"The function `{name}`:", "text": f"Wrong: `{old}`\nRight: `{new}`"})
        for name, (old, new) in lines.items()
    ]
    likely = {"n . 1": right - 10, "return 4": wrong - 10, "": -10.0}
    tables += [("score", {"match": match, "logprob": logprob}) for match, logprob in likely.items()]
    rows = [
        f"[[{name}]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for name, table in tables
    ]
    (shell.home / "script.toml").write_text("\n".join(rows))


def test_fix_of_a_file_offers_the_likeliest(shell: Shell) -> None:
    """Of a whole file one repair is offered; another one that gains is only named."""
    two_proposals(shell, right=3.0, wrong=0.5)
    done = shell.run("fix", "lists.py")
    assert done.returncode == 0
    assert "+    return list(range(1, n + 1))" in done.stdout
    assert "return 4" not in done.stdout
    assert "also suspicious: lists.py:three (+1.0)" in done.stderr  # in both views
    assert shell.run("fix", "lists.py", "--apply").returncode == 0
    assert shell.file.read_text() == TWO.replace("(1, n)", "(1, n + 1)")


def test_fix_of_a_right_file(shell: Shell) -> None:
    """Where nothing gains, nothing is offered; who names the function still gets its proposal."""
    two_proposals(shell, right=-3.0, wrong=-0.5)
    done = shell.run("fix", "lists.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert "lists.py: nothing that is clearly wrong was found" in done.stderr
    assert "suspicious" not in done.stderr
    assert json.loads(shell.run("fix", "lists.py", "--json").stdout)["outcome"] == "refusal"
    assert shell.run("fix", "lists.py:three").returncode == 0


SEVERAL = """
[[answer]]
text = "I cannot say."
[[doubt]]
place = " range(1,"
rather = " range(0,"
then = " n))"
[[doubt]]
place = " n))"
rather = " n"
then = " + 1))"
[[score]]
match = 'range.1, n \\+ 1'
logprob = -3.0
[[score]]
match = 'list\\(range\\(1, n\\)\\)'
logprob = -9.0
[[score]]
match = 'return None'
logprob = -4.0
[[score]]
logprob = -5.0
"""


def several(shell: Shell) -> None:
    """A search finds several repairs of `upto`."""
    shell.file.write_text(TWO)
    (shell.home / "script.toml").write_text(SEVERAL)


def test_candidates(shell: Shell) -> None:
    """The likeliest repair is shown, the others are named, and each of them can be had."""
    several(shell)
    done = shell.run("fix", "lists.py:upto", "--json")
    found = json.loads(done.stdout)
    count = len(found["candidates"])
    assert count > 1 and found["candidate"] == 1
    assert found["candidates"][0]["diff"] == found["diff"]
    assert all(each["rungs"] for each in found["candidates"])
    done = shell.run("fix", "lists.py:upto")
    assert done.stdout == found["diff"]
    assert f"upto · 1 of {count}" in done.stderr
    assert done.stderr.count("also found (--candidate") == count - 1
    done = shell.run("fix", "lists.py:upto", "--candidate", "2", "--diff")
    assert done.stdout == found["candidates"][1]["diff"]
    assert f"2 of {count}" in done.stderr and "also found (--candidate 1): " in done.stderr
    assert "remembered" in done.stderr
    done = shell.run("fix", "lists.py:upto", "--candidate", "2", "--apply")
    assert shell.file.read_text() != TWO
    assert "--candidate" not in done.stderr


def test_no_such_candidate(shell: Shell) -> None:
    """A number that was not found is refused, a whole file and an action that does not search have no numbers."""
    several(shell)
    done = shell.run("fix", "lists.py:upto", "--candidate", "9", "--apply")
    assert (done.returncode, done.stdout, shell.file.read_text()) == (1, "", TWO)
    assert "there is no number 9" in done.stderr
    done = shell.run("fix", "lists.py", "--candidate", "2")
    assert done.returncode == 2 and "lists.py:SYMBOL" in done.stderr
    assert shell.run("fix", "lists.py:upto", "--candidate", "0").returncode == 2
    assert shell.run("simplify", "lists.py:upto", "--candidate", "2").returncode == 2


def test_refused(shell: Shell) -> None:
    """What fails the checks is not offered: exit code 1, reasons on standard error, the file untouched."""
    shell.answers("I cannot do that.")
    done = shell.run("refactor", "lists.py:total", "use sum", "--apply")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert shell.file.read_text() == SOURCE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "none.py:total"], "none.py"),
        (["explain", "lists.py:totl"], "total"),
        (["explain", "lists.py:900"], "lines"),
        (["explain", "."], "not a file"),
        (["ask", "lists.py"], "INSTRUCTION"),
        (["polish", "lists.py"], "polish"),
    ],
)
def test_wrong_usage(shell: Shell, arguments: list[str], words: str) -> None:
    """Wrong usage is exit code 2 and a sentence that names it."""
    done = shell.run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_binary_file(shell: Shell) -> None:
    """A file that is no UTF-8 text is refused by name."""
    shell.file.write_bytes(b"\xff\xfe\x00")
    done = shell.run("explain", "lists.py")
    assert done.returncode == 2
    assert "UTF-8" in done.stderr


def test_engine_trouble(shell: Shell) -> None:
    """Trouble with the engine is exit code 3 and a sentence."""
    (shell.home / "script.toml").write_text('[[answer]]\nerror = "the engine process ended"\n')
    done = shell.run("explain", "lists.py:total")
    assert (done.returncode, done.stdout) == (3, "")
    assert "engine process ended" in done.stderr


def test_missing_model(shell: Shell) -> None:
    """Without the model the user is told how to get it."""
    (shell.home / "config" / "config.toml").write_text("")
    done = shell.run("explain", "lists.py:total")
    assert done.returncode == 3
    assert "glossator model pull" in done.stderr


def test_own_action(shell: Shell) -> None:
    """A prompt file in the user's configuration folder is a command; a malformed one is named with its line."""
    prompts = shell.home / "config" / "prompts"
    prompts.mkdir()
    (prompts / "haiku.md").write_text(HAIKU)
    (prompts / "bad.md").write_text(HAIKU.replace('"answer"', '"wrong"'))
    done = shell.run("haiku", "lists.py:total")
    assert done.returncode == 0
    assert "bad.md:3" in done.stderr
    assert "haiku" in shell.run("--help").stdout


def test_show_prompt(shell: Shell) -> None:
    """`--show-prompt` prints what would be sent, and asks nothing."""
    (shell.home / "script.toml").write_text("answer = []\n")
    done = shell.run("explain", "lists.py:total", "--show-prompt")
    assert done.returncode == 0
    assert "def total(items)" in done.stdout


def test_json_edit(shell: Shell) -> None:
    """`--json` tells the diff and the rungs that it passed."""
    shell.answers(SUMMED)
    found = json.loads(shell.run("refactor", "lists.py:total", "use sum", "--json").stdout)
    assert found["outcome"] == "proposal"
    assert found["rungs"]
    assert found["diff"].startswith("--- a/lists.py")


def test_doctor(shell: Shell) -> None:
    """`doctor` tells what is missing and what to do."""
    done = shell.run("doctor")
    assert "model" in done.stdout
    assert "glossator model pull" in done.stdout


def test_cache(shell: Shell) -> None:
    """`cache clear` forgets: the next answer is computed."""
    shell.run("explain", "lists.py:total")
    assert "1 answers" in shell.run("cache", "status").stdout
    assert shell.run("cache", "clear").returncode == 0
    assert not json.loads(shell.run("explain", "lists.py:total", "--json").stdout)["remembered"]


def test_examples_are_run_where_the_user_says_so(shell: Shell) -> None:
    """With `--run-examples` an edit that breaks an example of the docstring is refused; one that keeps it says so."""
    examples = '    """The sum.\n\n    >>> total([2, 3])\n    5\n    """\n'
    shell.file.write_text(SOURCE.replace("    result = 0", f"{examples}    result = 0"))
    shell.answers("```python\ndef total(items):\n    return max(items)\n```")
    done = shell.run("simplify", "lists.py:total", "--run-examples")
    assert done.returncode == 1
    assert "`total([2, 3])` should give 5, but gives 3" in done.stderr
    shell.answers(SUMMED)
    done = shell.run("simplify", "lists.py:total", "--run-examples")
    assert "the example of the docstring still holds" in done.stderr


@pytest.mark.usefixtures("walled")
def test_tests_are_run_where_the_user_says_so(shell: Shell) -> None:
    """With `--run-tests` an edit that fails tests that passed is refused; one with which they pass says so."""
    (shell.folder / "check.py").write_text("from lists import total\n\nassert total([2, 3]) == 5, 'no sum'\n")
    command = f"{sys.executable} -S check.py"
    shell.answers("```python\ndef total(items):\n    return max(items)\n```")
    done = shell.run("simplify", "lists.py:total", "--run-tests", command)
    assert done.returncode == 1
    assert "the tests passed before, and fail with it: AssertionError: no sum" in done.stderr
    shell.answers(SUMMED)
    for _ in range(2):  # also where the answer is remembered
        done = shell.run("simplify", "lists.py:total", "--run-tests", command)
        assert "the tests still pass" in done.stderr
    assert sorted(each.name for each in shell.folder.iterdir()) == ["check.py", "home", "lists.py"]


@pytest.mark.usefixtures("walled")
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("grep -q 'n + 1' lists.py", 0, "the tests pass: grep -q 'n + 1' lists.py"),
        ("sh -c '! grep \"n + 1\" lists.py'", 1, "fail with it: return list(range(1, n + 1))"),
    ],
)
def test_tests_of_a_whole_file(command: str, code: int, said: str, shell: Shell) -> None:
    """The one repair of a file that is worth offering is tested, too."""
    two_proposals(shell, right=3.0, wrong=0.5)
    done = shell.run("fix", "lists.py", "--run-tests", command)
    assert done.returncode == code
    assert said in done.stderr


@pytest.mark.parametrize("command", ["''", "sh 'tests"])
def test_no_command(command: str, shell: Shell) -> None:
    """What is no command is wrong usage."""
    done = shell.run("simplify", "lists.py:total", "--run-tests", command)
    assert done.returncode == 2
    assert "--run-tests" in done.stderr


def test_a_narrow_encoding(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What standard output has no character for is written as an escape; a diff is bytes of the file all the same."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    shell.answers("It adds \N{EM DASH} all.")
    assert shell.run("explain", "lists.py:total").stdout == "It adds \\u2014 all.\n"
    shell.file.write_text(SOURCE.replace("0\n", "0  # \N{EM DASH}\n"), encoding="utf-8")
    shell.answers(SUMMED)
    assert "-    result = 0  # \N{EM DASH}\n" in shell.run("refactor", "lists.py:total", "shorter").stdout


def test_nothing_moves_the_terminal(shell: Shell) -> None:
    """What a terminal would obey is not written there: not of a model's words, nor of a file's name."""
    shell.answers("<think>Hm \x1b]0;thought\x07.</think>It \x1b[2Jadds \x9b2J.")
    done = shell.run("explain", "lists.py:total", "--show-thinking")
    wrong = shell.run("explain", "\x1b]0;name\x07.py:total")
    assert "adds" in done.stdout
    assert not set("\x1b\x07\x9b") & set(done.stdout + done.stderr + wrong.stderr)


@pytest.mark.parametrize("name", ["a\n+++ b.py", 'q"uo\\te.py', "ta\tb.py", "of words.py"])
def test_names_in_diffs(shell: Shell, name: str) -> None:
    """A file's name is written as git reads it, so that it is nothing else of the diff."""
    (shell.folder / name).write_bytes(b"\xef\xbb\xbf" + SOURCE.encode())
    shell.answers(SUMMED)
    diff = shell.run("refactor", f"{name}:total", "shorter").stdout
    subprocess.run(["git", "init", "-q"], cwd=shell.folder, check=True)
    subprocess.run(["git", "apply"], cwd=shell.folder, input=diff.encode(), check=True)
    assert (shell.folder / name).read_bytes() == b"\xef\xbb\xbfdef total(items):\n    return sum(items)\n"


def test_a_read_only_file(shell: Shell) -> None:
    """A file that its owner made read-only is left alone."""
    shell.file.chmod(0o444)
    shell.answers(SUMMED)
    done = shell.run("refactor", "lists.py:total", "shorter", "--apply")
    assert (done.returncode, shell.file.read_text()) == (2, SOURCE)
    assert "read-only" in done.stderr


def test_lines_beyond_all_numbers(shell: Shell) -> None:
    """A line's number of thousands of digits is wrong usage."""
    assert shell.run("explain", f"lists.py:{'9' * 5000}").returncode == 2
