"""What tests share: the real 0.5B model, fetched once into the user's models folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from glossator.models import ModelError, catalogue
from glossator.models.pull import pull
from glossator.settings import folders


@pytest.fixture(scope="session")
def model_05b() -> Path:
    """The file of `qwen2.5-coder-0.5b` in the user's own models folder, whatever GLOSSATOR_HOME a test sets."""
    try:
        return pull(catalogue.card("qwen2.5-coder-0.5b"), folders({}).models, notice=print)
    except ModelError as error:
        pytest.fail(f"tests marked `model` need the real 0.5B model: {error}", pytrace=False)
