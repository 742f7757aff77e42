"""Pictures that a network neither learned from nor is tested on, to choose an operating point with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn import data as labelled
from bnn.data import Dataset
from bnn.data.source import DataSource
from bnn.errors import UserError
from neuraljet.opened import Opened

OTHERS = "give other labelled pictures of these classes with --held-out FOLDER"


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures with their classes."""

    words: str  # which ones
    images: NDArray[np.uint8]  # [N, H, W, C]
    labels: NDArray[np.int64]  # [N]


def pictures_of(opened: Opened, held_out: str | Path | None) -> tuple[Labelled, Labelled]:
    """Return the held-out pictures and the test pictures of a run or an accelerator.

    held_out: a set's name or a folder with a folder per class, of which all pictures count; None: the validation side
    of the set, or what training held out. UserError when there are none: where the network learned from all of them,
    and for pictures that are other ones than training saw.
    """
    if opened.source is None:
        raise UserError(f"{opened.folder} does not say which pictures its network is tested on, so no rate is known")
    data = _load(opened, opened.source)
    test = Labelled(f"test pictures of {data.name}", data.test_images, data.test_labels)
    if held_out is not None:
        return _others(opened, held_out, test), test
    if opened.manifest is None:
        _check_same(opened, data)
    if data.validation_images is not None and data.validation_labels is not None:
        found = Labelled(f"validation pictures of {data.name}", data.validation_images, data.validation_labels)
    elif opened.manifest is None:
        found = _spared(opened, data)
    else:
        raise UserError(
            f"{opened.folder} does not know which pictures training held out; tune the run that it was built from and "
            f"build again, or {OTHERS}"
        )
    return found, test


def _load(opened: Opened, source: DataSource) -> Dataset:
    _, height, width = opened.network.input_shape
    color = "rgb" if opened.network.input_shape[0] == 3 else "gray"
    data = labelled.load_again(source, (height, width), color)
    if tuple(data.classes) != tuple(opened.network.classes):
        raise UserError(
            f"{source.source} has the classes {', '.join(data.classes)} and the network "
            f"{', '.join(opened.network.classes)}; bring the pictures of training back"
        )
    return data


def _check_same(opened: Opened, data: Dataset) -> None:
    """Raise UserError when the set changed since training, so that other pictures would be held out."""
    from bnn.training.runs import request_of

    if request_of(opened.folder).pictures.sha256 != data.digest:
        raise UserError(
            f"{data.name}: its pictures are not those that {opened.folder} was trained on, so nobody knows which were "
            f"held out; bring them back, or {OTHERS}"
        )


def _spared(opened: Opened, data: Dataset) -> Labelled:
    """Return the training pictures that judged the rounds of a run, and that nothing was learned from."""
    from bnn.training.runs import kept_plan, request_of
    from bnn.training.sides import split_sides

    plan, config = kept_plan(opened.folder), request_of(opened.folder).config
    if plan is not None and not plan.held_out:
        raise UserError(
            f"{opened.folder} was cross-validated and then learned from all training pictures, so none is held out; "
            f"train again with --folds 1, or {OTHERS}"
        )
    sides = split_sides(data, config)
    if not sides.held_out:
        raise UserError(f"{opened.folder} learned from all training pictures; {OTHERS}")
    words = f"training pictures of {data.name} that were held out, and that judged the rounds"
    return Labelled(words, sides.held_images.permute(0, 2, 3, 1).numpy(), sides.held_labels.numpy())


def _others(opened: Opened, held_out: str | Path, test: Labelled) -> Labelled:
    """Return all pictures of another set. UserError when a test picture is among them."""
    channels, height, width = opened.network.input_shape
    camera = opened.source.camera if opened.source else None
    color = "rgb" if channels == 3 else "gray"
    data = labelled.load(held_out, size=(height, width), color=color, camera=camera)
    unknown = sorted(set(data.classes) - set(opened.network.classes))
    if unknown:
        raise UserError(
            f"--held-out {held_out} has the classes {', '.join(unknown)}, which the network does not know; it knows "
            f"{', '.join(opened.network.classes)}"
        )
    number = np.array([opened.network.classes.index(name) for name in data.classes])
    sides = [(data.train_images, data.train_labels), (data.test_images, data.test_labels)]
    if data.validation_images is not None and data.validation_labels is not None:
        sides.append((data.validation_images, data.validation_labels))
    images = np.concatenate([side for side, _ in sides])
    labels = np.concatenate([number[side] for _, side in sides])
    known = {image.tobytes() for image in test.images}
    twice = sum(image.tobytes() in known for image in images)
    if twice:
        raise UserError(
            f"--held-out {held_out}: {twice} of its {len(images)} pictures are test pictures, and a point that is "
            "chosen on these would make its own rates look better than they are; take them out"
        )
    return Labelled(f"all pictures of {data.name}", images, labels)
