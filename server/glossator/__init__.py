"""Glossator: a language server that reasons about code on the user's own machine, offline."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("glossator")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
