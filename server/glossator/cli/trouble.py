"""What goes wrong, told to a person: one sentence on standard error and the right exit code, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ..action.target import TargetError
from ..code import TooLarge
from ..engine import EngineError
from ..models import ModelError
from ..settings import SettingsError
from .plain import calm

ANSWERED, REFUSED, USAGE, TROUBLE, INTERRUPTED = 0, 1, 2, 3, 130


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors that a user can meet into a sentence and an exit code."""
    try:
        yield
    except (SettingsError, TargetError, TooLarge, click.UsageError) as error:
        message = error.format_message() if isinstance(error, click.UsageError) else str(error)
        stop(message, USAGE)
    except (EngineError, ModelError) as error:
        stop(str(error), TROUBLE)
    except KeyboardInterrupt:
        stop("stopped", INTERRUPTED)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        stop(f"{place}{error.strerror or error}", TROUBLE)


def stop(message: str, code: int) -> None:
    """Say `message` and end with `code`."""
    print(f"glossator: {calm(message)}", file=sys.stderr)
    raise SystemExit(code)
