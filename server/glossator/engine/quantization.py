"""The types that a model's weights can be quantized to, and what is known of each. Loads and runs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..models import ModelError


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of weights.

    Attributes:
        name: What a user types, `Q4_K_M`.
        ftype: Its number in llama.cpp (`LLAMA_FTYPE_MOSTLY_…`).
        bits: For each weight, on average over a large model; small models need more.
        weighed: Whether it is too coarse to be chosen without knowing which weights matter (an importance matrix).
    """

    name: str
    ftype: int
    bits: float
    weighed: bool = False


# Bits as llama.cpp's quantize tool lists them for Llama 3.1 8B.
KINDS = (
    *(Kind("F32", 0, 32.0), Kind("F16", 1, 16.0), Kind("BF16", 32, 16.0), Kind("Q8_0", 7, 8.5), Kind("Q6_K", 18, 6.56)),
    *(Kind("Q5_K_M", 17, 5.7), Kind("Q5_1", 9, 6.0), Kind("Q5_K_S", 16, 5.57), Kind("Q5_0", 8, 5.57)),
    *(Kind("Q4_1", 3, 5.1), Kind("Q4_K_M", 15, 4.89), Kind("Q4_K_S", 14, 4.67), Kind("IQ4_NL", 25, 4.68)),
    *(Kind("Q4_0", 2, 4.66), Kind("IQ4_XS", 30, 4.46), Kind("Q3_K_L", 13, 4.3), Kind("Q3_K_M", 12, 4.0)),
    *(Kind("IQ3_M", 27, 3.76), Kind("Q3_K_S", 11, 3.64), Kind("IQ3_S", 26, 3.66)),
    *(Kind("IQ3_XS", 22, 3.5, weighed=True), Kind("IQ3_XXS", 23, 3.25, weighed=True), Kind("Q2_K", 10, 3.16)),
    *(
        Kind("Q2_K_S", 21, 2.97, weighed=True),
        Kind("IQ2_M", 29, 2.93, weighed=True),
        Kind("IQ2_S", 28, 2.74, weighed=True),
    ),
    *(Kind("IQ2_XS", 20, 2.59, weighed=True), Kind("IQ2_XXS", 19, 2.38, weighed=True)),
    *(Kind("IQ1_M", 31, 2.15, weighed=True), Kind("IQ1_S", 24, 2.0, weighed=True)),
)
TARGETS = tuple(kind for kind in KINDS if kind.bits < 10)
"""What can be asked for."""

_SUFFIX = re.compile(r"[-_.](?:i?q\d\w*|b?f16|f32)$", re.IGNORECASE)


def kind(name: str) -> Kind:
    """The type called `name` (case does not matter). Raises `ModelError` with those that there are."""
    for each in TARGETS:
        if each.name == name.upper():
            return each
    raise ModelError(f"no type of weights is called {name}; there are: {', '.join(each.name for each in TARGETS)}")


def kind_of(ftype: int) -> Kind | None:
    """The type with this number; None: it is not known here."""
    return next((each for each in KINDS if each.ftype == ftype), None)


def named(source: Path, target: Kind) -> str:
    """The name of the file that `source` becomes: its own without its type, and the new one."""
    return f"{_SUFFIX.sub('', source.stem)}-{target.name.lower()}.gguf"
