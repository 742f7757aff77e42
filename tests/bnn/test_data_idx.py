"""IDX files: MNIST's layout, plain and gzipped, and every refusal."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from bnn.data import load
from bnn.errors import UserError
from tests.support.pictures import refusal

GENERATOR = np.random.default_rng(5)
IMAGES = GENERATOR.integers(0, 256, (24, 10, 12), np.uint8)
LABELS = np.arange(24, dtype=np.uint8) % 3


def idx(values: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape) + values.tobytes()


def write(
    root: Path, side: str, images: np.ndarray = IMAGES, labels: np.ndarray = LABELS, zipped: bool = False
) -> None:
    root.mkdir(exist_ok=True)
    for what, values, end in (("images", images, "idx3"), ("labels", labels, "idx1")):
        data = idx(values)
        name = f"{side}-{what}-{end}-ubyte"
        (root / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)


@pytest.mark.parametrize("zipped", [False, True])
def test_two_sides(tmp_path: Path, zipped: bool) -> None:
    write(tmp_path, "train", zipped=zipped)
    write(tmp_path, "t10k", IMAGES[:6], LABELS[:6], zipped=zipped)
    data = load(tmp_path)
    assert data.classes == ("0", "1", "2")
    assert np.array_equal(data.train_images[..., 0], IMAGES) and np.array_equal(data.test_images[..., 0], IMAGES[:6])
    assert np.array_equal(data.train_labels, LABELS) and data.test_labels.dtype == np.int64
    assert data.test_names[1].endswith("#1")


def test_without_test_files_it_is_split(tmp_path: Path) -> None:
    write(tmp_path, "train")
    data = load(tmp_path)
    assert np.bincount(data.test_labels).tolist() == [2, 2, 2]
    assert np.bincount(data.train_labels).tolist() == [6, 6, 6]
    everything = {p.tobytes() for side in (data.train_images, data.test_images) for p in side}
    assert everything == {p.tobytes() for p in IMAGES}


def test_size_color_and_gaps_in_the_labels(tmp_path: Path) -> None:
    write(tmp_path, "train", labels=LABELS * 4 + 1)
    write(tmp_path, "test", labels=LABELS * 4 + 1)
    data = load(tmp_path, size=(20, 24), color="rgb")
    assert data.classes == ("1", "5", "9") and data.train_images.shape == (24, 20, 24, 3)
    assert np.array_equal(data.train_labels, LABELS)
    with pytest.raises(UserError, match=r"10x12 pixels .* not 20x24; add --resize"):
        load(tmp_path, size=(20, 24), resize=False)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("keep", [0, 3, 9, 400, -1])
def test_truncated(tmp_path: Path, zipped: bool, keep: int) -> None:
    write(tmp_path, "train", zipped=zipped)
    path = next(tmp_path.glob("train-images*"))
    path.write_bytes(path.read_bytes()[:keep])
    refusal(tmp_path, "train-images.*(truncated|is no IDX file)")


def test_damaged_gzip(tmp_path: Path) -> None:
    write(tmp_path, "train", zipped=True)
    path = next(tmp_path.glob("train-images*"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    refusal(tmp_path, "train-images.*(damaged|cannot be read|truncated|longer)")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"\x89PNG\r\n", "is no IDX file .it begins with 89 50"),
        (idx(IMAGES) + b"x", "longer than its header"),
        (idx(IMAGES, kind=13), "IDX type 0x0d"),
        (struct.pack(">BBBBIII", 0, 0, 8, 3, 1 << 31, 1 << 31, 1 << 31), "more than the 1 GiB allowed"),
        (idx(LABELS), "shape .24,."),
        (idx(IMAGES[:0]), "holds no picture"),
        (idx(IMAGES[:, :4]), "size 4x12 is out of range"),
    ],
)
def test_files_that_are_not_pictures(tmp_path: Path, data: bytes, match: str) -> None:
    write(tmp_path, "train")
    (tmp_path / "train-images-idx3-ubyte").write_bytes(data)
    refusal(tmp_path, match)


def test_several_sets_in_one_folder(tmp_path: Path) -> None:
    """EMNIST's archive holds six sets. The first one must not be taken silently."""
    write(tmp_path, "emnist-digits-train")
    write(tmp_path, "emnist-letters-train")
    refusal(tmp_path, "more than one file of train images .emnist-digits-train-images.*of its own")


def test_what_lies_beside_is_told_of(tmp_path: Path) -> None:
    write(tmp_path, "train")
    write(tmp_path, "train", zipped=True)  # gunzip -k leaves both
    (tmp_path / "good").mkdir()
    (tmp_path / ".git").mkdir()
    data = load(tmp_path)
    assert len(data.train_images) + len(data.test_images) == 24
    assert data.notes == ("left out: files and folders beside the IDX files (3, such as good)",)


def test_a_gzip_bomb(tmp_path: Path) -> None:
    blank = np.zeros((20_000, 32, 32), np.uint8)  # 20 MB in 20 kB
    write(tmp_path, "train", blank, np.arange(20_000).astype(np.uint8) % 3, zipped=True)
    refusal(tmp_path, "claims 20480000 bytes out of .*a bomb")


def test_a_pipe_called_like_an_idx_file(tmp_path: Path) -> None:
    write(tmp_path, "train")
    os.mkfifo(tmp_path / "t10k-images-idx3-ubyte")
    assert load(tmp_path).classes == ("0", "1", "2")


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    write(tmp_path, "train", labels=LABELS[:-1])
    refusal(tmp_path, "for 24 pictures; it belongs to other pictures")
    write(tmp_path, "train", labels=LABELS * 0)
    refusal(tmp_path, "only one class .'0'.")
    write(tmp_path, "train")
    write(tmp_path, "test", labels=LABELS + 1)
    refusal(tmp_path, "class '3' is in the test labels")
    write(tmp_path, "test", labels=LABELS // 2)
    refusal(tmp_path, "class '2' has no picture on the test side")
    write(tmp_path, "test", images=IMAGES[:, :-1])
    refusal(tmp_path, "different shape; give --size")
    (tmp_path / "test-labels-idx1-ubyte").unlink()
    refusal(tmp_path, "lacks the labels of test")
    for path in tmp_path.glob("train-*"):
        path.unlink()
    refusal(tmp_path, "none of training pictures")
