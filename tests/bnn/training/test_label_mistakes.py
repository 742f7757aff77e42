"""Labels that networks doubt: a picture with a wrong label is named, by a network that did not learn from it."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bnn.data import Dataset
from bnn.model.spec import Block, NetworkSpec
from bnn.training.config import TrainConfig
from bnn.training.label_mistakes import FILE, as_csv, doubts
from bnn.training.train import train

SPEC = NetworkSpec("tiny", (Block(4),))


@pytest.fixture
def data() -> Dataset:
    """Return pictures whose upper or lower half is bright; three training pictures have the other label."""
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = random.integers(0, 60, (60, 8, 8, 1))
    images[labels == 0, :4] += 150
    images[labels == 1, 4:] += 150
    shown = labels.copy()
    shown[[5, 18, 31]] = 1 - labels[[5, 18, 31]]
    pictures = images.astype(np.uint8)
    return Dataset(
        "toy", ("upper", "lower"), pictures[:40], shown[:40], pictures[40:], labels[40:],
        train_names=tuple(f"{i}.png" for i in range(40)), test_names=tuple(f"{i}.png" for i in range(40, 60)),
    )  # fmt: skip


def rows(run: Path) -> list[dict[str, str]]:
    with (run / FILE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_wrong_labels_are_named_by_the_folds(data: Dataset, tmp_path: Path) -> None:
    train(data, SPEC, tmp_path / "run", TrainConfig(steps=300, folds=4), progress=False)
    found = rows(tmp_path / "run")
    assert {row["path"] for row in found} >= {"5.png", "18.png", "31.png"} and len(found) < 10
    for row in found:
        assert row["label"] != row["says"] and float(row["sure"]) > float(row["sure_of_label"])
        assert row["judged_by"] in {f"fold {k} of 4" for k in (1, 2, 3, 4)}
    order = [float(row["sure"]) - float(row["sure_of_label"]) for row in found]
    assert order == sorted(order, reverse=True)


def test_without_folds_the_held_out_pictures_are_judged(data: Dataset, tmp_path: Path) -> None:
    held = replace(
        data, validation_images=data.train_images[:12], validation_labels=data.train_labels[:12],
        validation_names=data.train_names[:12], train_images=data.train_images[12:],
        train_labels=data.train_labels[12:], train_names=data.train_names[12:],
    )  # fmt: skip
    train(held, SPEC, tmp_path / "run", TrainConfig(steps=150), progress=False)
    found = rows(tmp_path / "run")
    assert "5.png" in {row["path"] for row in found}
    assert {row["judged_by"] for row in found} == {"the 12 held-out pictures"}


def test_pictures_without_names_have_no_table(data: Dataset, tmp_path: Path) -> None:
    train(replace(data, train_names=()), SPEC, tmp_path / "run", TrainConfig(steps=10), progress=False)
    assert not (tmp_path / "run" / FILE).exists()


def test_the_table() -> None:
    shares = np.array([[0.6, 0.4], [0.9, 0.1], [0.3, 0.7]])
    found = doubts(("a, b.png", "c.png", "d.png"), np.array([1, 1, 1]), shares, ("schön", "<b>"), "fold 1 of 2")
    assert as_csv(found).decode().splitlines() == [
        "path,label,says,sure,sure_of_label,judged_by",
        "c.png,<b>,schön,0.9,0.1,fold 1 of 2",
        '"a, b.png",<b>,schön,0.6,0.4,fold 1 of 2',
    ]
    assert as_csv([]) == b"path,label,says,sure,sure_of_label,judged_by\n"
