"""Random trees of folders, links, pipes and files give a set whose labels are right, or one sentence."""

import os
import random
from pathlib import Path

import numpy as np
from PIL import Image

from bnn.data import load
from bnn.errors import UserError

TREES = 120
NAMES = (
    "good", "bad", "ok", "train", "Test", "val", "images", "labels", "masks", "ground_truth", "@eaDir", "a b", "docs",
    "camera1", "data", "bottle", "x", "JPEGImages", "thumbs", "train2017", ".git", "\udcff", "n\nl",
)  # fmt: skip


class Tree:
    """Makes a random tree below `root`. plain: make only folders of classes and sides, most of which can be read."""

    def __init__(self, root: Path, rng: random.Random, plain: bool) -> None:
        self.root, self.rng, self.made = root, rng, 0
        self.names = ("good", "bad", "ok", "train", "Test", "x", "docs") if plain else NAMES
        self.grow(root, 0)

    def grow(self, folder: Path, depth: int) -> None:
        folder.mkdir()
        for _ in range(self.rng.randint(0 if depth else 2, 4)):
            path, kind = folder / self.rng.choice(self.names), self.rng.random()
            if os.path.lexists(path):
                continue
            if kind < 0.7 and depth < 4:
                self.grow(path, depth + 1)
            elif kind < 0.75:
                os.symlink(self.rng.choice(["..", ".", str(self.root), "/nowhere", "../good"]), path)
            elif kind < 0.77:
                os.mkfifo(path)
            elif kind < 0.8:
                path.with_suffix(self.rng.choice([".csv", ".heic", ".xml", ".zip"])).write_bytes(b"x")
        for _ in range(self.rng.choice([0, 0, 2, 4])):
            self.made += 1
            picture = np.random.default_rng(self.made).integers(0, 256, (9, 9), np.uint8)
            Image.fromarray(picture).save(folder / f"{self.made}{self.rng.choice(['', '', '_mask'])}.png")


def test_random_trees(tmp_path: Path) -> None:
    read = 0
    for seed in range(TREES):
        root = tmp_path / str(seed)
        Tree(root, random.Random(seed), plain=seed % 2 == 0)
        try:
            data = load(root)
        except UserError as error:
            assert "\n" not in str(error) and len(str(error)) < 700, f"seed {seed}: {error!r}"
            continue
        read += 1
        for names, labels in ((data.train_names, data.train_labels), (data.test_names, data.test_labels)):
            assert all(data.classes[label] in name.split("/") for name, label in zip(names, labels, strict=True)), seed
        assert not [note for note in data.notes if "\n" in note], seed
    assert read > TREES // 20
