"""The test pictures of a run, read again, and the scores that the frozen network gives them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bnn.data import Dataset, load_again
from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork
from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.read import read_qonnx
from bnn.training.runs import MODEL, Request

BATCH = 64


@dataclass(frozen=True, eq=False)
class Judge:
    """The frozen network. Its twin in torch computes the same integers, exactly, in a third of the time."""

    network: IntegerNetwork
    twin: FrozenNetwork

    @classmethod
    def of(cls, network: IntegerNetwork) -> "Judge":
        """Return the judge of a network."""
        return cls(network, FrozenNetwork(network).eval())

    def scores(self, images: NDArray[np.uint8]) -> Ints:
        """Return the scores [N, classes] of pictures [N, H, W, C]."""
        planes = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        with torch.no_grad():
            parts = [self.twin(batch) for batch in planes.split(BATCH)]
        return torch.cat(parts).numpy() if parts else np.zeros((0, len(self.network.classes)), np.int64)

    def classes(self, images: NDArray[np.uint8]) -> Ints:
        """Return the class [N] of each picture."""
        return self.network.classify(self.scores(images))


@dataclass(frozen=True, eq=False)
class Judged:
    """The pictures of a run with the scores of its test pictures."""

    data: Dataset
    judge: Judge
    scores: Ints  # [M, classes] of the test pictures

    @property
    def called(self) -> Ints:
        """The class [M] that each test picture gets."""
        return self.judge.network.classify(self.scores)

    def test_name(self, index: int) -> str:
        """Return where a test picture came from."""
        names = self.data.test_names
        return names[index] if names else f"test picture {index}"


def judged(run: Path, request: Request) -> "Judged | str":
    """Read the pictures of a finished run again and let its network judge the test pictures.

    Return a sentence that says why that cannot be, when the pictures are gone or are others by now.
    """
    source = request.data
    try:
        data = load_again(source)
    except UserError as error:
        return f"The pictures cannot be read again: {error}."
    if data.digest != request.pictures.sha256:
        return f"The pictures of {source.source} are not those of the training any more."
    judge = Judge.of(read_qonnx(run / MODEL))
    return Judged(data, judge, judge.scores(data.test_images))


def sample(count: int, most: int, seed: int) -> Ints:
    """Return at most `most` of `count` indices in order, drawn by the seed."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
