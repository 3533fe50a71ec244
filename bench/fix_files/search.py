"""Searching in sorted lists."""


def lower_bound(items: list[int], value: int) -> int:
    """The first place in the sorted list `items` at which no smaller item stands."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


def contains(items: list[int], value: int) -> bool:
    """Whether the sorted list holds the value."""
    place = lower_bound(items, value)
    return place < len(items) and items[place] == value


def count(items: list[int], value: int) -> int:
    """How often the sorted list holds the value."""
    return lower_bound(items, value + 1) - lower_bound(items, value)


def nearest(items: list[int], value: int) -> int:
    """The item of a sorted list that is not empty which is nearest to the value; the smaller one of two."""
    place = lower_bound(items, value)
    if place == 0:
        return items[0]
    if place == len(items):
        return items[-1]
    before, after = items[place - 1], items[place]
    return before if value - before <= after - value else after
