"""Which pictures are simulated, and what the report says about them."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from sim.pictures import choose_pictures


@pytest.fixture
def folder(tmp_path):
    """Return a folder with both sides and a file that is no picture."""
    r = np.random.default_rng(0)
    for side in ("Training", "Testing"):
        for name in ("good", "bad"):
            (tmp_path / side / name).mkdir(parents=True)
            for i in range(3):
                Image.fromarray(r.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / side / name / f"{i}.png")
    (tmp_path / "readme.txt").write_text("x")
    return tmp_path


def manifest(classes, **data):
    return SimpleNamespace(
        input=SimpleNamespace(height=8, width=8, channels=1), output=SimpleNamespace(classes=classes), data=data
    )


def test_what_is_left_out_of_other_pictures_is_said(folder):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        pictures = choose_pictures(manifest(("bad", "good")), folder, "all", False, 0)
    assert pictures.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert [str(warning.message) for warning in warned] == [
        "the split of the folder is kept: Training/ is train, Testing/ is test",
        "left out: files that are no pictures (1: readme.txt)",
    ]


def test_the_networks_own_pictures_were_told_of_in_training(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own = choose_pictures(manifest(("bad", "good"), source=str(folder)), None, "all", False, 0)
    assert len(own.images) == 6 and own.labels is not None


def test_other_classes_than_the_networks_are_told(folder):
    with pytest.warns(UserWarning, match="has classes bad, good and the network ok, worn, so no accuracy is counted"):
        pictures = choose_pictures(manifest(("ok", "worn")), folder, 2, False, 0)
    assert pictures.labels is None and len(pictures.images) == 2
