"""Small statistics over lists of numbers."""

from __future__ import annotations

import math


def mean(values: list[float]) -> float:
    """The arithmetic mean. Raises ValueError for an empty list."""
    if not values:
        raise ValueError("mean of nothing")
    return sum(values) / len(values)


def variance(values: list[float]) -> float:
    """The sample variance, with n - 1 in the denominator."""
    center = mean(values)
    return sum((value - center) ** 2 for value in values) / (len(values) - 1)


def deviation(values: list[float]) -> float:
    """The sample standard deviation."""
    return math.sqrt(variance(values))


def moving_average(values: list[float], width: int) -> list[float]:
    """Averages of every `width` neighbours; a list of len(values) - width + 1 numbers."""
    if width < 1:
        raise ValueError("width must be positive")
    averages = []
    for start in range(len(values) - width + 1):
        window = values[start : start + width]
        averages.append(sum(window) / width)
    return averages


def histogram(values: list[float], bins: int) -> list[int]:
    """How many values fall into each of `bins` equal parts of their range."""
    low, high = min(values), max(values)
    counts = [0] * bins
    for value in values:
        index = int((value - low) / (high - low) * bins)
        counts[min(index, bins - 1)] += 1
    return counts


def positive_squares(numbers):
    result = []
    for number in numbers:
        if number > 0:
            result.append(number * number)
    return result


def median(values: list[float]) -> float:
    """The middle value, or the mean of the two middle ones."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
