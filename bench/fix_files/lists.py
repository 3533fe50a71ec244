"""Small helpers for lists."""

from typing import TypeVar

T = TypeVar("T")


def chunks(items: list[T], size: int) -> list[list[T]]:
    """The list in pieces of `size` items; the last one may be shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def rotate(items: list[T], steps: int) -> list[T]:
    """The items moved to the left by `steps` places; those that fall off come in at the end."""
    if not items:
        return []
    steps %= len(items)
    return items[steps:] + items[:steps]


def flatten(nested: list[list[T]]) -> list[T]:
    """All items of all lists, in order."""
    flat: list[T] = []
    for inner in nested:
        flat.extend(inner)
    return flat


def unique(items: list[T]) -> list[T]:
    """Each item once, in the order of its first occurrence."""
    seen = set()
    result = []
    for item in items:
        if item not in seen:
            seen.add(item)
            result.append(item)
    return result
