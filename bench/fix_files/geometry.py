"""Points and rectangles in the plane."""

import math

Point = tuple[float, float]


def distance(one: Point, other: Point) -> float:
    """The straight distance of two points."""
    return math.sqrt((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)


def area(corners: list[Point]) -> float:
    """The area of a polygon, by the shoelace formula."""
    total = 0.0
    for index, (x, y) in enumerate(corners):
        next_x, next_y = corners[(index + 1) % len(corners)]
        total += x * next_y - next_x * y
    return abs(total) / 2


def bounds(points: list[Point]) -> tuple[Point, Point]:
    """The lower left and the upper right corner of the smallest rectangle around the points."""
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    return (min(xs), min(ys)), (max(xs), max(ys))


def inside(point: Point, center: Point, radius: float) -> bool:
    """Whether a point is in a circle or on its edge."""
    return distance(point, center) <= radius
