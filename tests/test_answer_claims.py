"""What an explanation says against the facts: plain contradictions go, everything else stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossator.action.about import about
from glossator.action.target import target_at
from glossator.answer.claims import About, contradiction
from glossator.answer.contradicted import sentences, sound

CODE = {
    "a.py": '''
import random

class Stack:
    """A stack."""

    def push(self, item):
        self.items.append(item)

    def later(self):
        raise NotImplementedError

    def top(self):
        if not self.items:
            raise IndexError("empty")
        return self.items[-1]

def add(left, right):
    return left + right

def first(items):
    if items:
        return items[0]

def clear(items, log):
    items.clear()
    print(log)

def parse(text):
    try:
        return checked(int(text))
    except ValueError:
        return -1

def checked(number):
    if number < 0:
        raise NegativeError(number)
    return number

def fact(n):
    return 1 if n < 2 else n * fact(n - 1)

def upto(n):
    for number in range(n):
        yield number

async def fetch_all(urls):
    return [await load(url) for url in urls]

def report(total):
    if total is None:
        raise TypeError("no total")
    print(total)

def missing(stock, name, default=None):
    """Return what is missing, or None."""
    return stock.get(name, default)

def shuffled(items):
    copy = list(items)
    random.shuffle(copy)
    return copy

class NegativeError(Exception):
    pass
''',
    "a.js": """
