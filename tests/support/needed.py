"""What some tests need of the machine: by hand they are skipped without it, in CI it has to be there."""

import os
from typing import NoReturn

import pytest

NEEDED = "NEURALJET_CI"  # set where everything has to be there


def missing(words: str) -> NoReturn:
    """Skip the test, or fail it where what it needs has to be there."""
    if os.environ.get(NEEDED):
        pytest.fail(words)
    pytest.skip(words)
