"""How much a model should be shown: as much as it reads in the time that a person waits. Knows rates, no files.

What all questions about a file share has one size for hovers and commands alike, since a file that is cut in two ways
is read twice.
"""

from __future__ import annotations

from ..engine import ModelInfo

HOVER_SECONDS = 4.0  # to the first word of a hover about a file that was never read
COMMAND_SECONDS = 10.0  # the same for what a user asked for
LEAST_HOVER, LEAST_COMMAND = 512, 1024  # less says too little about any code
UNKNOWN_HOVER, UNKNOWN_COMMAND = 1024, 2048  # where nothing was measured
_STEPS = tuple(quarter << octave for octave in range(7, 13) for quarter in (4, 5, 6, 7))  # 512, 640, 768, 896, 1024 …


def prompt_tokens(info: ModelInfo, hover: bool = False) -> int:
    """Tokens of prompt that one question may cost: `hover` for what a person reads while it is written."""
    if not info.prefill_rate:
        wanted = UNKNOWN_HOVER if hover else UNKNOWN_COMMAND
    else:
        seconds, least = (HOVER_SECONDS, LEAST_HOVER) if hover else (COMMAND_SECONDS, LEAST_COMMAND)
        wanted = max(least, _step(seconds * info.prefill_rate))
    return max(256, min(wanted, info.context // 2))


def file_tokens(info: ModelInfo) -> int:
    """Tokens of the part that all questions about a file share: most of a hover's, the same for every action."""
    return prompt_tokens(info, hover=True) * 5 // 8


def _step(tokens: float) -> int:
    """The next step below: a rate that is measured a little differently next time changes nothing."""
    return max((step for step in _STEPS if step <= tokens), default=_STEPS[0])