function add(left, right) { return left + right; }
function note(text) { console.log(text); }
function last(items) { if (!items.length) { throw new RangeError("empty"); } return items[items.length - 1]; }
const twice = (x) => x * 2;
function clear(items) { items.length = 0; }
function load(url) { return fetch(url); }
""",
    "a.ts": "export function size(a: number[], b: number): number { return a.length + b; }\n",
    "a.go": "package a\n\nfunc Sum(a, b int) int { return a + b }\n\nfunc Log(text string) { fmt.Println(text) }\n\n"
    "func Fill(out *int) { *out = 1 }\n",
    "a.rs": "fn sum(a: i32, b: i32) -> i32 { a + b }\n"
    "fn find(a: &[i32]) -> Option<i32> { None }\nfn show(a: i32) { }\n",
    "A.java": "class A {\n  int sum(int a, int b) { return a + b; }\n"
    "  void log(String text) { System.out.println(text); }\n"
    "  int take(int n) { if (n < 0) { throw new IllegalStateException(); } return n; }\n}\n",
    "a.c": "int sum(int a, int b) { return a + b; }\n"
    'void show(int a) { printf("%d", a); }\nvoid fill(int *a) { *a = 1; }\n',
    "a.cpp": 'int sum(int a, int b) { return a + b; }\nvoid show(const int a) { puts("x"); }\n',
}

WRONG = """
a.py Stack.top | It raises a `NegativeError` when the stack is empty.
a.py add | Raises a `NegativeError` if `left` is negative.
a.py add | A `NegativeError` is raised if the sum is negative.
a.py add | `add` adds two numbers and raises `NegativeError` if one is negative.
a.py add | It adds two numbers, raising a `NegativeError` for negative ones.
a.py add | It returns None.
a.py add | `add` does not return anything.
a.py add | It returns `None` if the numbers are equal.
a.py add | This function returns nothing, but prints the sum.
a.py add | `add` calls itself until nothing is left.
a.py add | It is an asynchronous function that adds numbers.
a.py add | `add` is a coroutine.
a.py add | It is a generator that gives sums.
a.py add | It yields each sum.
a.py add | It takes three arguments and adds them.
a.py add | `add` takes no arguments.
a.py Stack.push | `push` method of the `Stack` class takes three parameters: the stack, an item and a place.
a.py add | It is decorated with a cache.
a.py add | It adds `left_value` to `right_value`.
a.py add | The value of `maxRetries` decides how often it adds.
a.py report | It returns the total as a string.
a.py report | `report` prints the total and returns `True`.
a.py report | It never raises an exception.
a.py clear | Returns the emptied list.
a.py Stack.push | `push` adds an item and returns the new length.
a.py Stack.push | It takes three arguments.
a.py fact | It returns nothing.
a.js add | It returns `undefined`.
a.js add | It returns null if both are zero.
a.js add | It is an asynchronous function.
a.js note | It returns the text.
a.js twice | `twice` returns nothing.
a.js twice | It takes two arguments.
a.js last | It never throws an error.
a.ts size | It returns nothing.
a.ts size | It takes three parameters.
a.go Sum | It returns nothing.
a.go Sum | `Sum` takes three arguments.
a.go Log | It logs the text and returns the number of bytes.
a.rs sum | It does not return a value.
a.rs show | It returns the number as text.
A.java A.sum | It returns nothing.
A.java A.log | It returns the text that was logged.
A.java A.take | It never throws an exception.
a.c sum | It has no return value.
a.c show | It returns the number of characters.
a.cpp sum | It does not return anything.
a.cpp show | `show` returns a string.
"""

RIGHT = """
a.py Stack.top | It raises an `IndexError` when the stack is empty.
a.py Stack.top | It does not raise a `NegativeError`.
a.py Stack.top | `top` returns the last item.
a.py Stack.top | It does not modify the stack.
a.py add | It returns the sum.
a.py add | Where `parse` raises `NegativeError`, it is not called.
a.py add | A `NegativeError` is never raised.
a.py add | It calls `checked`, which raises `NegativeError`.
a.py add | It does not modify the list in place.
a.py add | It is not recursive.
a.py add | It raises a `TypeError` if the operands do not fit.
a.py add | It takes two arguments and adds them.
a.py add | It could be made asynchronous.
a.py add | The result is not a generator.
a.py add | It returns a new list and leaves the input in place.
a.py add | It is like `operator.add_all`, but shorter.
a.py add | The caller returns None if the sum is too large.
a.py add | It adds what `left` and `right` hold, which returns None for no one.
a.py first | It returns None if the list is empty.
a.py first | It returns nothing for an empty list.
a.py first | It may raise an `IndexError` or a `KeyError`.
a.py missing | It returns None if the name is unknown.
a.py missing | It returns nothing when the name is unknown.
a.py missing | It takes two required arguments.
a.py missing | It takes two arguments and a default.
a.py parse | It raises `NegativeError` if the number is negative.
a.py parse | It raises a `ValueError` when the text is no number.
a.py parse | It catches the `OverflowError` that `int` raises.
a.py parse | It never raises an error.
a.py shuffled | If `list` fails, it raises a `NegativeError`.
a.py checked | It never raises an error if the number is positive.
a.py fact | It calls itself with the next smaller number.
a.py fact | It is a recursive function.
a.py upto | It is a generator that yields each number.
a.py upto | `upto` returns a generator.
a.py fetch_all | It is an asynchronous function.
a.py fetch_all | It returns a coroutine.
a.py report | It returns early if there is nothing to do.
a.py report | It returns control to the caller.
a.py report | It prints the total and returns None.
a.py report | It never raises an error when there is a total.
a.py clear | It empties the list `items` in place.
a.py clear | It does not modify `log`.
a.py clear | It returns nothing.
a.py clear | It has no side effects other than printing and emptying the list.
a.py shuffled | It shuffles the list in place.
a.py shuffled | It shuffles a copy without modifying the original list.
a.py Stack.push | It appends the item in place and returns nothing.
a.py Stack.push | It takes one argument.
a.py Stack.later | It raises a `NegativeError` if there is none.
a.py Stack.push | It takes two arguments, the stack itself and an item.
a.py Stack | It raises an `IndexError` when it is empty.
a.py Stack | It has no side effects.
a.js add | It returns a number.
a.js load | It is an asynchronous function that gives a response.
a.js load | It returns nothing if the net is down.
a.js last | It throws a `RangeError` when the list is empty.
a.js clear | It empties the list in place.
a.js note | It returns nothing.
a.ts size | It takes two parameters.
a.go Sum | It returns the sum.
a.go Sum | It returns nil if there is nothing.
a.go Log | It returns nothing.
a.go Fill | It returns the number through `out`.
a.rs find | It returns None if the list is empty.
a.rs sum | It returns the sum.
A.java A.sum | It returns null if the sum is odd.
A.java A.take | It throws an `IllegalStateException` for negative numbers.
A.java A.log | It returns to the caller without a value.
a.c fill | It returns the result in `a`.
a.c sum | It returns the sum.
a.cpp show | It does not return a value.
"""


def of(place: str) -> About:
    file, name = place.split()
    found = about(target_at(CODE[file], file, name=name))
    assert found is not None
    return found


def rows(table: str) -> list[tuple[str, str]]:
    return [
        (place.strip(), sentence.strip()) for place, sentence in (row.split("|") for row in table.strip().split("\n"))
    ]


@pytest.mark.parametrize(("place", "sentence"), rows(WRONG))
def test_contradicted(place: str, sentence: str) -> None:
    """A sentence that a fact plainly contradicts is found, with what is so instead."""
    found = contradiction(sentence, of(place))
    assert found is not None
    assert found.reason.startswith(("`", "there is no `"))


@pytest.mark.parametrize(("place", "sentence"), rows(RIGHT))
def test_not_contradicted(place: str, sentence: str) -> None:
    """What is right, denied, hedged, or about something else stays."""
    assert contradiction(sentence, of(place)) is None


TEXTS = [
    # Nothing is wrong: the very text.
    (
        "a.py add",
        "`add` adds  two numbers.\n\n- It returns the sum.",
        "`add` adds  two numbers.\n\n- It returns the sum.",
    ),
    # The first sentence goes: the next one says whose it is.
    ("a.py add", "`add` is a generator. It returns the sum.", "`add` returns the sum."),
    # A wrong half goes, the right one stays.
    ("a.py add", "`add` adds two numbers and raises `NegativeError` if one is.", "`add` adds two numbers."),
    (
        "a.py add",
        "`add` adds two numbers of any kind, raising a `NegativeError`. Done.",
        "`add` adds two numbers of any kind. Done.",
    ),
    # What leaned on it goes, too; what turned from it stands alone.
    (
        "a.py add",
        "`add` sums. It returns None if both are odd. In that case nothing is done. It is quick.",
        "`add` sums. It is quick.",
    ),
    (
        "a.py add",
        "`add` sums. It returns None if both are odd. Otherwise, it returns the sum.",
        "`add` sums. It returns the sum.",
    ),
    # Code is no prose, and a full stop in it ends no sentence.
    ("a.py add", "`add` sums.\n\n```python\nIt returns None.\n```", "`add` sums.\n\n```python\nIt returns None.\n```"),
    ("a.py add", "`add` sums `a. It returns None.` here.", "`add` sums `a. It returns None.` here."),
    # Lists and labels.
    ("a.py add", "`add` sums.\n\n- It returns None.\n- It is quick.", "`add` sums.\n\n- It is quick."),
    ("a.py add", "`add` adds numbers.\n\nIt may fail:\n\n- It raises `NegativeError`.", "`add` adds numbers."),
    ("a.py add", "**Purpose:** `add` sums.\n\n**Raises:** `NegativeError` if one is.", "**Purpose:** `add` sums."),
    (
        "a.py add",
        "**Purpose:** `add` sums.\n\n**Returns:** None.\n\n**Cost:** none.",
        "**Purpose:** `add` sums.\n\n**Cost:** none.",
    ),
    # Labels and headings that stand alone, and what belongs to an item.
    ("a.py add", "`add` sums it.\n\n**Raises:**\n\n- It raises `NegativeError`.", "`add` sums it."),
    (
        "a.py add",
        "`add` sums.\n\n**Raises:**\n\nIt raises `NegativeError`.\n\n**Cost:** none.",
        "`add` sums.\n\n**Cost:** none.",
    ),
    ("a.py add", "`add` sums it.\n\n### Raises\n\nIt raises `NegativeError`.", "`add` sums it."),
    (
        "a.py add",
        "`add` sums.\n\n**Cases:**\n\nIt returns None.\n\nIt is quick.",
        "`add` sums.\n\n**Cases:**\n\nIt is quick.",
    ),
    (
        "a.py add",
        "`add` sums.\n\n- It returns None.\n  - Always.\n    And again.\n- It is quick.",
        "`add` sums.\n\n- It is quick.",
    ),
    # A fence ends with its own mark.
    (
        "a.py add",
        "`add` sums.\n\n````\n```\nIt returns None.\n````\n\nIt returns None.",
        "`add` sums.\n\n````\n```\nIt returns None.\n````",
    ),
    # What was cut off still was.
    ("a.py add", "`add` sums. It is quick. It returns None. …", "`add` sums. It is quick. …"),
    # Nothing is left.
    ("a.py add", "`add` returns None.", ""),
    ("a.py add", "It is a generator. It returns None.", ""),
]


@pytest.mark.parametrize(("place", "text", "left"), TEXTS)
def test_what_is_left(place: str, text: str, left: str) -> None:
    """A text without its wrong claims reads as one that never made them."""
    found = sound(text, of(place))
    assert found.text == left
    assert bool(found.reasons) == (text != left)


def test_the_first_sentence() -> None:
    """A text that lost what it is for says so; one that lost the end of that sentence did not."""
    assert not sound("`add` is a generator. It returns the sum.", of("a.py add")).whole
    assert sound("`add` adds two numbers, raising a `NegativeError`.", of("a.py add")).whole
    assert sound("`add` adds two numbers. It returns None.", of("a.py add")).whole
    assert not sound("**Purpose:**\n\n`add` is a generator. It returns the sum.", of("a.py add")).whole
    assert not sound("### `add`\n\n`add` is a generator. It returns the sum.", of("a.py add")).whole


PIECES = [sentence for _, sentence in rows(WRONG) + rows(RIGHT)] + [
    "",
    "- ",
    "**Raises:** ",
    "```",
    "\n",
    "\n\n",
    "1. ",
    "`",
]


@given(place=st.sampled_from(["a.py add", "a.py clear", "a.js add", "a.go Sum", "a.py Stack"]),
       text=st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=8).map(" ".join))  # fmt: skip
def test_only_takes_away(place: str, text: str) -> None:
    """Whatever a model writes: what is left is there in the same order, and is judged the same a second time."""
    what = of(place)
    found = sound(text, what)
    if not found.reasons:
        assert found.text == text
    left, words = iter(re.findall(r"\w+", f"{what.name} " * 2 + text.lower())), re.findall(r"\w+", found.text.lower())
    assert all(word in left for word in words if word != what.name.lower())
    assert all("\n" not in each for each in sentences(text.replace("\n", " ")))


@given(text=st.text(max_size=200))
def test_sentences_are_the_row(text: str) -> None:
    """The sentences of a row are its text without blanks between them."""
    row = " ".join(text.split())
    assert "".join("".join(sentences(row)).split()) == "".join(row.split())
