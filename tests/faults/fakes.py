"""The stand-in of a remote server, which lies in no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("endpoint_fake", Path(__file__).parent.parent / "endpoint_fake.py")
assert _spec and _spec.loader
fake = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("endpoint_fake", fake)  # its dataclasses look their module up
_spec.loader.exec_module(fake)
