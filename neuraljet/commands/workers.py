"""The option --engine of the commands whose work others can share."""

import argparse


def add_engine(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --engine; `what` is done in several processes, in words. Without it nothing is."""
    parser.add_argument(
        "--engine",
        metavar="E",
        help=f"{what} in several processes: local, local:N, ray or ray://HOST:PORT (default: in this one)",
    )
