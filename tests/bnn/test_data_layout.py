"""Trees of pictures are read as the person who made them means them, with notes, or refused by a sentence."""

import shutil
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from bnn.data import layout, load, words
from tests.support.pictures import Maker, counts, refused

SPLITS = [  # folders, the note about them, and whether there is a validation side
    (("train", "test"), [], False),
    (("Training", "Testing"), ["Training/ is train, Testing/ is test"], False),
    (("Train", "Test"), ["Train/ is train, Test/ is test"], False),
    (("training_set", "test_set"), ["training_set/ is train, test_set/ is test"], False),
    (("TrainSet", "TestData"), ["TrainSet/ is train, TestData/ is test"], False),
    (("seg_train", "seg_test"), ["seg_train/ is train, seg_test/ is test"], False),
    (("train", "val"), ["val/ is used for the test, because there is no test/"], False),
    (("train", "Validation"), ["Validation/ is used for the test", "Validation/ is test"], False),
    (("train", "val", "test"), ["val/ judges the training; no picture of train is held out"], True),
    (("train", "valid", "test"), ["valid/ judges the training; no picture of train is held out"], True),
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
    """VisA is sorted this way."""
    make.classes("candle/Data/Images", good="Normal", bad="Anomaly")
    make.many("candle/Data/Masks/Anomaly")
    refused(make, "with masks or boxes", f"or give {make.root}/candle/Data/Images, when its folders are classes")


def test_a_test_side_without_classes(make: Maker) -> None:
    """Competitions publish such sets."""
    make.classes("train")
    make.many("test")
    refused(make, "test has pictures without classes", f"give {make.root}/train itself")
    shutil.rmtree(make.root / "train")
    make.many("train")
    make.text("train.csv")
    refused(make, "train has pictures but no class folders", "--labels train.csv")


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


def test_a_flat_folder_with_labels(make: Maker) -> None:
    make.many(".")
    make.text("labels.csv", "file,label\n")
    refused(make, "pictures but no class folders", "or give the table of labels: --labels labels.csv")


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
