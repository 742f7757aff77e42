"""Choose the pictures that an accelerator is checked on."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn import data as labelled
from bnn.data.source import DataSource, parse_source
from bnn.errors import UserError
from finn_build.manifest import Manifest

RANDOM_FRAMES = 100  # of "random" when "all" are asked for


@dataclass(frozen=True, eq=False)
class Pictures:
    """Frames as the hardware takes them."""

    name: str
    images: NDArray[np.uint8]  # [N, H, W, C]
    labels: NDArray[np.int64] | None  # None when unknown or of other classes than the network's
    source: DataSource | None = None  # where they are; None of random ones
    names: tuple[str, ...] = ()  # below the source

    def first(self, count: int) -> "Pictures":
        """Return at most that many of them."""
        labels = None if self.labels is None else self.labels[:count]
        return replace(self, images=self.images[:count], labels=labels, names=self.names[:count])


def choose_pictures(
    manifest: Manifest, source: str | Path | None, frames: str | int, resize: bool, seed: int
) -> Pictures:
    """Return the test pictures of `source` (None: those of the network) in the accelerator's size and colour.

    Warn of what was left out of pictures that are not the network's own, and of other classes than the network's.
    "random" gives noise, led by an all-black and an all-white frame, and so does None when the network names no
    pictures. Raise UserError when the pictures have another size and `resize` is not set, or when there are fewer than
    `frames`.
    """
    count, named = _count(frames), source is not None
    shape = (manifest.input.height, manifest.input.width, manifest.input.channels)
    own = parse_source(manifest.data)
    if source is None and own is None:
        source = "random"
    if source == "random":
        total = RANDOM_FRAMES if count is None else count
        images = np.random.default_rng(seed).integers(0, 256, (total, *shape), np.uint8)
        images[:1], images[1:2] = 0, 255
        return Pictures("random", images, None)
    size, color = shape[:2], "rgb" if shape[2] == 3 else "gray"
    if source is None and own is not None:
        source, resize = own.source, True  # scaled in training too
    assert source is not None
    if own is not None and str(source) == own.source:
        dataset = labelled.load_again(own, size, color, resize)
    else:
        camera = None if own is None else own.camera
        dataset = labelled.load(source, size=size, color=color, resize=resize, camera=camera)
    images = dataset.test_images
    if images.shape[1:] != shape:
        raise UserError(
            f"{source}: pictures are {images.shape[1]}x{images.shape[2]}x{images.shape[3]} and the accelerator takes "
            f"{shape[0]}x{shape[1]}x{shape[2]} (height x width x channels); add --resize to have them scaled"
        )
    if count is not None and count > len(images):
        raise UserError(f"--frames {count}: {source} has {len(images)} test pictures; give at most that or 'all'")
    same = tuple(dataset.classes) == tuple(manifest.output.classes)
    if named:  # training has told of the network's own pictures
        for note in dataset.notes:
            warnings.warn(note, stacklevel=2)
    if not same:
        warnings.warn(
            f"{source} has classes {_shown(dataset.classes)} and the network {_shown(manifest.output.classes)}, so no "
            "accuracy is counted",
            stacklevel=2,
        )
    labels, where = dataset.test_labels if same else None, DataSource(str(source), seed=own.seed if own else None)
    return Pictures(dataset.name, images, labels, where, dataset.test_names).first(count or len(images))


def _shown(classes: Sequence[str]) -> str:
    return ", ".join(classes[:5]) + ", ..." * (len(classes) > 5)


def planes(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn frames [N, H, W, C], as the hardware takes them, into [N, C, H, W], as networks do."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def _count(frames: str | int) -> int | None:
    if frames == "all":
        return None
    try:
        count = int(frames)
    except ValueError:
        count = 0
    if count < 1:
        raise UserError(f"--frames {frames}: give a number from 1 or 'all'")
    return count
