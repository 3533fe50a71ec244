"""Closed intervals of whole numbers as pairs (low, high)."""


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two intervals share at least one number."""
    return one[0] <= other[1] and other[0] <= one[1]


def merge(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers as few intervals, in order; touching ones like (1, 2) and (3, 4) become one."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def size(interval: tuple[int, int]) -> int:
    """How many numbers the interval holds."""
    low, high = interval
    return max(0, high - low + 1)


def gaps(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The intervals between neighbours of a sorted list without overlaps."""
    found = []
    for (_, end), (start, _) in zip(intervals, intervals[1:]):
        if start - end > 1:
            found.append((end + 1, start - 1))
    return found
