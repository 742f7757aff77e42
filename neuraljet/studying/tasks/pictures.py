"""The pictures of a cell: a set by name, at a size, in whole or so many of each class."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from bnn.data import Dataset, load
from bnn.errors import UserError

KNOWN = ("set", "size", "color", "per_class", "test")


def pictures(asked: Mapping[str, Any]) -> Dataset:
    """Return the pictures that a description asks for.

    set: a name or a folder. size: [height, width]. color: gray or rgb. per_class: of each class so many training
    pictures, drawn by the seed. test: at most so many test pictures, always the same ones.
    """
    size = asked.get("size")
    data = _loaded(str(asked["set"]), tuple(size) if size else None, asked.get("color"))
    per_class, test = asked.get("per_class", 0), asked.get("test", 0)
    if per_class:
        drawn = draw(data.train_labels, per_class, asked["seed"], data.classes)
        data = replace(
            data, train_images=data.train_images[drawn], train_labels=data.train_labels[drawn],
            train_names=tuple(data.train_names[i] for i in drawn) if data.train_names else (),
            train_groups=None if data.train_groups is None else data.train_groups[drawn],
        )  # fmt: skip
    if test and test < len(data.test_labels):
        kept = np.sort(np.random.default_rng(0).permutation(len(data.test_labels))[:test])
        data = replace(
            data, test_images=data.test_images[kept], test_labels=data.test_labels[kept],
            test_names=tuple(data.test_names[i] for i in kept) if data.test_names else (),
        )  # fmt: skip
    return data


def draw(labels: np.ndarray, per_class: int, seed: int, classes: tuple[str, ...]) -> np.ndarray:
    """Return the indices, in order, of `per_class` pictures of each class. UserError for a class that has fewer."""
    generator, drawn = np.random.default_rng(seed), []
    for label, name in enumerate(classes):
        members = np.flatnonzero(labels == label)
        if len(members) < per_class:
            raise UserError(f"class '{name}' has {len(members)} training pictures, and {per_class} were asked for")
        drawn.append(generator.permutation(members)[:per_class])
    return np.sort(np.concatenate(drawn))


@lru_cache(maxsize=2)  # the cells of a set follow each other
def _loaded(name: str, size: tuple[int, int] | None, color: str | None) -> Dataset:
    return load(name, size=size, color=color)
