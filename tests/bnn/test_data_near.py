"""Near-duplicates: altered copies are found, other pictures of the same part in the same place are not."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bnn.data import load
from bnn.data.check import checked
from bnn.data.near import near_pairs, thumbnail
from tests.support.pictures import Maker

Picture = NDArray[np.uint8]


def texture(seed: int, side: int = 48) -> Picture:
    """Draw a part in a fixture: the same frame in every picture, and a texture of its own, as parts have it."""
    random = np.random.default_rng(seed)
    own = Image.fromarray(random.integers(0, 256, (12, 12), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    picture = np.asarray(own, np.float32) * 0.3 + 40
    picture[:: side // 6] += 90  # the fixture
    return np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


def jpeg(picture: Picture) -> Picture:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=70)
    return np.asarray(Image.open(file))


def larger(picture: Picture) -> Picture:
    return np.asarray(Image.fromarray(picture).resize((120, 96), Image.Resampling.BICUBIC))


ALTERED = {
    "saved again": jpeg,
    "stretched": larger,
    "brighter": lambda picture: np.clip(picture * 1.1 + 8, 0, 255).astype(np.uint8),
    "in colour": lambda picture: np.repeat(picture[..., None], 3, axis=2),
    "16 bits": lambda picture: picture.astype(np.uint16) * 200,
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_an_altered_copy_is_found_and_nothing_else(alter) -> None:
    pictures = [texture(seed) for seed in range(40)]
    pictures.insert(7, alter(pictures[30]))
    pairs = near_pairs(np.stack([thumbnail(picture) for picture in pictures]), np.zeros(41, np.int64))
    assert pairs.tolist() == [[7, 31]]


def test_a_class_of_pictures_that_are_alike_throughout_has_none() -> None:
    """Of parts that nothing tells apart no two can be called the same."""
    random = np.random.default_rng(0)
    one = texture(1).astype(np.int64)
    alike = [np.clip(one + random.integers(0, 2), 0, 255).astype(np.uint8) for _ in range(30)]
    other = [texture(seed) for seed in range(30)]
    thumbnails = np.stack([thumbnail(picture) for picture in (*alike, *other)])
    assert not len(near_pairs(thumbnails, np.repeat([0, 1], 30)))


def test_empty_pictures_are_not_near_one_another() -> None:
    pictures = [np.full((20, 20), 100 + seed % 2, np.uint8) for seed in range(30)]
    assert not len(near_pairs(np.stack([thumbnail(picture) for picture in pictures]), np.zeros(30, np.int64)))


@pytest.fixture
def series(make: Maker) -> Maker:
    """Make two classes of 24 pictures, the first eight of each saved twice."""
    for label, name in enumerate(("bad", "good")):
        (make.root / name).mkdir(parents=True)
        for i in range(16):
            picture = texture(1000 * label + i)
            Image.fromarray(picture).save(make.root / name / f"{i:02}.png")
            if i < 8:
                Image.fromarray(picture).save(make.root / name / f"{i:02}_again.jpg", quality=80)
    return make


def test_near_duplicates_stay_together_when_the_split_is_made_here(series: Maker) -> None:
    for seed in range(5):
        data = load(series.root, seed=seed)
        stems = [{name.split(".")[0].split("_")[0] for name in names} for names in (data.train_names, data.test_names)]
        assert not stems[0] & stems[1]
        assert data.train_groups is not None
        assert "16 pictures are near-duplicates of others: they stay on one side" in "; ".join(data.notes)
        assert checked(data).notes == data.notes  # there is nothing on both sides


def test_near_duplicates_on_both_sides_are_told_of(series: Maker) -> None:
    for name in ("bad", "good"):
        for path in sorted((series.root / name).glob("*")):
            side = "test" if "again" in path.name or path.stem in ("14", "15") else "train"
            (series.root / side / name).mkdir(parents=True, exist_ok=True)
            path.rename(series.root / side / name / path.name)
        (series.root / name).rmdir()
    data = load(series.root)
    assert data.train_groups is None and not any("near" in note for note in data.notes)
    (note,) = (note for note in checked(data).notes if "near" in note)
    assert note.startswith(
        "16 of the 20 test pictures are near-duplicates of pictures in train "
        "(test/bad/00_again.jpg ~ train/bad/00.png, "
    )
    assert "--group-by" in note and note.count("~") == 3
