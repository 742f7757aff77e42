"""The option --engine of the commands whose work others can share."""

import argparse

ENGINES = "local, local:N, ray or ray://HOST:PORT"


def add_engine(parser: argparse.ArgumentParser, what: str, default: str | None = None) -> None:
    """Add --engine; `what` is done in several processes, in words. default: None for the command's own process."""
    without = "in this one" if default is None else default
    parser.add_argument(
        "--engine", default=default, metavar="E", help=f"{what} in several processes: {ENGINES} (default: {without})"
    )
