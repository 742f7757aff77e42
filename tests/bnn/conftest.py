"""Run torch on one thread. Small trainings are faster that way, and leave the other cores to simulators."""

from pathlib import Path

import pytest
import torch

from tests.support.pictures import Maker

torch.set_num_threads(1)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Return a Maker of pictures in the folder `set`."""
    return Maker(tmp_path / "set")
