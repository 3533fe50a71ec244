"""`glossator …` and `python -m glossator …`."""

from __future__ import annotations


def main() -> None:
    """The console script."""
    from .cli.main import glossator
    from .cli.plain import bear_any_text

    bear_any_text()
    glossator(prog_name="glossator")


if __name__ == "__main__":
    main()
