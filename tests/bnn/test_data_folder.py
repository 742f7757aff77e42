"""Class folders: which pictures are read, in which order, how they are split, and every refusal."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bnn.data import load
from bnn.errors import UserError
from tests.support.pictures import refusal


def picture(path: Path, value: int = 0, size: tuple[int, int] = (16, 16), mode: str = "L") -> Path:
    """Save a picture of `size` (height, width); each `value` gives another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(value).integers(0, 256, size, np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Make two classes of eight pictures each, without a split."""
    for index in range(8):
        picture(tmp_path / "set" / "ok" / f"{index}.png", index)
        picture(tmp_path / "set" / "worn" / f"{index}.png", 100 + index)
    return tmp_path / "set"


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    for index, side in enumerate(("train", "train2", "test")):
        for label, name in enumerate(("a", "b")):
            picture(tmp_path / "set" / side.rstrip("2") / name / f"{side}.png", 10 * index + label)
    return tmp_path / "set"


def test_a_split_is_seeded_stratified_and_complete(plain: Path) -> None:
    data = load(plain)
    assert data.name == "set" and data.classes == ("ok", "worn") and data.card is None
    assert data.train_images.shape == (12, 16, 16, 1) and data.train_images.dtype == np.uint8
    assert data.train_labels.dtype == np.int64
    assert np.bincount(data.test_labels).tolist() == [2, 2]
    assert sorted(data.train_names + data.test_names) == sorted(
        p.relative_to(plain).as_posix() for p in plain.rglob("*.png")
    )
    again = load(plain)
    assert again.test_names == data.test_names and np.array_equal(again.test_images, data.test_images)
    assert any(load(plain, seed=seed).test_names != data.test_names for seed in range(1, 4))


def test_pictures_match_names_and_labels(plain: Path) -> None:
    data = load(plain)
    sides = (
        (data.train_images, data.train_labels, data.train_names),
        (data.test_images, data.test_labels, data.test_names),
    )
    for images, labels, names in sides:
        for image, label, name in zip(images, labels, names, strict=True):
            assert np.array_equal(image[..., 0], np.asarray(Image.open(plain / name)))
            assert name.startswith(data.classes[label])


def test_a_given_split_is_kept(parted: Path) -> None:
    data = load(parted)
    assert data.train_names == ("train/a/train.png", "train/a/train2.png", "train/b/train.png", "train/b/train2.png")
    assert data.test_names == ("test/a/test.png", "test/b/test.png")


def test_identical_files_stay_on_one_side(plain: Path) -> None:
    for index in range(8):
        (plain / "ok" / f"copy{index}.png").write_bytes((plain / "ok" / f"{index}.png").read_bytes())
    (plain / "worn" / "shared.png").write_bytes((plain / "ok" / "0.png").read_bytes())
    for seed in range(10):
        data = load(plain, seed=seed)
        train = {image.tobytes() for image in data.train_images}
        assert not any(image.tobytes() in train for image in data.test_images)
        assert set(data.test_labels) == set(data.train_labels) == {0, 1}


def test_copies_over_a_given_split_are_told_of(parted: Path) -> None:
    (parted / "test" / "a" / "copy.png").write_bytes((parted / "train" / "a" / "train.png").read_bytes())
    (note,) = load(parted).notes
    assert "1 of the 3 test pictures are also in train (test/a/copy.png = train/a/train.png)" in note


def test_sub_folders_links_and_other_files(plain: Path, tmp_path: Path) -> None:
    picture(plain / "ok" / "deeper" / "still" / "x.PNG", 50)
    (plain / "ok" / "readme.txt").write_text("not a picture")
    (plain / ".hidden").mkdir()
    (plain / "ok" / ".DS_Store").write_bytes(b"x")
    outside = picture(tmp_path / "elsewhere" / "far.png", 60)
    os.symlink(outside, plain / "ok" / "link.png")
    os.symlink(outside.parent, plain / "linked_class")
    picture(outside.parent / "second.png", 61)
    data = load(plain)
    names = data.train_names + data.test_names
    assert data.classes == ("linked_class", "ok", "worn")
    assert {"ok/deeper/still/x.PNG", "ok/link.png", "linked_class/far.png"} <= set(names)
    assert len(names) == 16 + 4


def test_names_and_paths(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEURALJET_DATA", str(plain.parent))
    assert load("set").test_names == load(plain).test_names
    monkeypatch.chdir(plain.parent)
    assert load("./set").name == "set"
    with pytest.raises(UserError, match=r"no folder 'nosuch'.*NEURALJET_DATA.*: set"):
        load("nosuch")
    monkeypatch.chdir(plain / "ok")
    assert load("..").test_names == load(plain).test_names  # a path, never $NEURALJET_DATA/..


def test_a_missing_folder_names_the_known_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEURALJET_DATA", raising=False)
    with pytest.raises(UserError, match=r"NEURALJET_DATA.*bsdata, lemon, mnist, pcb, screws.*not set"):
        load(tmp_path / "nosuch")
    monkeypatch.setenv("NEURALJET_DATA", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"NEURALJET_DATA.*gone"):
        load("mnist")


def test_empty_folders(tmp_path: Path) -> None:
    refusal(tmp_path, "has no class folders with pictures; make one folder per class")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    refusal(tmp_path, r"has folders \(a, b\) but no picture")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    refusal(picture(tmp_path / "x.png"), "is a file.*unpack")


def test_loose_pictures(tmp_path: Path) -> None:
    picture(tmp_path / "x.png")
    refusal(tmp_path, "pictures but no class folders; make one folder per class")


def test_one_class(tmp_path: Path) -> None:
    picture(tmp_path / "ok" / "0.png", 0)
    picture(tmp_path / "ok" / "1.png", 1)
    refusal(tmp_path, "only one class .'ok'.")


def test_a_class_with_one_picture(plain: Path) -> None:
    picture(plain / "rare" / "0.png")
    refusal(plain, "class 'rare' has 1 picture, and at least 2 are needed")
    (plain / "rare" / "0.png").unlink()
    data = load(plain)
    assert data.classes == ("ok", "worn")
    assert data.notes == ("left out: folders without a picture (1: rare)",)


def test_a_class_of_copies(plain: Path) -> None:
    picture(plain / "rare" / "0.png", 7)
    picture(plain / "rare" / "1.png", 7)
    refusal(plain, "class 'rare' has 2 pictures that are all the same file")


def test_sides_that_do_not_match(parted: Path) -> None:
    picture(parted / "test" / "new" / "0.png")
    refusal(parted, "class 'new' is in .*test and has no picture in .*train")
    picture(parted / "train" / "new" / "0.png", 1)
    (parted / "test" / "new" / "0.png").unlink()
    refusal(parted, "class 'new' has no picture in .*test")
    (parted / "test" / "new").rmdir()
    refusal(parted, "class 'new' has no picture in .*test")
    (parted / "train" / "new" / "0.png").unlink()
    (parted / "test" / "new").mkdir()
    picture(parted / "test" / "new" / "0.png")
    refusal(parted, "class 'new' is in .*test and has no picture in .*train")


@pytest.mark.parametrize(("side", "other"), [("train", "test"), ("test", "train")])
def test_half_a_split(plain: Path, side: str, other: str) -> None:
    half = plain.parent / "half"
    half.mkdir()
    plain.rename(half / side)
    refusal(half, f"has {side}/ and no {other}/")


@pytest.mark.parametrize("name", ["two words", "<b>bold<b>", "a;b", "ümlaut", "x" * 128, "👍", "👨\u200d🔧", "良品"])
def test_class_names_are_kept_as_they_are(plain: Path, name: str) -> None:
    picture(plain / name / "0.png", 200)
    picture(plain / name / "1.png", 201)
    assert load(plain).classes == tuple(sorted(("ok", "worn", name)))


@pytest.mark.parametrize(
    ("name", "fault", "proposal"),
    [
        ("new\nline", "it holds '.n'", "new_line"),
        ("x" * 129, "it has 129 characters, and at most 128 are possible", "x" * 64),
        (" blank ", "it begins or ends with a space", "blank"),
        ("turned\u202eround", "it holds '.u202e'", "turnedu202eround"),
        ("no\xa0break", "it holds '.xa0'", "no_break"),
    ],
)
def test_class_names_that_cannot_be(plain: Path, name: str, fault: str, proposal: str) -> None:
    picture(plain / name / "0.png")
    refusal(plain, f"class name .* is not allowed: {fault}; rename it, for example to {proposal}$")


def test_one_name_whose_accents_are_stored_in_two_ways(tmp_path: Path) -> None:
    """Archives of a Mac have them apart from their letters."""
    for side, name in (("train", "sch\u00f6n"), ("test", "scho\u0308n")):
        picture(tmp_path / "set" / side / name / "0.png", 1 + (side == "test"))
        picture(tmp_path / "set" / side / "a" / "0.png", 3 + (side == "test"))
    assert load(tmp_path / "set").classes == ("a", "sch\u00f6n")
    picture(tmp_path / "set" / "train" / "scho\u0308n" / "0.png", 5)
    refusal(tmp_path / "set", "two folders called sch\u00f6n, whose accents are stored differently")


def test_too_many_classes(tmp_path: Path) -> None:
    source = picture(tmp_path / "c0" / "0.png")
    for index in range(1, 257):
        (tmp_path / f"c{index}").mkdir()
        (tmp_path / f"c{index}" / "0.png").write_bytes(source.read_bytes())
    refusal(tmp_path, "has 257 classes, and at most 256")


def test_a_file_that_may_not_be_read(plain: Path) -> None:
    target = plain / "ok" / "0.png"
    target.unlink()
    os.symlink(plain / "gone.png", target)  # a dangling link, which even root cannot read
    refusal(plain, "0.png cannot be read")


def test_size_and_color_arguments(plain: Path) -> None:
    refusal(plain, "size 4x64 is out of range", size=(4, 64))
    refusal(plain, "size 64x2000 is out of range", size=(64, 2000))
    refusal(plain, "color 'blue' is not known; choose gray or rgb", color="blue")


def test_another_size_without_resize(plain: Path) -> None:
    odd = picture(plain / "worn" / "3.png", 3, size=(20, 16))
    refusal(plain, f"{odd} is 20x16 pixels .* not 16x16; add --resize", resize=False)
    assert load(plain).train_images.shape[1:] == (64, 64, 1)  # sizes differ: the default
    odd.unlink()
    assert load(plain, resize=False).train_images.shape[1:] == (16, 16, 1)
    refusal(plain, "is 16x16 pixels .* not 32x24", size=(32, 24), resize=False)
    assert load(plain, size=(32, 24)).train_images.shape[1:] == (32, 24, 1)
