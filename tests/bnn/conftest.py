"""Small trainings run faster on one thread, and do not disturb the simulators beside them."""

from pathlib import Path

import pytest
import torch

from tests.support.pictures import Maker

torch.set_num_threads(1)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Return what writes pictures into the folder `set`."""
    return Maker(tmp_path / "set")
