"""What a model might write when it is asked for a function: versions of it, spoilt in many ways. Knows no checks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

BIDI = ["\u202e", "\u2066", "\u2069", "\u200e"]
INVISIBLE = ["\u200b", "\u00ad", "\u2060", "\ufeff", "\x00", "\x1b", "\x08", "\u3164", "\U000e0041", "\u180e", "\u2800"]
BREAKS = ["\u2028", "\u2029", "\x85", "\f", "\v", "\r"]


@dataclass(frozen=True)
class File:
    """A file around the function `total`, and good versions of that."""

    name: str
    comment: str
    before: str
    target: str
    after: str
    good: tuple[str, ...]


PYTHON = File(
    "a.py",
    "#",
    "import sys\n\n\ndef first(a):\n    return a\n\n\n",
    """\
def total(values, low=0):
    result = 0
    for value in values:
        if value > low:
            result += value
    return result
""",
    "\n\nclass Other:\n    def total(self):\n        return 1\n",
    (
        "def total(values, low=0):\n    return sum(value for value in values if value > low)\n",
        "def total(values: Iterable[int], low: int = 0) -> int:\n    return sum(filter(low.__lt__, values))\n",
        '''\
def total(values, low=0):
    """The sum of what is above `low`."""
    result = 0
    for value in values:
        if value > low:
            result += value
    return result
''',
        """\
def total(values: list[int], low: int = 0) -> int:
    result = 0
    for value in values:
        if value > low:
            result += value
    return result
""",
    ),
)
JAVASCRIPT = File(
    "a.js",
    "//",
    "const a = 1;\n\n",
    """\
function total(values, low) {
  let result = 0;
  for (const value of values) {
    result += value;
  }
  return result;
}
""",
    "\nfunction other() {\n  return 1;\n}\n",
    ("function total(values, low) {\n  return values.reduce((a, b) => a + b, 0);\n}\n",),
)
GO = File(
    "a.go",
    "//",
    "package a\n\n",
    """\
func total(values []int, low int) int {
\tresult := 0
\tfor _, value := range values {
\t\tresult += value
\t}
\treturn result
}
""",
    "\nfunc other() int {\n\treturn 1\n}\n",
    ("func total(values []int, low int) int {\n\tresult := low - low\n\treturn result + len(values)\n}\n",),
)
FILES = [PYTHON, JAVASCRIPT, GO]

Spoil = Callable[[str, File, random.Random], str]


def _anywhere(code: str, what: str, chance: random.Random) -> str:
    at = chance.randint(0, len(code))
    return code[:at] + what + code[at:]


def _torn(code: str, file: File, chance: random.Random) -> str:
    at = chance.randint(0, len(code))
    return code[:at] + code[chance.randint(0, len(code)) :]


def _whole_file(code: str, file: File, chance: random.Random) -> str:
    """With something else changed, too."""
    return file.before.replace("first", "hacked").replace("= 1", "= 2") + code + file.after.replace("1", "666")


SPOILERS: dict[str, Spoil] = {
    "a hidden character": lambda code, file, chance: _anywhere(code, chance.choice(BIDI + INVISIBLE), chance),
    "a hidden character in a comment": lambda code, file, chance: code.replace(
        "\n", f"  {file.comment} see{chance.choice(BIDI + INVISIBLE)}n\n", 1
    ),
    "a byte order mark": lambda code, file, chance: "\ufeff" + code,
    "a break that is none": lambda code, file, chance: _anywhere(code, chance.choice(BREAKS), chance),
    "other line ends": lambda code, file, chance: code.replace("\n", chance.choice(["\r\n", "\r", "\n\n", "\n\r"])),
    "the whole file": _whole_file,
    "another definition before it": lambda code, file, chance: file.after + "\n" + code,
    "another definition behind it": lambda code, file, chance: code + file.after,
    "another name": lambda code, file, chance: code.replace("total", chance.choice(["other", "total2", "os.system"])),
    "another header": lambda code, file, chance: code.replace("(values", "(path, values"),
    "letters that look alike": lambda code, file, chance: code.replace(
        "result", chance.choice(["r\u0435sult", "re\u0301sult", "\uff52esult"])
    ),
    "torn": _torn,
}
SHAPES: list[Callable[[str, File], str]] = [
    lambda code, file: f"```\n{code}```",
    lambda code, file: f"Sure!\n\n```python\n{code}```\nThat is all.",
    lambda code, file: f"```{file.name}\n{code}",
    lambda code, file: code,
    lambda code, file: f"--- a/{file.name}\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-x\n+{code}",
    lambda code, file: f"Save as ../../etc/x:\n```python\n# ../../b.py\n{code}```\n```python\nos.system('x')\n```",
]


def written(chance: random.Random, file: File) -> str:
    """An answer: a version, the function as it was or a part of it, spoilt in none, one or two ways."""
    part = file.target[: chance.randint(1, len(file.target))]
    code = chance.choice([*file.good * 3, file.target, part])
    for _ in range(chance.choice([0, 1, 1, 2])):
        code = SPOILERS[chance.choice(list(SPOILERS))](code, file, chance)
    return chance.choice(SHAPES[:3] * 3 + SHAPES)(code, file)
