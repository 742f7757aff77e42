"""Folders of pictures as people have them: read as a person means them, with notes, or refused by a sentence."""

import os
import shutil
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bnn.data import Dataset, layout, load, walk, words
from bnn.errors import UserError

SIDE = 12
PER_CLASS = 4


class Maker:
    """Writes tiny pictures, no two alike."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.random = np.random.default_rng(0)

    def pixels(self, bright: int = 120, *shape: int) -> np.ndarray:
        return np.clip(self.random.normal(bright, 20, shape or (SIDE, SIDE)), 0, 255).astype(np.uint8)

    def put(self, *names: str) -> None:
        for name in names:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(self.pixels()).save(self.root / name)

    def many(self, folder: str, count: int = PER_CLASS, suffix: str = "png") -> None:
        self.put(*(f"{folder}/{i}.{suffix}" for i in range(count)))

    def classes(self, *under: str, good: str = "good", bad: str = "bad", count: int = PER_CLASS) -> "Maker":
        for folder in under or (".",):
            self.many(f"{folder}/{good}", count)
            self.many(f"{folder}/{bad}", count)
        return self

    def text(self, name: str, content: str | bytes = "x") -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "set")


def counts(data: Dataset) -> tuple[list[int], list[int], list[int] | None]:
    sides = (data.train_labels, data.test_labels, data.validation_labels)
    train, test, validation = (
        None if labels is None else np.bincount(labels, minlength=len(data.classes)).tolist() for labels in sides
    )
    assert train is not None and test is not None
    return train, test, validation


def refused(make: Maker, *parts: str) -> None:
    with pytest.raises(UserError) as caught:
        load(make.root)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message


SPLITS = [  # folders, what is noted of them, whether there is a validation side
    (("train", "test"), [], False),
    (("Training", "Testing"), ["Training/ is train, Testing/ is test"], False),
    (("Train", "Test"), ["Train/ is train, Test/ is test"], False),
    (("training_set", "test_set"), ["training_set/ is train, test_set/ is test"], False),
    (("TrainSet", "TestData"), ["TrainSet/ is train, TestData/ is test"], False),
    (("seg_train", "seg_test"), ["seg_train/ is train, seg_test/ is test"], False),
    (("train", "val"), ["val/ is used for the test, because there is no test/"], False),
    (("train", "Validation"), ["Validation/ is used for the test", "Validation/ is test"], False),
    (("train", "val", "test"), ["val/ chooses the best epoch; no picture of train is held out"], True),
    (("train", "valid", "test"), ["valid/ chooses the best epoch; no picture of train is held out"], True),
]


@pytest.mark.parametrize(("folders", "notes", "validated"), SPLITS, ids=["-".join(case[0]) for case in SPLITS])
def test_sides_by_the_names_that_people_give(make: Maker, folders, notes, validated) -> None:
    make.classes(*folders)
    data = load(make.root)
    assert data.classes == ("bad", "good")
    assert counts(data) == ([4, 4], [4, 4], [4, 4] if validated else None)
    assert all(name.startswith(f"{folders[0]}/") for name in data.train_names)
    assert all(name.startswith(f"{folders[1 + validated]}/") for name in data.test_names)
    assert len(data.notes) == len(notes)
    assert all(part in note for part, note in zip(notes, data.notes, strict=True))


def test_a_validation_side_holds_its_own_pictures(make: Maker) -> None:
    make.classes("train", "val", "test")
    data = load(make.root)
    expected = [np.asarray(Image.open(path)) for path in sorted((make.root / "val").rglob("*.png"))]
    assert data.validation_images is not None and np.array_equal(data.validation_images[..., 0], expected)


@pytest.mark.parametrize("wrapper", ["casting_data", "a/b", "casting_data/casting_data"])
def test_one_folder_too_deep(make: Maker, wrapper: str) -> None:
    make.classes(wrapper)
    make.text("README.md")
    data = load(make.root)
    assert data.classes == ("bad", "good") and counts(data) == ([3, 3], [1, 1], None)
    assert f"{wrapper.split('/')[0]}/ is read, the only folder with pictures in {make.root}" in data.notes
    shutil.rmtree(make.root)
    make.classes(f"{wrapper}/train", f"{wrapper}/test")
    assert counts(load(make.root)) == ([4, 4], [4, 4], None)


def test_sides_wrapped_once_more(make: Maker) -> None:
    make.classes("seg_train/seg_train", "seg_test/seg_test")
    data = load(make.root)
    assert counts(data) == ([4, 4], [4, 4], None)
    assert any("seg_train/seg_train/ is read" in note for note in data.notes)


def test_a_single_class_is_not_taken_for_a_wrapper(make: Maker) -> None:
    make.many("ok/camera1")
    make.many("ok/camera2")
    refused(make, "only one class ('ok')")


def test_sides_inside_the_classes(make: Maker) -> None:
    for name in ("good", "bad"):
        make.many(f"{name}/train")
        make.many(f"{name}/test", 2)
    make.put("good/loose.png", "loose.png")
    make.many("good/train/Label")  # as DAGM has them
    data = load(make.root)
    assert counts(data) == ([4, 4], [2, 2], None)
    assert data.notes == (
        "the split inside each class folder is kept (train, test)",
        "left out: masks in folders inside class folders (4, such as good/train/Label)",
        "left out: pictures beside the train and test folders of a class (1: good/loose.png)",
        "left out: pictures beside the class folders (1: loose.png)",
    )
    shutil.rmtree(make.root / "bad" / "train")
    refused(make, "good/ has train and test inside and bad/ has not", "train/CLASS")


def test_several_sets_in_one_folder(make: Maker) -> None:
    for product in ("bottle", "cable"):
        make.classes(f"{product}/train", f"{product}/test")
    refused(make, "holds sets with train/ and test/ of their own (bottle, cable)", f"such as {make.root}/bottle")


def test_products_with_states(make: Maker) -> None:
    make.classes("bottle", "cable")
    refused(make, "several products (bottle, cable), each with bad and good", f"such as {make.root}/bottle")


def test_folders_inside_classes_belong_to_them(make: Maker) -> None:
    for name in ("good", "bad"):
        make.many(f"{name}/camera1", 2)
        make.many(f"{name}/camera2", 2)
    data = load(make.root)
    assert data.classes == ("bad", "good") and counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == (
        "read: pictures in folders inside class folders, as of the class outside (8, such as bad/camera1/0.png)",
    )


def test_mvtec(make: Maker) -> None:
    make.many("train/good")
    make.classes("test", bad="broken")
    make.put("ground_truth/broken/0_mask.png")
    refused(make, "train has only one class ('good')", "(broken)", f"give {make.root}/test itself")
    make.many("train/broken")
    data = load(make.root)
    assert data.classes == ("broken", "good") and counts(data) == ([4, 4], [4, 4], None)
    assert data.notes == ("left out: masks beside train/ and test/ (1: ground_truth)",)
    shutil.rmtree(make.root / "train")
    shutil.rmtree(make.root / "test")
    make.classes()
    refused(make, "a folder ground_truth among its classes")


def voc(make: Maker) -> None:
    for name in ("JPEGImages", "SegmentationClass", "SegmentationObject"):
        make.many(name)


def voc_boxes(make: Maker) -> None:
    make.many("VOCdevkit/VOC2012/JPEGImages", suffix="jpg")
    make.text("VOCdevkit/VOC2012/Annotations/0.xml", "<annotation/>")


def coco(make: Maker) -> None:
    make.many("train2017")
    make.many("val2017")
    make.text("annotations/instances.json", "{}")


def coco_below(make: Maker) -> None:
    make.many("images/train2017")
    make.many("images/val2017")


def yolo(make: Maker) -> None:
    for side in ("train", "test"):
        make.many(f"{side}/images")
        make.text(f"{side}/labels/0.txt", "0 .5 .5 1 1")


def yolo_turned(make: Maker) -> None:
    for side in ("train", "val"):
        make.many(f"images/{side}")
        make.text(f"labels/{side}/0.txt", "0 .5 .5 1 1")


def masks(make: Maker) -> None:
    make.many("images")
    make.many("masks")


def boxes(make: Maker) -> None:
    make.many("pictures")
    make.text("annotations/0.xml", "<annotation/>")


@pytest.mark.parametrize(
    ("tree", "name"),
    [
        (voc, "a Pascal VOC set"), (voc_boxes, "a Pascal VOC set"), (coco, "a COCO set"), (coco_below, "a COCO set"),
        (yolo, "a YOLO set"), (yolo_turned, "a YOLO set"), (masks, "with masks or boxes"),
        (boxes, "with boxes or masks"),
    ],
)  # fmt: skip
def test_trees_made_for_another_task(make: Maker, tree: Callable[[Maker], None], name: str) -> None:
    tree(make)
    refused(make, name, "not sorted by class; make one folder per class")


def test_pictures_sorted_beside_their_masks(make: Maker) -> None:
    """As VisA has them."""
    make.classes("candle/Data/Images", good="Normal", bad="Anomaly")
    make.many("candle/Data/Masks/Anomaly")
    refused(make, "with masks or boxes", f"or give {make.root}/candle/Data/Images, when its folders are classes")


def test_a_test_side_without_classes(make: Maker) -> None:
    """As sets of competitions have it."""
    make.classes("train")
    make.many("test")
    refused(make, "test has pictures without classes", f"give {make.root}/train itself")
    shutil.rmtree(make.root / "train")
    make.many("train")
    make.text("train.csv")
    refused(make, "train has pictures but no class folders", "labels in train.csv are not read")


def test_thumbnails_beside_pictures(make: Maker) -> None:
    make.classes()
    make.many("good/thumbs")
    data = load(make.root)
    assert counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == ("left out: thumbnails in folders inside class folders (4, such as good/thumbs)",)


def test_archives_alone(make: Maker) -> None:
    make.text("good.zip", b"PK\3\4")
    refused(make, "no picture that can be read, only archives, to be unpacked")


def test_depths_that_differ_by_class(make: Maker) -> None:
    make.classes()
    for i in range(PER_CLASS):
        deep = make.random.integers(30_000, 50_000, (SIDE, SIDE)).astype(np.uint16)
        Image.fromarray(deep).save(make.root / "good" / f"{i}.png")
    data = load(make.root)
    assert data.notes == ("4 of 8 pictures have 16 bits: the upper 8 of 16 are kept",)
    deep = data.train_images[data.train_labels == data.classes.index("good")]
    assert deep.min() >= 30_000 >> 8 and deep.max() <= 50_000 >> 8


def test_sides_that_are_not_plain(make: Maker) -> None:
    make.many("train_good")
    make.many("train_bad")
    make.many("test_good")
    refused(make, "more than one folder that may be the train side (train_bad, train_good)", "train/")
    shutil.rmtree(make.root)
    make.classes("test", "val")
    refused(make, "no train/")
    shutil.rmtree(make.root)
    make.many("train")
    make.many("test")
    refused(make, "train has pictures but no class folders")


def test_classes_called_as_a_side_is(make: Maker) -> None:
    for name in ("train", "bus", "tram"):
        make.many(name)
    assert load(make.root).classes == ("bus", "train", "tram")
    shutil.rmtree(make.root)
    for name in ("valid", "invalid"):
        make.many(name)
    assert load(make.root).classes == ("invalid", "valid")


def test_what_systems_and_programs_leave_behind(make: Maker) -> None:
    make.classes()
    make.classes(".ipynb_checkpoints")
    make.put("good/.ipynb_checkpoints/0-checkpoint.png", "good/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg")
    for name in ("good/._0.png", "__MACOSX/good/._0.png", ".DS_Store", "good/Thumbs.db", "desktop.ini"):
        make.text(name, b"\0\5\x16\7junk")
    data = load(make.root)
    assert data.classes == ("bad", "good") and counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == (
        "left out: hidden or system files or folders (6, such as .DS_Store)",
        "left out: folders that macOS packs into archives (1: __MACOSX)",
        "left out: folders of thumbnails that a NAS made (1: good/@eaDir)",
    )


def test_other_files_are_told_of(make: Maker) -> None:
    make.classes()
    for name in ("README.md", "labels.csv", "docs/a.txt"):
        make.text(name)
    make.text("good/IMG_1.HEIC", b"\0\0\0\x18ftypheic")
    make.text("good/a.svg", "<svg/>")
    make.text("good/a.pdf", b"%PDF-1.4")
    make.text("bad/film.mp4")
    make.text("more.zip", b"PK\3\4")
    make.put("top.png", "good/3_mask.png")
    Path(make.root / "bad" / "0.png").rename(make.root / "bad" / "without_an_ending")
    data = load(make.root)
    assert counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == (
        "left out: files that are no pictures (3, such as README.md)",
        "left out: videos, to be saved as single frames (1: bad/film.mp4)",
        "read: files whose names do not say that they are pictures (1: bad/without_an_ending)",
        "left out: HEIC or AVIF pictures, to be saved as JPEG or PNG (1: good/IMG_1.HEIC)",
        "left out: drawings or documents, to be saved as PNG (2, such as good/a.pdf)",
        "left out: masks beside their pictures (1: good/3_mask.png)",
        "left out: archives, to be unpacked (1: more.zip)",
        "left out: folders without a picture (1: docs)",
        "left out: pictures beside the class folders (1: top.png)",
    )


def test_a_class_of_files_that_are_not_read(make: Maker) -> None:
    make.classes()
    make.text("ugly/IMG_1.HEIC")
    refused(make, "ugly has no picture that can be read, only HEIC")
    shutil.rmtree(make.root)
    make.text("good/IMG_1.HEIC")
    refused(make, "no picture that can be read, only HEIC")


def test_a_flat_folder_with_labels(make: Maker) -> None:
    make.many(".")
    make.text("labels.csv", "file,label\n")
    refused(make, "pictures but no class folders", "labels in labels.csv are not read: sort the pictures by it")


@pytest.mark.parametrize(
    ("good", "bad", "proposal"),
    [("not good", "gut", "not_good"), ("schön", "hässlich", "hasslich"), ("a" * 80, "bad", "a" * 64)],
)
def test_class_names_get_a_proposal(make: Maker, good: str, bad: str, proposal: str) -> None:
    make.classes(good=good, bad=bad)
    refused(make, "is not allowed", f"for example to {proposal}")


def test_odd_names_of_classes_and_files(make: Maker) -> None:
    make.classes(good="👍", bad="👎")
    refused(make, "'👍'", "rename the folder")
    shutil.rmtree(make.root)
    make.classes(good="0", bad="1")
    make.put("0/a\nb.png", "0/ä ö.png")
    make.text("0/line\nbreak.txt")
    os.rename(make.root / "0" / "0.png", os.fsencode(make.root / "0") + b"/\xff.png")  # no UTF-8
    data = load(make.root)
    assert data.classes == ("0", "1") and counts(data) == ([4, 3], [2, 1], None)
    assert data.notes == ("left out: files that are no pictures (1: 0/line\\nbreak.txt)",)


def test_links(make: Maker, tmp_path: Path) -> None:
    make.classes()
    (make.root / "good").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", make.root / "good")
    os.symlink("..", make.root / "bad" / "up")
    os.symlink(make.root, make.root / "bad" / "round")
    os.symlink("/nowhere.txt", make.root / "bad" / "gone.txt")
    make.put("more/a.png", "more/b.png")
    (make.root / "more").rename(tmp_path / "more")
    os.symlink(tmp_path / "more", make.root / "bad" / "further")
    data = load(make.root)
    assert data.classes == ("bad", "good") and counts(data)[0] == [4, 3]
    assert data.notes == (
        "left out: links to nothing (1: bad/gone.txt)",
        "left out: links to a folder that they lie in (2, such as bad/round)",
        "read: pictures in folders inside class folders, as of the class outside (2, such as bad/further/a.png)",
    )
    os.symlink("/nowhere.png", make.root / "bad" / "gone.png")
    refused(make, "gone.png cannot be read", "a link to nothing")


def test_pipes_sockets_and_devices_are_not_opened(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    os.mkfifo(make.root / "good" / "pipe.png")
    os.mkfifo(make.root / "good" / "pipe")
    os.symlink("/dev/zero", make.root / "good" / "device.png")
    monkeypatch.chdir(make.root / "bad")  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind("socket.png")
        data = load(make.root)
    assert counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == ("left out: named pipes, sockets or devices (4, such as bad/socket.png)",)
    with pytest.raises(UserError, match=r"pipe.png is a pipe, socket or device"):
        walk.read_regular(make.root / "good" / "pipe.png", 1)


def test_too_many_files(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    monkeypatch.setattr(walk, "MOST_FILES", 9)
    refused(make, "more than 9 files below it")


def test_copies_in_another_class_and_on_both_sides(make: Maker) -> None:
    make.classes()
    for i in range(2):
        shutil.copy(make.root / "good" / f"{i}.png", make.root / "bad" / f"c{i}.png")
    (note,) = load(make.root).notes
    assert note.startswith("2 pictures are copies of pictures in another class (good/0.png = bad/c0.png)")
    shutil.rmtree(make.root)
    make.classes("train", "val", "test")
    for side in ("val", "test"):
        shutil.copy(make.root / "train" / "good" / "1.png", make.root / side / "good" / "1.png")
    notes = load(make.root).notes
    assert any("1 of the 8 test pictures are also in train (test/good/1.png = train/good/1.png)" in n for n in notes)
    assert any("1 of the 8 validation pictures are also in train" in n for n in notes)


def test_few_and_unequal(make: Maker) -> None:
    make.classes(count=1)
    refused(make, "class 'bad' has 1 picture, and at least 2")
    make.classes(count=2)
    assert counts(load(make.root)) == ([1, 1], [1, 1], None)
    make.many("good", 40)
    assert counts(load(make.root)) == ([1, 30], [1, 10], None)


def test_a_folder_that_may_only_be_read(make: Maker) -> None:
    make.classes()
    make.root.chmod(0o555)
    assert load(make.root).classes == ("bad", "good")
    make.root.chmod(0o755)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(pixels: np.ndarray) -> bytes:
    """A PNG of 16-bit colour, [H, W, 3]; Pillow writes none."""
    rows = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels))
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiff16(pixels: np.ndarray) -> bytes:
    """A TIFF of 16-bit colour, [H, W, 3], as scanners write it."""
    data, (height, width, _) = pixels.astype("<u2").tobytes(), pixels.shape
    bits = 8 + len(data) + 2 + 12 * 9 + 4
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, bits), (259, 3, 1, 1), (262, 3, 1, 2)]
    tags += [(273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(data))]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    directory = b"\x09\0" + entries + bytes(4) + struct.pack("<3H", 16, 16, 16)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


def test_every_format_is_read_with_its_values(make: Maker) -> None:
    """Each file stands in the test as what it shows; the sets around it are of the same size, so nothing is scaled."""
    gray, color = make.pixels(), make.pixels(120, SIDE, SIDE, 3)
    deep = make.random.integers(0, 4096, (SIDE, SIDE)).astype(np.uint16)
    wide = make.random.integers(0, 65536, (SIDE, SIDE, 3)).astype(np.uint16)
    cmyk, rgba = make.pixels(120, SIDE, SIDE, 4), make.pixels(120, SIDE, SIDE, 4)
    exif = Image.Exif()
    exif[0x112] = 6
    other = Image.fromarray(make.pixels())
    make.classes()
    folder = make.root / "good"
    expected: dict[str, np.ndarray] = {}

    def save(name: str, picture: Image.Image, shows: np.ndarray, **options: object) -> None:
        picture.save(folder / name, **options)
        expected[name] = shows

    one = Image.fromarray(gray)
    save("turned.png", one, np.rot90(gray, -1), exif=exif)
    for name in ("a.bmp", "a.pgm", "a.tga", "UP.PNG", "a.tif"):
        save(name, one, gray)
    save("really_png.jpg", one, gray, format="PNG")
    save("animated.gif", one, gray, save_all=True, append_images=[other, other])
    save("pages.tif", one, gray, save_all=True, append_images=[other])
    save("color.webp", Image.fromarray(color), color, lossless=True)
    palette = Image.fromarray(color).quantize(16)
    white = np.zeros((SIDE, SIDE, 4), np.uint8)
    white[:, SIDE // 2 :, 3] = 255  # black on the right
    shows = np.where(np.arange(SIDE) < SIDE // 2, 255, 0) * np.ones((SIDE, 1), int)
    save("cmyk.jpg", Image.fromarray(white, "CMYK"), shows, quality=100, subsampling=0)
    save("palette.png", palette, np.asarray(palette.convert("RGB")))
    save("g16.png", Image.fromarray(deep), deep >> 4)
    save("g16.tiff", Image.fromarray(deep), deep >> 4)
    save("cmyk.tif", Image.fromarray(cmyk, "CMYK"), np.asarray(Image.fromarray(cmyk, "CMYK").convert("RGB")))
    alpha = rgba[..., 3:].astype(int)
    over_white = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    save("rgba.png", Image.fromarray(rgba), over_white)
    (folder / "c16.png").write_bytes(png16(wide))
    (folder / "c16.tif").write_bytes(tiff16(wide))
    expected |= {"c16.png": wide >> 8, "c16.tif": wide >> 8}
    data = load(make.root)
    assert data.train_images.shape[1:] == (SIDE, SIDE, 3)
    images = dict(zip(data.train_names + data.test_names, (*data.train_images, *data.test_images), strict=True))
    for name, shows in expected.items():
        want = shows if shows.ndim == 3 else np.repeat(shows[..., None], 3, 2)
        off = np.abs(images[f"good/{name}"].astype(int) - want).max()
        assert off <= {"rgba.png": 1, "cmyk.jpg": 8}.get(name, 0), name  # rounding of a blend, and JPEG
    assert data.notes == (
        "2 of 26 pictures have 16 bits: the upper 8 of 12 are kept",
        "left out: files' pages or frames after the first (2, such as good/animated.gif)",
        "read: colour pictures of 16 bits, of which the upper 8 are kept (2, such as good/c16.png)",
    )


def test_sizes_that_differ_are_told_of(make: Maker) -> None:
    make.classes()
    Image.fromarray(make.pixels(120, 1, 1)).save(make.root / "good" / "one.png")
    data = load(make.root)
    assert data.train_images.shape[1:] == (64, 64, 1)
    assert data.notes == (
        "pictures are of several sizes, such as 12x12 and 1x1 pixels: all are stretched to 64x64 (see --size)",
    )
    assert load(make.root, size=(12, 12)).notes == ()


def test_a_large_picture_among_small_ones(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)  # 300 are under twice that: Pillow warns
    Image.fromarray(make.pixels(120, 15, 20)).save(make.root / "good" / "big.png")
    assert "12x12 and 15x20 pixels" in load(make.root).notes[0]
    Image.new("1", (300, 300)).save(make.root / "good" / "bomb.png")
    refused(make, "bomb.png unpacks to more pixels", "bomb")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("zero.png", b"", "damaged or no picture"),
        ("dl.jpg", b"<html>403", "damaged or no picture"),
        ("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC or AVIF picture or a video; save it as JPEG or PNG"),
    ],
)
def test_files_that_only_seem_pictures(make: Maker, name: str, content: bytes, words: str) -> None:
    make.classes()
    make.text(f"good/{name}", content)
    refused(make, name, words)


def test_float_pixels(make: Maker) -> None:
    make.classes()
    Image.fromarray(make.pixels().astype(np.float32)).save(make.root / "good" / "f.tiff")
    refused(make, "f.tiff has floating-point pixels", "8 or 16 bits")


def test_a_picture_file_too_large(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    monkeypatch.setattr("bnn.data.folder.MOST_BYTES", 1 << 20)
    make.text("good/huge.bmp", bytes((1 << 20) + 1))
    refused(make, "huge.bmp has more than 1 MiB")


def test_names_of_sides() -> None:
    sides = {
        "train": "train Training TRAIN trainset train_data images_train chest_xray-train trn train2017 Trainingsdaten",
        "test": "test Testing test_set seg_test TST Testdaten Testbilder prueba",
        "validation": "val valid validation dev eval val_set Validierung validación",
        None: "good trainer contest invalid evaluated train_test testval bad",
    }
    for side, names in sides.items():
        for name in names.split():
            assert words.side_of(name) == side, name
    assert layout.Layout({}, {}).sides == {}
