"""What a survey finds in pictures, without training: counts, sizes, brightness, duplicates, and what looks odd."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bnn.data import load
from bnn.data.survey import survey
from bnn.errors import UserError
from tests.support.pictures import Maker


def test_counts_are_those_of_the_training(make: Maker) -> None:
    make.classes(good="schön", count=12)
    found, data = survey(make.root), load(make.root)
    sides = {picture.path: picture.side for picture in found.pictures}
    assert {path for path, side in sides.items() if side == "train"} == set(data.train_names)
    assert {path for path, side in sides.items() if side == "test"} == set(data.test_names)
    assert {(part.label, part.side, part.pictures) for part in found.parts} == {
        ("bad", "train", 9), ("bad", "test", 3), ("schön", "train", 9), ("schön", "test", 3),
    }  # fmt: skip
    assert found.sizes == (("12x12", 24),) and found.problem is None and found.groups is None
    assert found.copies == found.near == found.suspicious == ()


def test_brightness_and_contrast(tmp_path: Path) -> None:
    for name, low in (("a", 20), ("b", 200)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for i in range(4):
            picture = np.full((10, 10), low + i, np.uint8)
            picture[:5] += 40
            Image.fromarray(picture).save(tmp_path / "set" / name / f"{i}.png")
    seen = [picture.seen for picture in survey(tmp_path / "set").pictures]
    assert [(s.brightness, s.contrast) for s in seen if s] == [(v, 20) for v in (40, 41, 42, 43, 220, 221, 222, 223)]


def test_what_looks_odd(make: Maker) -> None:
    make.classes(count=20)
    flash = make.pixels(120)
    flash[:8] = 255
    odd = {
        "good/black.png": (np.zeros((12, 12), np.uint8), "uniform"),
        "good/dark.png": (make.pixels(20), "much darker than its class"),
        "good/flash.png": (flash, "over-exposed"),
        "bad/light.png": (make.pixels(230), "much lighter than its class"),
        "bad/wide.png": (make.pixels(120, 12, 20), "another size"),
        "bad/rgb.png": (make.pixels(120, 12, 12, 3), "in colour, and the others are gray"),
    }
    for name, (pixels, _) in odd.items():
        Image.fromarray(pixels).save(make.root / name)
    make.text("good/page.jpg", "<html>")
    found = survey(make.root)
    told: dict[str, set[str]] = {}
    for path, why in found.suspicious:
        told.setdefault(path, set()).add(why.split(":")[0])
    assert set(told) == {*odd, "good/page.jpg"}
    assert all(word in told[name] for name, (_, word) in odd.items())
    assert told["good/page.jpg"] == {"unreadable"}
    assert found.problem and "page.jpg is damaged or no picture" in found.problem
    with pytest.raises(UserError, match=r"page\.jpg is damaged"):
        load(make.root)


def test_copies_and_near_duplicates(make: Maker) -> None:
    make.classes("train", "test", count=8)
    picture = Image.open(make.root / "train" / "good" / "0.png")
    (make.root / "test" / "good" / "copy.png").write_bytes((make.root / "train" / "good" / "0.png").read_bytes())
    Image.fromarray((np.asarray(picture) * 0.8).astype(np.uint8)).save(make.root / "test" / "good" / "dim.png")
    (make.root / "train" / "bad" / "wrong.png").write_bytes((make.root / "train" / "good" / "1.png").read_bytes())
    found = survey(make.root)
    assert {(frozenset((pair.one, pair.other)), pair.across, pair.labels_differ) for pair in found.copies} == {
        (frozenset({"train/bad/wrong.png", "train/good/1.png"}), False, True),
        (frozenset({"train/good/0.png", "test/good/copy.png"}), True, False),
    }
    assert {frozenset((pair.one, pair.other)) for pair in found.near} == {
        frozenset({"train/good/0.png", "test/good/dim.png"}), frozenset({"test/good/copy.png", "test/good/dim.png"}),
    }  # fmt: skip
    assert any("is a near-duplicate of pictures in train (test/good/dim.png ~ train/" in note for note in found.notes)


def test_sets_that_cannot_be_trained_on_are_looked_at(make: Maker) -> None:
    make.classes(count=4)
    make.put("rare/0.png")
    found = survey(make.root)
    assert found.problem and "class 'rare' has 1 picture" in found.problem
    assert {part.side for part in found.parts} == {"all"} and len(found.pictures) == 9


def test_groups(make: Maker) -> None:
    for side, lots in (("train", (0, 1)), ("test", (1, 2))):
        make.put(*(f"{side}/{name}/lot{lot}_{i}.png" for name in "ab" for lot in lots for i in range(2)))
    found = survey(make.root, group_by=r"lot\d")
    assert found.groups == 3 and found.parted_groups == ("lot1",)
    assert {picture.group for picture in found.pictures} == {"lot0", "lot1", "lot2"}
    with pytest.raises(UserError, match="does not name a group"):
        survey(make.root, group_by="day")
