"""Numbers on the command line."""

import argparse
import re


def positive(text: str) -> float:
    """Read a number above zero."""
    return _between(text, 1e12, "a number above 0")


def probability(text: str) -> float:
    """Read a number above zero and below one."""
    return _between(text, 1.0, "a probability above 0 and below 1")


def _between(text: str, most: float, words: str) -> float:
    """Read a number above zero and below `most`."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {words}")
    return value


def natural(text: str) -> int:
    """Read a whole number from 0 on."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)
