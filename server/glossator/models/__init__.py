"""Which GGUF models there are, where they are on disk, how they are fetched. Knows nothing of engines or editors."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Advice:
    """The publisher's sampling advice."""

    temperature: float = 0.2
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class Card:
    """One model: what it is, its licence, how it talks and where it can be had.

    Attributes:
        name: What a user types, `qwen2.5-coder-1.5b`.
        file: The file's name in the models folder (or an absolute path for a model by path).
        bytes: Size of the file in bytes; 0 when unknown.
        sha256: Digest of the file, lower-case hex; empty when the publisher's is only known at download time.
        context: The context window in tokens that it was trained for.
        family: `qwen`, `deepseek-r1`, `qwen3`, `llama3`, `gemma`; chooses the chat template; empty: read from the file.
        reasoning: Whether it thinks by itself.
        advice: How its publisher has it sampled.
        plain: The same for a model that reasons where it is told not to; empty: as always.
        sources: In order: `hub:REPO/FILE` and `index:…` (see catalogue.toml).
        about: Rounded size in bytes where `bytes` is unknown; only for display and for the free-space check.
    """

    name: str
    file: str
    title: str = ""
    bytes: int = 0
    sha256: str = ""
    licence: str = ""
    context: int = 32768
    family: str = ""
    reasoning: bool = False
    think_open: str = "<think>"
    think_close: str = "</think>"
    advice: Advice = field(default_factory=Advice)
    plain: Advice | None = None
    sources: tuple[str, ...] = ()
    about: int = 0


class ModelError(Exception):
    """A model cannot be listed, fetched, verified or removed; the message says what, where and what to do.

    ModelError
    ├── ModelAbsent         no such file here; says how to get it
    ├── ModelDamaged        the file is not what it should be: empty, cut off, another hash, not a GGUF
    ├── SourceUnreachable   where a model could be fetched from does not answer
    └── PullStopped         a pull was cancelled; what has come is kept
    """


class ModelAbsent(ModelError):
    """The model's file is not on this machine."""


class ModelDamaged(ModelError):
    """The model's file is damaged or is not a model."""


class SourceUnreachable(ModelError):
    """A source of models does not answer; asking it for another file would fail in the same way."""


class PullStopped(ModelError):
    """The pull was cancelled by the user."""
