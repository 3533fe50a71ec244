"""What is likely to be asked about next."""

from __future__ import annotations

from glossator.action.nearby import nearby
from glossator.code.languages import language_of
from glossator.code.tree import Tree, parse

SOURCE = "".join(f"def f{n}(a):\n    b = a + {n}\n    return b * {n}\n\n\n" for n in range(12))


def parsed(text: str) -> Tree:
    language = language_of("a.py")
    assert language is not None
    return parse(text, language)


def named(text: str, at: str, most: int) -> list[str]:
    return [target.name for target in nearby(parsed(text), "a.py", text.index(at), most)]


def test_nearest_first() -> None:
    """The definition that holds the cursor comes first, then its neighbours."""
    first, *others = named(SOURCE, "f5", 3)
    assert first == "f5"
    assert set(others) == {"f4", "f6"}


def test_methods_before_their_class() -> None:
    """In a method the other methods are nearer than the class, which costs as much as all of them."""
    methods = "".join(f"    def f{i}(self):\n        return {i}\n" for i in range(4))
    source = f"class C:\n{methods}def g():\n    pass\n"
    assert named(source, "return 3", 4) == ["f3", "g", "f2", "f1"]
    assert named(source, "C:", 2) == ["C", "f0"]


def test_what_is_called_before_what_is_near() -> None:
    """After the definition that holds the cursor comes what it calls, then what calls it, however far away."""
    source = (
        f"def low(a):\n    return a\n\n\ndef top(a):\n    return one(a)\n\n\n{SOURCE}def one(a):\n    return low(a)\n"
    )
    assert named(source, "return low", 4) == ["one", "low", "top", "f11"]


def test_who_calls_himself() -> None:
    """What calls itself stands there once, and so does what it calls twice or is called by."""
    source = f"{SOURCE}def one(a):\n    return two(two(one(a)))\n\n\ndef two(a):\n    return one(a)\n"
    found = named(source, "return two", 20)
    assert found[:2] == ["one", "two"]
    assert sorted(found) == sorted({*found})
