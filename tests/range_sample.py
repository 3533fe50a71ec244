"""A function with one wrong comparison, and a model that doubts it: where several tests look for a repair."""

from __future__ import annotations

from glossator.engine.scripted import Doubted, Likely

CODE = """def holds(value, low, high):
    if value < low:
        return False
    return value < high
"""
NONSENSE = "I cannot say."
DOUBTS = (
    Doubted(" < high", " <=", " high"),
    Doubted(" < low", " >", " low:"),
    Doubted(" return False", " return", " True"),
)


def likelihoods(right: float) -> tuple[Likely, ...]:
    """What the model finds likely, a wrong change most; `right` is how likely it finds the right one, -9 the code."""
    return (
        Likely(r"value > low", -1.0),
        Likely(r"return True", -2.0),
        Likely(r"value <= high", right),
        Likely(r"value < high\n```", -9.0),
    )


def mended(code: str) -> str:
    """The code with the right comparison."""
    return code.replace("value < high", "value <= high")


def written(code: str) -> str:
    """The code as a model answers it."""
    return f"Bug: here.\n\n```python\n{code.strip()}\n```"
