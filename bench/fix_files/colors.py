"""Colors as (red, green, blue) with parts from 0 to 255."""

Color = tuple[int, int, int]


def parse(text: str) -> Color:
    """Read `#rrggbb`. Raises ValueError for anything else."""
    if len(text) != 7 or text[0] != "#":
        raise ValueError(f"not a color: {text}")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def show(color: Color) -> str:
    """Write `#rrggbb` with small letters."""
    return "#" + "".join(f"{part:02x}" for part in color)


def invert(color: Color) -> Color:
    """The opposite color."""
    red, green, blue = color
    return 255 - red, 255 - green, 255 - blue


def mix(one: Color, other: Color, share: float) -> Color:
    """Between two colors: `share` 0 gives the first one, 1 the other."""
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(one, other))
    return red, green, blue
