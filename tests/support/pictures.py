"""Folders of tiny pictures as people arrange them, and helpers that load them."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bnn.data import Dataset, load
from bnn.errors import UserError

SIDE = 12
PER_CLASS = 4


class Maker:
    """Writes tiny pictures, all of them different."""

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


def counts(data: Dataset) -> tuple[list[int], list[int], list[int] | None]:
    sides = (data.train_labels, data.test_labels, data.validation_labels)
    train, test, validation = (
        None if labels is None else np.bincount(labels, minlength=len(data.classes)).tolist() for labels in sides
    )
    assert train is not None and test is not None
    return train, test, validation


def refusal(source: Path, match: str | None = None, *, quiet: bool = True, **options: object) -> str:
    """Load a folder that is refused by one sentence that fits the pattern; return the sentence. quiet: no warning."""
    with warnings.catch_warnings(), pytest.raises(UserError, match=match) as caught:
        if quiet:
            warnings.simplefilter("error")
        load(source, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    return message


def refused(make: Maker, *parts: str) -> None:
    """Load what was made; return the sentence that refuses it, which must hold all parts."""
    message = refusal(make.root, quiet=False)
    for part in parts:
        assert part in message, message
